import Agents

extension SchemaCompiler {
  /// The values of one type that a part allows.
  mutating func expression(_ node: Node, of type: SchemaType) throws(ConstraintError) -> Expression {
    switch type {
    case .null: .text("null")
    case .boolean: .texts(["true", "false"].map { Array($0.utf8) })
    case .integer, .number: try NumberRange.expression(node, isInteger: type == .integer)
    case .string: try string(node)
    case .array: try array(node)
    case .object: try object(node)
    }
  }

  /// A count that a keyword gives.
  private func count(_ keyword: String, _ node: Node) throws(ConstraintError) -> Int? {
    guard let value = node.value[keyword] else { return nil }
    guard let count = value.integer, count >= 0 else {
      throw Self.refused(node.path, "`\(keyword)` is not a whole number from 0", "correct it")
    }
    return count
  }

  private func counts(_ least: String, _ most: String, _ node: Node) throws(ConstraintError) -> (Int, Int?) {
    let (atLeast, atMost) = (try count(least, node) ?? 0, try count(most, node))
    if let atMost, atMost < atLeast {
      throw Self.refused(node.path, "`\(least)` is larger than `\(most)`", "correct one of them")
    }
    return (atLeast, atMost)
  }

  private func string(_ node: Node) throws(ConstraintError) -> Expression {
    let (atLeast, atMost) = try counts("minLength", "maxLength", node)
    guard let value = node.value["pattern"] else {
      return Self.string(.repeated(.one(of: .all, .json), atLeast: atLeast, atMost: atMost))
    }
    guard let text = value.text else { throw Self.refused(node.path, "`pattern` is not a string", "correct it") }
    let pattern: Pattern
    do {
      pattern = try RegexReader.read(text)
    } catch {
      throw Self.refused(
        node.path + "/pattern", "character \(error.place + 1): \(error.reason)", error.remedy)
    }
    do {
      // A pattern is searched for.
      var automaton = try CharacterAutomaton(.sequence([.anything, pattern, .anything]))
      if atLeast > 0 || atMost != nil { automaton = try automaton.limited(atLeast: atLeast, atMost: atMost) }
      return Self.string(.automaton(automaton, .json))
    } catch {
      throw Constraint.oversize(.schema)
    }
  }

  private mutating func array(_ node: Node) throws(ConstraintError) -> Expression {
    if node.value["uniqueItems"]?.flag == true {
      throw Self.refused(
        node.path, "the keyword `uniqueItems` is not supported", "leave it out, and check the answer")
    }
    var (atLeast, atMost) = try counts("minItems", "maxItems", node)
    var first: [Expression] = []
    if let prefix = node.value["prefixItems"] {
      guard let items = prefix.items, items.count <= 200 else {
        throw Self.refused(node.path, "`prefixItems` is not a list of at most 200 schemas", "correct it")
      }
      for (place, item) in items.enumerated() {
        first.append(.rule(rule(for: node.child("prefixItems", prefix).child("\(place)", item))))
      }
    }
    var item: Expression?
    if let value = node.value["items"] {
      guard value.items == nil else {
        throw Self.refused(node.path, "`items` is a list of schemas", "use `prefixItems`")
      }
      if value.flag != false { item = .rule(rule(for: node.child("items", value))) }
    } else {
      item = any()
    }
    if item == nil {
      atMost = min(atMost ?? first.count, first.count)
      guard atLeast <= first.count else {
        throw Self.refused(node.path, "`minItems` asks for more than `prefixItems` lists", "correct one of them")
      }
    }
    if let atMost { first = Array(first.prefix(atMost)) }
    return .sequence([.text("["), items(first, item, atLeast, atMost), .text("]")])
  }

  /// Items with commas between them: the first ones each of its own kind, all further ones alike.
  private func items(
    _ first: [Expression], _ item: Expression?, _ atLeast: Int, _ atMost: Int?
  ) -> Expression {
    let further = atMost.map { $0 - first.count }
    var rest = Expression.sequence([])
    if let item, further != 0 {
      let needed = max(atLeast - first.count, 0)
      if first.isEmpty {
        let more = Expression.repeated(
          .sequence([comma, item]), atLeast: max(needed - 1, 0), atMost: further.map { $0 - 1 })
        rest = .sequence([item, more])
        if needed == 0 { rest = .optional(rest) }
      } else {
        rest = .repeated(.sequence([comma, item]), atLeast: needed, atMost: further)
      }
    }
    // From the last to the first, since an item may be left out only with all that follow it.
    for (place, each) in first.enumerated().reversed() {
      rest = .sequence((place > 0 ? [comma] : []) + [each, rest])
      if place >= atLeast { rest = .optional(rest) }
    }
    return rest
  }
}
