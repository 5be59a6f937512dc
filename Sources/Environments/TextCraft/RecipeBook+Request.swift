import Agents

extension RecipeBook {
  /// The text of a task: the crafting commands, those for the goal mixed with others, and the goal.
  ///
  /// The others are drawn from recipes that use the same ingredients. The text depends only on the recipes, the goal,
  /// the seed and the listing, and is the same on every machine.
  func request(for goal: Item, seed: UInt64, listing: Listing = .benchmark) -> String {
    let commands = commands(for: goal, seed: seed, listing: listing).joined(separator: "\n")
    return "Crafting commands:\n\(commands)\n\nGoal: craft \(goal.name)."
  }

  private func commands(for goal: Item, seed: UInt64, listing: Listing) -> [String] {
    var generator = Seed(seed).split(goal.id).split("commands").generator()
    let leading = recipesLeading(to: goal)
    let needed = listing.ways == .all ? leading : recipesOnGoldPath(to: goal)
    // Duplicates are removed by text, since two recipe files may give the same command.
    var listed: Set<String> = []
    let commands = needed.map(\.command).filter { listed.insert($0).inserted }
    // Recipes of other ways to the goal are not listed, and must not serve as distractors either.
    var barred = listed.union(leading.map(\.command))
    var others: [String] = []
    for ingredient in needed.flatMap({ $0.inputs.map(\.ingredient) }) {
      let uses = generator.drawn(Self.usesPerIngredient, from: recipes(using: ingredient))
      others += uses.map(\.command).filter { barred.insert($0).inserted }
    }
    let chosen = commands + generator.drawn(listing.distractors, from: others)
    return generator.drawn(chosen.count, from: chosen)
  }

  private static var usesPerIngredient: Int { 10 }

  /// All recipes on any way to an item, each once.
  func recipesLeading(to goal: Item) -> [Recipe] {
    var found: [Recipe] = []
    var seen: Set<Item> = [goal]
    var open = [goal]
    while let item = open.popLast() {
      for recipe in recipes(making: item) {
        found.append(recipe)
        for input in recipe.inputs {
          open += items(for: input.ingredient).filter { seen.insert($0).inserted }
        }
      }
    }
    return found
  }
}
