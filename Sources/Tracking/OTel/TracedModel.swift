/// What spans of model calls say about the model.
package struct TracedModel: Sendable, Hashable {
  /// `gen_ai.provider.name`: whose API the calls speak.
  package var provider: String
  /// `gen_ai.operation.name`: `chat` or `text_completion`.
  package var operation: String
  package var model: String?
  package var temperature: Double?
  package var topP: Double?
  package var maxTokens: Int?
  package var address: String?
  package var port: Int?

  package init(provider: String, operation: String = "chat", model: String? = nil) {
    (self.provider, self.operation, self.model) = (provider, operation, model)
  }
}
