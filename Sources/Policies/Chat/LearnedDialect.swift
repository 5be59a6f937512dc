import Agents
import Synchronization

/// What one server accepts, as far as known. It starts with every feature, and rejected features are removed.
protocol ServerDialect: Sendable {
  /// Merges what another request has learned meanwhile.
  mutating func adopt(_ other: Self)
}

/// A dialect shared by all calls of a policy.
final class LearnedDialect<Dialect: ServerDialect>: Sendable {
  private let known: Mutex<Dialect>

  init(_ dialect: Dialect) { known = Mutex(dialect) }

  var current: Dialect { known.withLock(\.self) }

  /// Sends a request, and repeats it in a simpler form while the server rejects it as malformed.
  ///
  /// - Parameters:
  ///   - ask: sends the request in a dialect.
  ///   - simpler: the dialect to try after a rejection, or nil if nothing is left to omit. Each one must omit more.
  ///   - advice: a sentence on what the user can change after the last rejection, or nil.
  func call<T>(
    _ ask: (Dialect) async throws(PolicyError) -> T, simpler: (Dialect, PolicyError) -> Dialect?,
    advice: (PolicyError) -> String?
  ) async throws(PolicyError) -> T {
    var dialect = current
    while true {
      do throws(PolicyError) {
        let value = try await ask(dialect)
        // The dialect is kept only after a success: a rejection may have had another cause than the one assumed.
        known.withLock { $0.adopt(dialect) }
        return value
      } catch {
        guard error.kind == .badRequest else { throw error }
        guard let next = simpler(dialect, error) else {
          guard let advice = advice(error) else { throw error }
          throw PolicyError(.badRequest, "\(error.message) \(advice)", retryAfter: error.retryAfter)
        }
        dialect = next
      }
    }
  }
}
