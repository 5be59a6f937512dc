/// Why a policy gave no answer.
///
/// A retryable error may pass. A final error concerns this call alone (the particle fails and the population goes on)
/// or every call (the run ends cleanly with what was found).
public struct PolicyError: Error, Sendable, Hashable, CustomStringConvertible {
  /// What failed. See ``PolicyError/isRetryable`` and ``PolicyError/concernsOneCall`` for the consequences.
  public enum Kind: String, Sendable, Hashable {
    // Retryable.
    /// Retryable: no connection, a refused one, no answer in time, HTTP 429, HTTP 5xx, an answer that cannot be read.
    case unreachable, connectionRefused, timedOut, rateLimited, serverFailed, malformedAnswer
    // Final for this call. `unanswered`: all retries failed, while other calls were answered.
    /// Final for this call: the prompt exceeds the context, the server refused the content, or the call failed to its
    /// last retry while others were answered.
    case contextTooLong, contentRefused, unanswered
    // Final for the run.
    /// Final for the run: wrong key, no credit, no such model, a malformed request, a recording without this answer, a
    /// limit reached, cancellation, a store that cannot be written.
    case unauthorized, outOfCredit, unknownModel, badRequest, notRecorded, limitReached, cancelled, storeFailed
  }

  /// What failed; decides what is retried and what ends.
  public let kind: Kind
  /// What was tried, with what, and what to do next. Never holds a secret.
  public let message: String
  /// The wait that the server asks for before the next attempt, in seconds; nil if it states none.
  public let retryAfter: Double?

  /// An error with a message that states what was tried and what to do next, without a secret in it.
  public init(_ kind: Kind, _ message: String, retryAfter: Double? = nil) {
    self.kind = kind
    self.message = message
    self.retryAfter = retryAfter
  }

  public var description: String { message }

  /// Whether the same call may succeed later.
  public var isRetryable: Bool {
    switch kind {
    case .unreachable, .connectionRefused, .timedOut, .rateLimited, .serverFailed, .malformedAnswer: true
    default: false
    }
  }

  /// Whether the server is down or refuses calls for now. Waiting for it costs only time.
  public var isOutage: Bool {
    switch kind {
    case .connectionRefused, .rateLimited, .serverFailed: true
    default: false
    }
  }

  /// Whether the error fails only the calling particle, while the population goes on.
  public var concernsOneCall: Bool { [.contextTooLong, .contentRefused, .unanswered].contains(kind) }
}
