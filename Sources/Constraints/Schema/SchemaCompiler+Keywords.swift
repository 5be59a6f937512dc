import Agents

extension SchemaCompiler {
  /// Keywords that say nothing about which values are valid.
  private static let annotations: Set<String> = [
    "title", "description", "default", "examples", "$comment", "deprecated", "readOnly", "writeOnly", "$schema",
    "contentEncoding", "contentMediaType", "contentSchema", "$defs", "definitions",
  ]

  private static let combining = ["$ref", "anyOf", "oneOf", "allOf"]

  private static let enforced: Set<String> = Set(combining).union([
    "type", "enum", "const", "properties", "required", "additionalProperties", "items", "prefixItems", "minItems",
    "maxItems", "uniqueItems", "minLength", "maxLength", "pattern", "minimum", "maximum", "exclusiveMinimum",
    "exclusiveMaximum", "multipleOf",
  ])

  private static let remedies = [
    "format": "say it with `pattern`, or leave it out",
    "patternProperties": "list the properties, or give a schema in `additionalProperties`",
    "propertyNames": "list the properties", "not": "list what is allowed", "if": "write the cases with `anyOf`",
    "uniqueItems": "leave it out, and check the answer", "contains": "leave it out, and check the answer",
    "additionalItems": "use `prefixItems` and `items`", "nullable": #"write "type": ["…", "null"]"#,
    "dependentRequired": "write the cases with `anyOf`", "minProperties": "use `required`",
  ]

  /// What a part of the schema stands for.
  mutating func expression(_ node: Node) throws(ConstraintError) -> Expression {
    if let flag = node.value.flag {
      guard flag else {
        throw Self.refused(node.path, "`false` allows no value", "leave out what it stands for")
      }
      return any()
    }
    guard let members = node.value.members else {
      throw Self.refused(node.path, "a schema is an object, true or false", "correct it")
    }
    var keywords: Set<String> = []
    for member in members where !isAnnotation(member.key, at: node) {
      guard Self.enforced.contains(member.key) else {
        throw Self.refused(
          node.path, "the keyword `\(member.key)` is not supported",
          Self.remedies[member.key] ?? "leave it out, or say it with other keywords")
      }
      keywords.insert(member.key)
    }
    for keyword in Self.combining {
      guard let value = node.value[keyword] else { continue }
      if let other = keywords.subtracting([keyword]).min() {
        throw Self.refused(
          node.path, "`\(keyword)` beside `\(other)` is not supported", "move `\(other)` into what `\(keyword)` names")
      }
      return try combined(keyword, node.child(keyword, value))
    }
    if keywords.contains("enum") || keywords.contains("const") { return try listed(node, keywords) }
    return .choice(try types(node).map { type throws(ConstraintError) in try expression(node, of: type) })
  }

  private func isAnnotation(_ keyword: String, at node: Node) -> Bool {
    Self.annotations.contains(keyword) || keyword.hasPrefix("x-") || keyword == "$id" && node.path == "#"
  }

  private mutating func combined(_ keyword: String, _ node: Node) throws(ConstraintError) -> Expression {
    if keyword == "$ref" { return .rule(rule(for: try target(of: node))) }
    guard let values = node.value.items, !values.isEmpty else {
      throw Self.refused(node.path, "`\(keyword)` is not a list of schemas", "list at least one")
    }
    let branches = values.enumerated().map { node.child("\($0)", $1) }
    if keyword == "allOf", branches.count > 1 {
      throw Self.refused(
        node.path, "`allOf` of several schemas is not supported", "join them into one schema")
    }
    if keyword == "oneOf" {
      guard branches.count <= 100 else {
        throw Self.refused(node.path, "`oneOf` has more than 100 branches", "use `anyOf`")
      }
      for (place, branch) in branches.enumerated() {
        for other in branches[..<place] where !(try areDisjoint(branch, other)) {
          throw Self.refused(
            node.path,
            "two branches of `oneOf` are not known to exclude each other: \(other.path) and \(branch.path)",
            "use `anyOf`, or give both a required property with different constants")
        }
      }
    }
    return .choice(branches.filter { $0.value.flag != false }.map { .rule(rule(for: $0)) })
  }

  /// `enum` and `const`, perhaps beside `type`.
  private func listed(_ node: Node, _ keywords: Set<String>) throws(ConstraintError) -> Expression {
    if let other = keywords.subtracting(["enum", "const", "type"]).min() {
      throw Self.refused(node.path, "`enum` or `const` beside `\(other)` is not supported", "list what both allow")
    }
    var values: [OrderedJSON]
    if let list = node.value["enum"] {
      guard let items = list.items else { throw Self.refused(node.path, "`enum` is not a list", "list the values") }
      values = items
      if let only = node.value["const"] { values = values.filter { JSONValue($0) == JSONValue(only) } }
    } else {
      values = [node.value["const"] ?? .null]
    }
    let types = try types(node)
    values = values.filter { value in types.contains { $0.contains(value) } }
    guard !values.isEmpty else {
      throw Self.refused(node.path, "no value of `enum` or `const` is allowed", "list at least one of the right type")
    }
    return .texts(values.map { Array($0.json.utf8) })
  }

  /// The types that a part allows.
  func types(_ node: Node) throws(ConstraintError) -> [SchemaType] {
    guard let value = node.value["type"] else { return SchemaType.allCases.filter { $0 != .integer } }
    let names = value.items ?? [value]
    var types: [SchemaType] = []
    for name in names {
      guard let type = name.text.flatMap(SchemaType.init(rawValue:)) else {
        let known = SchemaType.allCases.map(\.rawValue).joined(separator: ", ")
        throw Self.refused(node.path, "the type \(name.shown) is unknown", "write one of \(known)")
      }
      types.append(type)
    }
    return types.contains(.number) ? types.filter { $0 != .integer } : types
  }
}

/// What `type` can be.
enum SchemaType: String, CaseIterable {
  case null, boolean, integer, number, string, array, object

  func contains(_ value: OrderedJSON) -> Bool {
    switch (self, value) {
    case (.null, .null), (.boolean, .flag), (.number, .number), (.string, .text), (.array, .list), (.object, .object):
      true
    case (.integer, .number(let number)): number.isWhole
    default: false
    }
  }
}
