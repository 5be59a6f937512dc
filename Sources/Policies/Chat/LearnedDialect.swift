import Agents
import Synchronization

/// What one server takes, as far as is known: it starts with everything, and what is refused goes.
protocol ServerDialect: Sendable {
  /// Takes over what another request found out meanwhile.
  mutating func adopt(_ other: Self)
}

/// A dialect that calls learn from each other.
final class LearnedDialect<Dialect: ServerDialect>: Sendable {
  private let known: Mutex<Dialect>

  init(_ dialect: Dialect) { known = Mutex(dialect) }

  var current: Dialect { known.withLock(\.self) }

  /// Asks, and asks again in a simpler form as long as the server refuses the request as badly formed.
  ///
  /// - Parameters:
  ///   - ask: asks in a dialect.
  ///   - simpler: what to try after a refusal, or nil where nothing is left to leave out. Each must leave less to refuse.
  ///   - advice: what the user can change about a refusal that stays, in a sentence, or nil.
  func call<T>(
    _ ask: (Dialect) async throws(PolicyError) -> T, simpler: (Dialect, PolicyError) -> Dialect?,
    advice: (PolicyError) -> String?
  ) async throws(PolicyError) -> T {
    var dialect = current
    while true {
      do throws(PolicyError) {
        let value = try await ask(dialect)
        // Kept only now: a refusal may have had another reason than the one guessed at.
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
