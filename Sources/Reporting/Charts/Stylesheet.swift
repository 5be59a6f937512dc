/// The CSS rules of a picture, for light and dark mode.
struct Stylesheet: Sendable {
  /// A selector inside the picture and its declarations. Only literals may be used, since neither is escaped.
  typealias Rule = (selector: String, declarations: String)

  private let rules: [Rule]
  private let dark: [Rule]

  /// - Parameters:
  ///   - rules: all rules, with the colours of light mode.
  ///   - dark: rules that differ in dark mode.
  init(_ rules: [Rule], dark: [Rule]) {
    self.rules = Self.common + rules
    self.dark = Self.commonDark + dark
  }

  func css(scope: String) -> String {
    func written(_ rules: [Rule]) -> String {
      rules.map { rule in
        let selectors = rule.selector.split(separator: ",").map { ".\(scope) \($0)" }
        return "\(selectors.joined(separator: ",")){\(rule.declarations)}"
      }.joined(separator: "\n")
    }
    return "\n\(written(rules))\n@media (prefers-color-scheme: dark){\n\(written(dark))\n}\n"
  }

  private static let common: [Rule] = [
    ("text", "font-family:sans-serif;font-size:11px;fill:#1f2328"),
    (".title", "font-size:15px;font-weight:bold"),
    (".subtitle", "font-size:12px;fill:#59636e"),
    (".strong", "font-weight:bold"),
    (".muted", "fill:#59636e"),
    (".ground", "fill:#ffffff"),
    (".grid", "stroke:#d9dee3;stroke-width:1"),
    (".axis", "stroke:#8c959f;stroke-width:1"),
  ]

  private static let commonDark: [Rule] = [
    ("text", "fill:#e6edf3"),
    (".subtitle", "fill:#9da7b1"),
    (".muted", "fill:#9da7b1"),
    (".ground", "fill:#0d1117"),
    (".grid", "stroke:#2a313a"),
    (".axis", "stroke:#6e7681"),
  ]
}
