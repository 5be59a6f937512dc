/// The progress of an inventory towards a goal, from 0 to 1: the inventory's value as a share of the goal's.
///
/// Items that the world provides are worth 1, and crafted items twice their ingredients. Each craft towards the goal
/// therefore doubles the value of what it uses, and the ingredients of the last craft are worth half the goal. Three
/// rules prevent rewards for useless items:
/// - Only what the goal still needs counts, and no more of it than needed.
/// - The need depends on the inventory: once the ingots are made, nuggets for them no longer count.
/// - If several recipes or items are possible, the one that is furthest along counts, relative to its own value.
///
/// The progress depends only on the inventory. A reward that pays its changes therefore sums to the progress at the
/// end, whatever the path. Using up something useful costs its value.
struct GoalProgress: Sendable {
  let book: RecipeBook
  let goal: Item

  func callAsFunction(_ inventory: Inventory) -> Double {
    var rest = inventory
    return progress(towards: 1, of: goal, taking: &rest)
  }

  /// - Parameter rest: the items that are not yet reserved for another need. The items used here are removed.
  private func progress(towards count: Int, of item: Item, taking rest: inout Inventory) -> Double {
    let held = rest.take(upTo: count, of: item)
    let missing = count - held
    guard missing > 0 else { return 1 }
    let made = best(of: book.recipes(making: item), taking: &rest) { recipe, rest in
      let batches = (missing + recipe.outputCount - 1) / recipe.outputCount
      return progress(towards: batches, crafting: recipe, taking: &rest)
    }
    return (Double(held) + Double(missing) * made / 2) / Double(count)
  }

  /// The share of the ingredients for a number of crafts that is available.
  private func progress(towards batches: Int, crafting recipe: Recipe, taking rest: inout Inventory) -> Double {
    var sum = 0.0
    for input in recipe.inputs {
      let share = best(of: book.items(for: input.ingredient), taking: &rest) { item, rest in
        progress(towards: batches * input.count, of: item, taking: &rest)
      }
      sum += share * Double(input.count) * book.value(of: input.ingredient)
    }
    return sum / book.cost(of: recipe)
  }

  /// The progress of the best alternative, the first among equals; 0 without alternatives.
  private func best<Way>(
    of ways: [Way], taking rest: inout Inventory, progress: (Way, inout Inventory) -> Double
  ) -> Double {
    var best = 0.0
    let before = rest
    for way in ways {
      var after = before
      let progress = progress(way, &after)
      if progress > best { (best, rest) = (progress, after) }
    }
    return best
  }
}
