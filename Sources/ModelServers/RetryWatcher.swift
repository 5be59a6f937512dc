import Agents
import Foundation
import HTTP

/// The watcher of one call's retries. Its attempts run one after the other.
package final class RetryWatcher: RetryRule.Watcher {
  private let endpoint: ModelEndpoint
  private let name: String
  private let end: (@Sendable () async -> PolicyError?)?
  private let clock = AwakeClock.shared
  /// The time at which the first place was granted, by the awake clock. Waiting in the queue does not count towards the
  /// server's deadline.
  private var start: Double?
  private var deadline = Double.infinity
  private var firstFailure: Double?

  package init(endpoint: ModelEndpoint, name: String, end: (@Sendable () async -> PolicyError?)?) {
    self.endpoint = endpoint
    self.name = name
    self.end = end
  }

  /// Waits for a place and extends the deadline by the waiting time.
  package func enter(_ gate: AdaptiveGate) async {
    let before = clock.now
    await gate.enter()
    let now = clock.now
    if start == nil {
      (start, deadline) = (now, now + endpoint.rules.deadline)
    } else {
      deadline += now - before
    }
  }

  package var secondsLeft: Double { max(deadline - clock.now, 0) }
  package var hasEverAnswered: Bool { endpoint.history.withLock(\.hasSpoken) }

  package func ended() async -> PolicyError? { await end?() }

  package func willRetry(_ error: PolicyError, attempt: Int, pause: Double) {
    firstFailure = firstFailure ?? clock.now
    endpoint.note(error, name: name, attempt: attempt, pause: pause, left: secondsLeft)
  }

  package func gaveUp(_ error: PolicyError, _ reason: RetryRule.Course.Reason, attempts: Int) -> PolicyError {
    let key = "\(endpoint.rules.section).deadline"
    let limit = Self.shown(endpoint.rules.deadline)
    let tried = attempts == 1 ? "" : " (tried \(attempts) times)"
    let later = "or run the same command later: stored answers are not requested again."
    let message: String
    switch reason {
    case .final: message = error.message + tried
    case .attempts: message = error.message + tried
    case .wait:
      let asked = error.retryAfter ?? 0
      message = """
        \(error.message)\(tried) The server asks for a pause of \(Self.shown(asked)), longer than \(key) (\(limit)) \
        allows: set \(key) to \(Int((asked + endpoint.rules.deadline).rounded(.up))) or more, \(later)
        """
    case .deadline:
      message = """
        \(error.message)\(tried) The server did not recover within \(key) (\(limit)): raise \(key), lower \
        \(endpoint.rules.section).concurrency if the server is overloaded, \(later)
        """
    }
    guard reason != .final, isAlone(with: error) else {
      return PolicyError(error.kind, message, retryAfter: error.retryAfter)
    }
    return PolicyError(
      .unanswered, "\(error.message)\(tried) Other calls were answered meanwhile, so only this one fails.")
  }

  /// Whether the failure concerns this call alone: the server answered other calls meanwhile.
  private func isAlone(with error: PolicyError) -> Bool {
    guard let lastAnswer = endpoint.history.withLock(\.lastAnswer) else { return false }
    switch error.kind {
    // The server has given readable answers, so only this answer is at fault.
    case .malformedAnswer: return true
    case .serverFailed, .timedOut, .unreachable:
      // The last answer must lie in the second half of that time. Otherwise an outage has begun since.
      guard let firstFailure else { return false }
      return lastAnswer > (firstFailure + clock.now) / 2
    default: return false
    }
  }

  private static func shown(_ seconds: Double) -> String {
    seconds < 120 ? "\(Int(seconds.rounded(.up))) s" : "\(Int((seconds / 60).rounded(.up))) min"
  }
}
