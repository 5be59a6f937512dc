/// How far an inventory is on the way to a goal, from 0 to 1: the inventory's value as a share of the goal's.
///
/// What the world provides is worth 1, and what is crafted twice its ingredients, so that every craft towards the goal
/// doubles what it takes and everything needed for the last craft is worth half the goal. Three rules keep an agent from
/// collecting value that leads nowhere:
/// - Only what the goal still needs counts: neither other items nor more of an item than is needed.
/// - What is needed follows from what is there: with the ingots made, nuggets for them count no longer.
/// - Where several recipes or items would do, the way that is furthest along counts, measured against its own value.
///
/// The progress depends on the inventory alone. A reward that pays its changes therefore sums to the progress at the end
/// however the agent got there, and crafting something useful away costs what it was worth.
struct GoalProgress: Sendable {
  let book: RecipeBook
  let goal: Item

  func callAsFunction(_ inventory: Inventory) -> Double {
    var rest = inventory
    return progress(towards: 1, of: goal, taking: &rest)
  }

  /// - Parameter rest: what is not yet set aside for another need; what this need uses is taken out.
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

  /// The share of a number of crafts' ingredients that is there.
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

  /// The progress of the way that is furthest along, the first of equals; 0 where there is none.
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
