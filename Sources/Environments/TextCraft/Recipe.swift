/// A thing that can be held, or a tag that stands for several; both are named alike.
public struct Item: Sendable, Hashable, Comparable, CustomStringConvertible {
  /// As recipe files spell it: `minecraft:gold_ingot`.
  public let id: String

  public init(id: String) { self.id = id }

  /// As agents spell it: `gold ingot`.
  public init(named name: String) {
    id = Self.namespace + name.split(separator: " ", omittingEmptySubsequences: false).joined(separator: "_")
  }

  /// As agents spell it: `gold ingot`.
  public var name: String {
    let name = id.hasPrefix(Self.namespace) ? id.dropFirst(Self.namespace.count) : id[...]
    return name.split(separator: "_", omittingEmptySubsequences: false).joined(separator: " ")
  }

  public var description: String { name }

  public static func < (a: Item, b: Item) -> Bool { a.id < b.id }

  static let namespace = "minecraft:"
}

/// What a recipe asks for: one item, or any one item of a tag.
public enum Ingredient: Sendable, Hashable {
  case item(Item)
  case tag(Item)

  public var name: String {
    switch self {
    case .item(let item), .tag(let item): item.name
    }
  }

  public var isTag: Bool {
    if case .tag = self { true } else { false }
  }
}

/// How an item is crafted.
public struct Recipe: Sendable, Hashable {
  public struct Input: Sendable, Hashable {
    public let ingredient: Ingredient
    public let count: Int
  }

  public let output: Item
  /// How many one craft makes. At least 1.
  public let outputCount: Int
  /// The tag the output belongs to, where it has one.
  public let group: Item?
  /// In the order the command lists them; no ingredient stands twice.
  public let inputs: [Input]

  /// The command as a task lists it: `craft 1 gold ingot using 9 gold nugget`.
  public var command: String { command(using: inputs.map(\.ingredient.name)) }

  /// The command with a name of the caller's choice for each input.
  func command(using names: [String]) -> String {
    let inputs = zip(inputs, names).map { "\($0.count) \($1)" }.joined(separator: ", ")
    return "craft \(outputCount) \(output.name) using \(inputs)"
  }
}
