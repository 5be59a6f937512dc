/// The description of one configuration key. It is declared where the key is read.
package struct KeyDescription: Sendable, Hashable, Encodable {
  /// The path with its section, such as `policy.pricing.inputPerMillion`.
  package let path: String
  /// The type of its value, such as "whole number".
  package let type: String
  /// The names that are valid values, if only certain names are.
  package let options: [String]?
  /// The default in Markdown, or "required".
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

  /// The path without the section.
  package var key: String { path.firstIndex(of: ".").map { String(path[path.index(after: $0)...]) } ?? path }

  /// The key of the same name in another section.
  func moved(to section: String) -> KeyDescription { KeyDescription(self, path: "\(section).\(key)") }
}

/// The type of a key's value, in the form of the documentation ("whole number") and of errors ("a whole number").
package struct KeyType: Sendable, ExpressibleByStringLiteral {
  let documented: String
  let wanted: String
  var options: [String]?

  init(_ documented: String, wanted: String) { (self.documented, self.wanted) = (documented, wanted) }

  /// - Parameter wanted: the type with its article.
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

/// The default of a key in words. Markdown.
package struct KeyDefault: Sendable, ExpressibleByStringInterpolation {
  let text: String

  /// The key is required.
  package static let required: KeyDefault = "required"
  package static let none: KeyDefault = "none"

  package init(stringLiteral text: String) { self.text = text }
  init(_ value: Int) { text = "\(value)" }
  init(_ value: Double) { text = Int(exactly: value).map { "\($0)" } ?? "\(value)" }
}

/// The meaning that a key shared by several kinds has for one of them.
package struct KeyWords: Sendable {
  let fallback: String
  let help: String

  package init(default fallback: String, _ help: String) { (self.fallback, self.help) = (fallback, help) }

  var `default`: KeyDefault { KeyDefault(stringLiteral: fallback) }
}
