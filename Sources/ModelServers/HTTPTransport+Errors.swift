import Agents
import HTTP

extension HTTPTransport {
  /// The error for an attempt without a complete answer.
  package func failure(_ failure: HTTPFailure) -> PolicyError {
    switch failure.kind {
    case .cancelled: PolicyError(.cancelled, failure.reason)
    case .tooLong: PolicyError(.malformedAnswer, "\(base) \(failure.reason).")
    case .timedOut: PolicyError(.timedOut, "\(base) \(failure.reason).")
    case .invalidURL:
      PolicyError(.badRequest, "\(section).url is \(base), which is not a URL; write it as http://host:port/v1.")
    case .insecure:
      PolicyError(
        .badRequest,
        """
        No secure connection to \(base): its certificate is not trusted here, or it does not speak TLS. Check \
        \(section).url, or set SSL_CERT_FILE to a file of certificates to trust.
        """)
    case .refused:
      PolicyError(
        .connectionRefused,
        "The server is down: \(failure.reason) (\(base)). Start it, or check \(section).url.")
    case .unreachable:
      PolicyError(
        .unreachable,
        "No complete answer from \(base): \(failure.reason). Check \(section).url, and that the server is running.")
    }
  }

  /// The error for a refusal.
  package func error(_ refusal: ServerRefusal) -> PolicyError {
    // The text is cut after the key is removed, since half a key is secret, too.
    let said = String(withoutSecret(refusal.said).prefix(600))
    let message = "\(base) answered \(refusal.status): \(said)"
    return switch refusal.meaning {
    case .tooLong:
      PolicyError(.contextTooLong, "The prompt is longer than the model or its server accepts. \(said)")
    case .moderated: PolicyError(.contentRefused, message)
    case .outOfCredit:
      PolicyError(.outOfCredit, "\(message) The account has no credit left: top it up, then run again.")
    case .wrongKey:
      PolicyError(.unauthorized, "\(base) refused the API key (401). Check \(section).apiKeyVariable.")
    case .forbidden:
      PolicyError(.unauthorized, "\(message) The key does not permit this: check the key, and \(section).model.")
    case .unknownModel: PolicyError(.unknownModel, "\(message) Check \(section).model and \(section).url.")
    case .rateLimited: PolicyError(.rateLimited, message, retryAfter: refusal.retryAfter)
    case .failed: PolicyError(.serverFailed, message, retryAfter: refusal.retryAfter)
    case .elsewhere:
      PolicyError(
        .badRequest,
        """
        \(base) redirects to another address (\(refusal.status)), and the key is not sent there: set \(section).url to \
        the final address.
        """)
    case .bad: PolicyError(.badRequest, message)
    }
  }

  /// The error for a choice that the server broke off; nil if the choice is sound.
  package func error(ofChoice reason: String?, _ error: JSONValue?) -> PolicyError? {
    guard let reason, Self.brokenOff.contains(reason.lowercased()) else { return nil }
    let refusal = ServerRefusal.choice(error)
    let failure = self.error(refusal)
    // A broken-off answer may succeed on retry. An error code that concerns the prompt or the account is final.
    return failure.kind == .badRequest ? PolicyError(.serverFailed, failure.message) : failure
  }

  /// Finish reasons of answers that the server broke off.
  private static let brokenOff: Set<String> = ["error", "abort", "aborted", "failed", "cancelled"]
}
