import Agents

extension SchemaCompiler {
  /// Whether no value satisfies both parts, as far as types, constants and required properties show.
  mutating func areDisjoint(_ a: Node, _ b: Node, depth: Int = 0) throws(ConstraintError) -> Bool {
    // Branches that refer to further branches multiply.
    guard depth < 20, comparisonsLeft > 0 else { return false }
    comparisonsLeft -= 1
    // Each branch of one must exclude the other.
    for (one, other) in [(a, b), (b, a)] {
      for keyword in ["anyOf", "oneOf", "allOf"] {
        guard let branches = one.value[keyword]?.items, branches.count < 20 else { continue }
        for branch in branches
        where !(try areDisjoint(one.child(keyword, branch), other, depth: depth + 1)) {
          return false
        }
        return true
      }
      if let reference = one.value["$ref"] {
        return try areDisjoint(target(of: one.child("$ref", reference)), other, depth: depth + 1)
      }
    }
    guard a.value.flag == nil, b.value.flag == nil else { return a.value.flag == false || b.value.flag == false }
    let (first, second) = (Self.constants(a), Self.constants(b))
    if let first, let second { return Set(first).isDisjoint(with: second) }
    let kinds = (try kinds(a, first), try kinds(b, second))
    if kinds.0.isDisjoint(with: kinds.1) { return true }
    guard kinds == ([.object], [.object]) else { return false }
    let names = Set(Self.required(a)).intersection(Self.required(b))
    for name in names.sorted() {
      guard let one = a.value["properties"]?[name], let other = b.value["properties"]?[name] else { continue }
      let pair = (a.child("properties", .null).child(name, one), b.child("properties", .null).child(name, other))
      if try areDisjoint(pair.0, pair.1, depth: depth + 1) { return true }
    }
    return false
  }

  private static func constants(_ node: Node) -> [JSONValue]? {
    if let value = node.value["const"] { return [JSONValue(value)] }
    return node.value["enum"]?.items.map { $0.map(JSONValue.init) }
  }

  /// The JSON types of the values. Integers count as numbers.
  private func kinds(_ node: Node, _ constants: [JSONValue]?) throws(ConstraintError) -> Set<SchemaType> {
    if let constants {
      let types = SchemaType.allCases.filter { $0 != .integer }
      return Set(constants.map(OrderedJSON.init).compactMap { value in types.first { $0.contains(value) } })
    }
    return Set(try types(node).map { $0 == .integer ? .number : $0 })
  }

  private static func required(_ node: Node) -> [String] {
    node.value["required"]?.items?.compactMap(\.text) ?? []
  }
}
