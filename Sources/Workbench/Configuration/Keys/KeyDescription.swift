/// One key of the configuration, as it is declared where it is read.
package struct KeyDescription: Sendable, Hashable, Encodable {
  /// With its section, such as `policy.pricing.inputPerMillion`.
  package let path: String
  /// What its value is, such as "whole number".
  package let type: String
  /// The names that it may have, where there are only some.
  package let options: [String]?
  /// What holds where it is not given, or "required". Markdown.
  package let `default`: String
  /// One line of Markdown.
  package let help: String

  init(path: String, type: KeyType, default fallback: KeyDefault, help: String) {
    self.path = path
    self.type = type.documented
    options = type.options
    self.default = fallback.text
    self.help = help
  }

  private init(_ other: KeyDescription, path: String) {
    (self.path, type, options, self.default, help) = (path, other.type, other.options, other.default, other.help)
  }

  /// Without its section.
  package var key: String { path.firstIndex(of: ".").map { String(path[path.index(after: $0)...]) } ?? path }

  /// The key of the same name in another section.
  func moved(to section: String) -> KeyDescription { KeyDescription(self, path: "\(section).\(key)") }
}

/// What the value of a key is: as documentation says it ("whole number") and as errors do ("a whole number").
package struct KeyType: Sendable, ExpressibleByStringLiteral {
  let documented: String
  let wanted: String
  var options: [String]?

  init(_ documented: String, wanted: String) { (self.documented, self.wanted) = (documented, wanted) }

  /// - Parameter wanted: with its article.
  package init(stringLiteral wanted: String) {
    self.init(wanted.hasPrefix("a ") ? String(wanted.dropFirst(2)) : wanted, wanted: wanted)
  }

  init(oneOf names: [String]) {
    self.init(stringLiteral: "one of " + names.joined(separator: ", "))
    options = names
  }

  init(listOf names: [String]) {
    self.init(stringLiteral: "a list of " + names.joined(separator: ", "))
    options = names
  }
}

/// What holds where a key is not given, in words. Markdown.
package struct KeyDefault: Sendable, ExpressibleByStringInterpolation {
  let text: String

  /// The configuration is refused without it.
  package static let required: KeyDefault = "required"
  package static let none: KeyDefault = "none"

  package init(stringLiteral text: String) { self.text = text }
  init(_ value: Int) { text = "\(value)" }
  init(_ value: Double) { text = Int(exactly: value).map { "\($0)" } ?? "\(value)" }
}

/// What a key that several kinds read means to one of them.
package struct KeyWords: Sendable {
  let fallback: String
  let help: String

  package init(default fallback: String, _ help: String) { (self.fallback, self.help) = (fallback, help) }

  var `default`: KeyDefault { KeyDefault(stringLiteral: fallback) }
}
