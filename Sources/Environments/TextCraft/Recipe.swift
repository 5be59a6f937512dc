/// An item, or a tag that stands for several items. Both have names of the same form.
package struct Item: Sendable, Hashable, Comparable, CustomStringConvertible {
  /// The spelling in recipe files: `minecraft:gold_ingot`.
  package let id: String

  package init(id: String) { self.id = id }

  /// Creates an item from the agents' spelling: `gold ingot`.
  package init(named name: String) {
    id = Self.namespace + name.split(separator: " ", omittingEmptySubsequences: false).joined(separator: "_")
  }

  /// The agents' spelling: `gold ingot`.
  package var name: String {
    let name = id.hasPrefix(Self.namespace) ? id.dropFirst(Self.namespace.count) : id[...]
    return name.split(separator: "_", omittingEmptySubsequences: false).joined(separator: " ")
  }

  package var description: String { name }

  package static func < (a: Item, b: Item) -> Bool { a.id < b.id }

  static let namespace = "minecraft:"
}

/// An ingredient of a recipe: one item, or any item of a tag.
package enum Ingredient: Sendable, Hashable {
  case item(Item)
  case tag(Item)

  package var name: String {
    switch self {
    case .item(let item), .tag(let item): item.name
    }
  }

  package var isTag: Bool {
    if case .tag = self { true } else { false }
  }
}

/// How an item is crafted.
package struct Recipe: Sendable, Hashable {
  package struct Input: Sendable, Hashable {
    package let ingredient: Ingredient
    package let count: Int
  }

  package let output: Item
  /// The number of items that one craft makes, at least 1.
  package let outputCount: Int
  /// The tag that the output belongs to; nil if there is none.
  package let group: Item?
  /// In the order of the command. No ingredient occurs twice.
  package let inputs: [Input]

  /// The command as a task lists it: `craft 1 gold ingot using 9 gold nugget`.
  package var command: String { command(using: inputs.map(\.ingredient.name)) }

  /// The command with the given names of the inputs.
  func command(using names: [String]) -> String {
    let inputs = zip(inputs, names).map { "\($0.count) \($1)" }.joined(separator: ", ")
    return "craft \(outputCount) \(output.name) using \(inputs)"
  }
}
