extension RecipeBook {
  /// Commands that craft a goal from nothing by the cheapest recipes: first all `get` commands, then the crafts. Empty
  /// if no recipe makes the goal.
  ///
  /// For golden boots: `get 36 gold nugget`, four times `craft 1 gold ingot using 9 gold nugget`, and
  /// `craft 1 golden boots using 4 gold ingot`.
  package func goldPath(to goal: Item) -> [String] {
    guard !recipes(making: goal).isEmpty else { return [] }
    var path = GoldPath(book: self)
    path.provide(1, of: goal)
    return path.commands
  }

  /// The recipes that the gold path uses, each once, in the order of their first craft.
  func recipesOnGoldPath(to goal: Item) -> [Recipe] {
    guard !recipes(making: goal).isEmpty else { return [] }
    var path = GoldPath(book: self)
    path.provide(1, of: goal)
    return path.used
  }
}

/// A gold path under construction.
private struct GoldPath {
  let book: RecipeBook
  private var gets: [(item: Item, count: Int)] = []
  private var crafts: [String] = []
  private(set) var used: [Recipe] = []
  /// Surplus output of earlier crafts.
  private var spare = Inventory()

  init(book: RecipeBook) { self.book = book }

  var commands: [String] { gets.map { "get \($0.count) \($0.item.name)" } + crafts }

  mutating func provide(_ count: Int, of item: Item) {
    let missing = count - spare.take(upTo: count, of: item)
    guard missing > 0 else { return }
    guard let recipe = book.cheapestRecipe(making: item) else { return get(missing, of: item) }
    let batches = (missing + recipe.outputCount - 1) / recipe.outputCount
    for _ in 0..<batches { craft(recipe) }
    _ = spare.add(batches * recipe.outputCount - missing, of: item)
  }

  private mutating func get(_ count: Int, of item: Item) {
    if let place = gets.firstIndex(where: { $0.item == item }) {
      gets[place].count += count
    } else {
      gets.append((item, count))
    }
  }

  private mutating func craft(_ recipe: Recipe) {
    let items = recipe.inputs.map { book.cheapestItem(for: $0.ingredient) }
    for (input, item) in zip(recipe.inputs, items) { provide(input.count, of: item) }
    crafts.append(recipe.command(using: items.map(\.name)))
    if !used.contains(recipe) { used.append(recipe) }
  }
}

extension RecipeBook {
  /// The cheapest recipe, the first among equals.
  fileprivate func cheapestRecipe(making item: Item) -> Recipe? {
    recipes(making: item).min { cost(of: $0) / Double($0.outputCount) < cost(of: $1) / Double($1.outputCount) }
  }

  fileprivate func cheapestItem(for ingredient: Ingredient) -> Item {
    items(for: ingredient).min { value(of: $0) < value(of: $1) } ?? Item(named: ingredient.name)
  }
}
