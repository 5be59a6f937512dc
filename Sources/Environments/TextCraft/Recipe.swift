/// A thing that can be held, or a tag that stands for several; both are named alike.
package struct Item: Sendable, Hashable, Comparable, CustomStringConvertible {
  /// As recipe files spell it: `minecraft:gold_ingot`.
  package let id: String

  package init(id: String) { self.id = id }

  /// As agents spell it: `gold ingot`.
  package init(named name: String) {
    id = Self.namespace + name.split(separator: " ", omittingEmptySubsequences: false).joined(separator: "_")
  }

  /// As agents spell it: `gold ingot`.
  package var name: String {
    let name = id.hasPrefix(Self.namespace) ? id.dropFirst(Self.namespace.count) : id[...]
    return name.split(separator: "_", omittingEmptySubsequences: false).joined(separator: " ")
  }

  package var description: String { name }

  package static func < (a: Item, b: Item) -> Bool { a.id < b.id }

  static let namespace = "minecraft:"
}

/// What a recipe asks for: one item, or any one item of a tag.
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
  /// How many one craft makes. At least 1.
  package let outputCount: Int
  /// The tag the output belongs to, where it has one.
  package let group: Item?
  /// In the order the command lists them; no ingredient stands twice.
  package let inputs: [Input]

  /// The command as a task lists it: `craft 1 gold ingot using 9 gold nugget`.
  package var command: String { command(using: inputs.map(\.ingredient.name)) }

  /// The command with a name of the caller's choice for each input.
  func command(using names: [String]) -> String {
    let inputs = zip(inputs, names).map { "\($0.count) \($1)" }.joined(separator: ", ")
    return "craft \(outputCount) \(output.name) using \(inputs)"
  }
}
