/// The values of names in a piece of a template; what is not here is looked for outside.
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

  /// A macro knows the scope that knows it: somebody has to part them.
  func clear() { values = [:] }
}
