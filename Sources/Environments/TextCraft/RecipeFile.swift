import Agents
import Foundation

/// A recipe in the format of Minecraft's data files.
struct RecipeFile {
  /// The recipe; nil for kinds that are not crafted on a table (smelting, stone cutting and others).
  let recipe: Recipe?

  init(_ data: Data) throws {
    let decoder = JSONDecoder()
    switch try decoder.decode(Kind.self, from: data).type {
    case "minecraft:crafting_shaped":
      let file = try decoder.decode(Shaped.self, from: data)
      recipe = try Self.recipe(from: try file.ingredients, result: file.result, group: file.group)
    case "minecraft:crafting_shapeless":
      let file = try decoder.decode(Shapeless.self, from: data)
      recipe = try Self.recipe(from: file.ingredients.map(\.first), result: file.result, group: file.group)
    default: recipe = nil
    }
  }

  /// Why a file with valid JSON is not a recipe.
  struct Malformed: Error, CustomStringConvertible {
    let description: String
  }

  private static func recipe(from ingredients: [Ingredient], result: Output, group: String?) throws -> Recipe {
    guard !ingredients.isEmpty else { throw Malformed(description: "the recipe has no ingredients") }
    guard result.count > 0 else { throw Malformed(description: "the recipe makes \(result.count)") }
    var order: [Ingredient] = []
    var counts: [Ingredient: Int] = [:]
    for ingredient in ingredients {
      if counts[ingredient] == nil { order.append(ingredient) }
      counts[ingredient, default: 0] += 1
    }
    let output = Item(id: result.item)
    let group = group.map { Item(id: Item.namespace + $0) }
    return Recipe(
      output: output, outputCount: result.count,
      // A group with the output's own name adds no information.
      group: group == output ? nil : group,
      inputs: order.map { Recipe.Input(ingredient: $0, count: counts[$0] ?? 0) })
  }

  private struct Kind: Decodable {
    let type: String
  }

  private struct Shaped: Decodable {
    let group: String?
    let pattern: [String]
    let key: [String: Alternatives]
    let result: Output

    /// Ordered by the cells of the pattern, since a JSON object has no order.
    var ingredients: [Ingredient] {
      get throws {
        try pattern.joined().filter { $0 != " " }.map { cell in
          guard let alternatives = key[String(cell)] else {
            throw Malformed(description: "the pattern's \"\(cell)\" is not in the key")
          }
          return alternatives.first
        }
      }
    }
  }

  private struct Shapeless: Decodable {
    let group: String?
    let ingredients: [Alternatives]
    let result: Output
  }

  /// One ingredient, or a list whose first element is used.
  private struct Alternatives: Decodable {
    let first: Ingredient

    private struct Entry: Decodable {
      let item: String?
      let tag: String?
    }

    init(from decoder: any Decoder) throws {
      let entry: Entry
      if var list = try? decoder.unkeyedContainer() {
        entry = try list.decode(Entry.self)
      } else {
        entry = try Entry(from: decoder)
      }
      if let item = entry.item {
        first = .item(Item(id: item))
      } else if let tag = entry.tag {
        first = .tag(Item(id: tag))
      } else {
        throw Malformed(description: "an ingredient is neither an item nor a tag")
      }
    }
  }

  /// A name, or a name and a count.
  private struct Output: Decodable {
    let item: String
    let count: Int

    private enum CodingKeys: String, CodingKey { case item, count }

    init(from decoder: any Decoder) throws {
      if let name = try? decoder.singleValueContainer().decode(String.self) {
        item = name
        count = 1
      } else {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        item = try container.decode(String.self, forKey: .item)
        count = try container.decodeIfPresent(Int.self, forKey: .count) ?? 1
      }
    }
  }
}
