/// A model that turns texts into vectors.
public protocol Embedder: Sendable {
  /// Names the model and what is done with its vectors. Critics belong to an identity.
  var identity: String { get }

  /// One vector for each text, in order, all of the same length.
  func vectors(of texts: [String]) async throws(CriticError) -> [[Float]]
}
