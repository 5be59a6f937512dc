/// The variables of a part of a template. Missing names are looked up in the outer scope.
final class JinjaScope {
  private let outer: JinjaScope?
  private var values: [String: JinjaValue]

  init(_ values: [String: JinjaValue] = [:], in outer: JinjaScope? = nil) {
    self.values = values
    self.outer = outer
  }

  subscript(name: String) -> JinjaValue? {
    get { values[name] ?? outer?[name] }
    set { values[name] = newValue }
  }

  /// Breaks the reference cycle between a macro and its scope.
  func clear() { values = [:] }
}
