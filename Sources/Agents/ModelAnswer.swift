/// A model's whole answer, as its server sent it.
package struct ModelAnswer: Sendable, Hashable {
  /// The API that it was given in, which may differ from the question's.
  package var dialect: ModelDialect
  /// The answer. Order of members and digits of numbers are those of the server.
  package var body: OrderedJSON

  package init(dialect: ModelDialect, body: OrderedJSON) {
    self.dialect = dialect
    self.body = body
  }

  /// The form in which it is stored (``PolicyResponse/continuation``).
  package var text: String {
    OrderedJSON.object([.init("dialect", .text(dialect.rawValue)), .init("answer", body)]).json
  }

  /// Reads the stored form; nil if it is another text.
  package init?(_ text: String) {
    guard let value = OrderedJSON(parsing: text), let dialect = value["dialect"]?.text.flatMap(ModelDialect.init),
      let body = value["answer"]
    else { return nil }
    self.init(dialect: dialect, body: body)
  }
}
