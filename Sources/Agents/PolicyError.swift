/// Why a policy gave no answer.
///
/// Kinds differ in what is still possible: a retryable failure may pass; a final one concerns either this call alone
/// (the particle fails, the population goes on) or every call (the run ends in order, with what was found).
public struct PolicyError: Error, Sendable, Hashable, CustomStringConvertible {
  public enum Kind: String, Sendable, Hashable {
    // Retryable.
    case unreachable, connectionRefused, timedOut, rateLimited, serverFailed, malformedAnswer
    // Final for this call. `unanswered`: it was tried to the end and failed, while others were answered.
    case contextTooLong, contentRefused, unanswered
    // Final for the run.
    case unauthorized, outOfCredit, unknownModel, badRequest, notRecorded, limitReached, cancelled, storeFailed
  }

  public let kind: Kind
  /// What was tried, with what, and what to do next. Never holds a secret.
  public let message: String
  /// How long the server asks to be left alone, in seconds.
  public let retryAfter: Double?

  public init(_ kind: Kind, _ message: String, retryAfter: Double? = nil) {
    self.kind = kind
    self.message = message
    self.retryAfter = retryAfter
  }

  public var description: String { message }

  /// The same call may succeed later.
  public var isRetryable: Bool {
    switch kind {
    case .unreachable, .connectionRefused, .timedOut, .rateLimited, .serverFailed, .malformedAnswer: true
    default: false
    }
  }

  /// The server is down or refuses calls for now: that takes the time it takes, and costs nothing but time.
  public var isOutage: Bool {
    switch kind {
    case .connectionRefused, .rateLimited, .serverFailed: true
    default: false
    }
  }

  /// Only the particle that asked is lost.
  public var concernsOneCall: Bool { [.contextTooLong, .contentRefused, .unanswered].contains(kind) }
}
