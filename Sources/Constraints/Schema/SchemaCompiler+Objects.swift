import Agents

extension SchemaCompiler {
  /// Members in the order of `properties`, and after them others if the object is open.
  mutating func object(_ node: Node) throws(ConstraintError) -> Expression {
    let properties = node.value["properties"]
    guard properties == nil || properties?.members != nil else {
      throw Self.refused(node.path, "`properties` is not an object", "correct it")
    }
    let members = properties?.members ?? []
    let names = members.map(\.key)
    let required = try required(node, of: Set(names))
    var parts: [Expression.Part] = []
    for member in members {
      let child = node.child("properties", .null).child(member.key, member.value)
      let isRequired = required.contains(member.key)
      if member.value.flag == false, !isRequired { continue }
      let body = Expression.sequence([.text(OrderedJSON.text(member.key).json), colon, .rule(rule(for: child))])
      parts.append(
        Expression.Part(expression: .rule(helper(child.path, body)), isOptional: !isRequired))
    }
    let others = node.value["additionalProperties"] ?? .flag(properties == nil)
    if others.flag != false {
      let value = rule(for: node.child("additionalProperties", others))
      let body = Expression.sequence([try key(exceptFor: names, node), colon, .rule(value)])
      parts.append(
        Expression.Part(expression: .rule(helper(node.path, body)), isOptional: true, repeats: true))
    }
    return .sequence([.text("{"), .listed(parts, comma: comma), .text("}")])
  }

  private func required(_ node: Node, of names: Set<String>) throws(ConstraintError) -> Set<String> {
    guard let value = node.value["required"] else { return [] }
    guard let items = value.items else {
      throw Self.refused(node.path, "`required` is not a list of names", "correct it")
    }
    var required: Set<String> = []
    for item in items {
      guard let name = item.text, names.contains(name) else {
        throw Self.refused(
          node.path, "`required` names \(item.json), which is not among `properties`", "add it to `properties`")
      }
      required.insert(name)
    }
    return required
  }

  /// A JSON string other than the names, in any spelling.
  private func key(exceptFor names: [String], _ node: Node) throws(ConstraintError) -> Expression {
    guard !names.isEmpty else { return Self.anyString }
    guard names.allSatisfy({ $0.unicodeScalars.count <= 200 }) else {
      throw Self.refused(
        node.path, "a property beside `additionalProperties` has a name of more than 200 characters",
        "shorten it, or set `additionalProperties` to false")
    }
    guard let automaton = try? CharacterAutomaton(Self.none(of: names.map { Array($0.unicodeScalars)[...] })) else {
      throw Constraint.oversize(.schema)
    }
    return Self.string(.automaton(automaton, .json))
  }

  /// Every text but these.
  private static func none(of texts: [ArraySlice<Unicode.Scalar>]) -> Pattern {
    var branches: [Pattern] = texts.contains { $0.isEmpty } ? [] : [.empty]
    let following = Dictionary(grouping: texts.filter { !$0.isEmpty }) { $0[$0.startIndex] }
    for (scalar, texts) in following.sorted(by: { $0.key < $1.key }) {
      branches.append(.sequence([.one(of: ScalarSet(scalar)), none(of: texts.map { $0.dropFirst() })]))
    }
    let others = ScalarSet(following.keys.map { $0.value...$0.value }).inverted
    branches.append(.sequence([.one(of: others), .anything]))
    return .choice(branches)
  }
}
