import Agents

/// The recipes of a world.
///
/// Two kinds of recipes are left out because they allow cycles: those that only take a block apart, and those whose
/// output is needed, directly or indirectly, for one of their own inputs. Of two recipes that need each other, the
/// first in the given order is kept.
public struct RecipeBook: Sendable {
  package let recipes: [Recipe]
  /// A digest of the recipes and their order, 16 hexadecimal digits.
  package let digest: String
  /// All items that can be crafted, sorted by name.
  package let goals: [Item]

  private let recipesByOutput: [Item: [Recipe]]
  private let recipesByIngredient: [Ingredient: [Recipe]]
  private let membersByTag: [Item: [Item]]
  private let gettable: Set<Item>
  private let measures: [Item: Measure]

  /// - Parameter drafts: the recipes from the files, in a stable order.
  init(_ drafts: [Recipe]) {
    let unpacked = drafts.filter { !$0.takesBlockApart }
    let groups = Dictionary(unpacked.map { ($0.output, $0.group) }, uniquingKeysWith: { $1 ?? $0 })
    let grouped = groups.compactMap { item, tag in tag.map { (tag: $0, item: item) } }
    let members = Dictionary(grouping: grouped, by: \.tag).mapValues { $0.map(\.item).sorted() }
    let kept = Self.withoutCycles(unpacked, members: members)

    // A tag without craftable members is treated as an item that the world provides.
    let crafted = Set(kept.map(\.output))
    let tags = members.filter { !crafted.isDisjoint(with: $0.value) }
    let resolved = { (ingredient: Ingredient) -> Ingredient in
      if case .tag(let tag) = ingredient, tags[tag] == nil { .item(tag) } else { ingredient }
    }
    recipes = kept.map { $0.mapIngredients(resolved) }
    membersByTag = tags
    recipesByOutput = Dictionary(grouping: recipes, by: \.output)
    recipesByIngredient = Dictionary(
      grouping: recipes.flatMap { recipe in recipe.inputs.map { (ingredient: $0.ingredient, recipe: recipe) } },
      by: \.ingredient
    ).mapValues { $0.map(\.recipe) }
    goals = crafted.sorted()

    let ingredients = drafts.flatMap { $0.inputs.map { resolved($0.ingredient) } }
    let known = drafts.map(\.output) + ingredients.compactMap { if case .item(let item) = $0 { item } else { nil } }
    gettable = Set(known.filter { !crafted.contains($0) && tags[$0] == nil })

    var measures: [Item: Measure] = [:]
    for goal in crafted { _ = Measure.of(goal, recipes: recipesByOutput, members: tags, memo: &measures) }
    self.measures = measures
    digest = Self.digest(recipes)
  }
}

extension RecipeBook {
  /// The recipes that make an item, in a stable order. Empty if the item is not crafted.
  package func recipes(making item: Item) -> [Recipe] { recipesByOutput[item] ?? [] }

  /// The recipes that name this ingredient, in a stable order.
  package func recipes(using ingredient: Ingredient) -> [Recipe] { recipesByIngredient[ingredient] ?? [] }

  /// The items that satisfy an ingredient, sorted by name.
  package func items(for ingredient: Ingredient) -> [Item] {
    switch ingredient {
    case .item(let item): [item]
    case .tag(let tag): membersByTag[tag] ?? []
    }
  }

  /// Whether the world provides the item: it is known, not crafted, and not a tag.
  package func isGettable(_ item: Item) -> Bool { gettable.contains(item) }

  /// The number of successive crafts on an item's shortest way; 0 for items that the world provides.
  package func depth(of item: Item) -> Int { measures[item]?.depth ?? 0 }

  /// 1 for items that the world provides; for crafted items twice the ingredients of the cheapest recipe.
  package func value(of item: Item) -> Double { measures[item]?.value ?? 1 }

  /// The value of the cheapest item that satisfies the ingredient.
  func value(of ingredient: Ingredient) -> Double { items(for: ingredient).map(value(of:)).min() ?? 1 }

  /// The value of the ingredients of one craft.
  func cost(of recipe: Recipe) -> Double {
    recipe.inputs.reduce(0) { $0 + Double($1.count) * value(of: $1.ingredient) }
  }
}

/// The distance of an item from what the world provides.
private struct Measure {
  var depth: Int
  var value: Double

  static func of(
    _ item: Item, recipes: [Item: [Recipe]], members: [Item: [Item]], memo: inout [Item: Measure]
  ) -> Measure {
    if let known = memo[item] { return known }
    var best: Measure?
    for recipe in recipes[item] ?? [] {
      var whole = Measure(depth: 0, value: 0)
      for input in recipe.inputs {
        let items: [Item] =
          switch input.ingredient {
          case .item(let item): [item]
          case .tag(let tag): members[tag] ?? []
          }
        let parts = items.map { Measure.of($0, recipes: recipes, members: members, memo: &memo) }
        whole.depth = max(whole.depth, (parts.map(\.depth).min() ?? 0) + 1)
        whole.value += Double(input.count) * (parts.map(\.value).min() ?? 1)
      }
      whole.value *= 2 / Double(recipe.outputCount)
      best = Measure(
        depth: min(best?.depth ?? whole.depth, whole.depth), value: min(best?.value ?? whole.value, whole.value))
    }
    let measure = best ?? Measure(depth: 0, value: 1)
    memo[item] = measure
    return measure
  }
}

extension RecipeBook {
  private static func withoutCycles(_ drafts: [Recipe], members: [Item: [Item]]) -> [Recipe] {
    var needs: [Item: Set<Item>] = [:]
    return drafts.filter { recipe in
      let inputs = recipe.inputs.flatMap { input -> [Item] in
        switch input.ingredient {
        case .item(let item): [item]
        case .tag(let tag): members[tag] ?? [tag]
        }
      }
      var open = inputs
      var seen = Set(inputs)
      while let item = open.popLast() {
        if item == recipe.output { return false }
        for need in needs[item] ?? [] where seen.insert(need).inserted { open.append(need) }
      }
      needs[recipe.output, default: []].formUnion(inputs)
      return true
    }
  }

  private static func digest(_ recipes: [Recipe]) -> String {
    let lines = recipes.map { recipe in
      let tags = recipe.inputs.compactMap { if case .tag(let tag) = $0.ingredient { tag.id } else { nil } }
      return "\(recipe.command) #\(tags.joined(separator: ",")) @\(recipe.group?.id ?? "")\n"
    }
    let digits = String(Seed(0).split(lines.joined()).rawValue, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}

extension Recipe {
  fileprivate var takesBlockApart: Bool {
    guard inputs.count == 1, let input = inputs.first else { return false }
    switch input.ingredient {
    case .item(let item), .tag(let item): return item.id.hasSuffix("_block")
    }
  }

  fileprivate func mapIngredients(_ transform: (Ingredient) -> Ingredient) -> Recipe {
    Recipe(
      output: output, outputCount: outputCount, group: group,
      inputs: inputs.map { Input(ingredient: transform($0.ingredient), count: $0.count) })
  }
}
