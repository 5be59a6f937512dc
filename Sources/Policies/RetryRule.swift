import Agents
import Foundation

/// How often a call is tried again, and after how long: bounded exponential backoff with full jitter.
public struct RetryRule: Sendable, Hashable {
  /// Attempts in all, the first included.
  public var attempts: Int
  /// The upper bound of the first pause, in seconds; it doubles with every attempt.
  public var base: Double
  /// The upper bound of any pause, in seconds. A server that asks to be left alone for longer ends the call.
  public var most: Double

  public init(attempts: Int = 10, base: Double = 0.25, most: Double = 30) {
    self.attempts = attempts
    self.base = base
    self.most = most
  }

  /// The pause before attempt `attempt` (counted from 1 for the first repetition), in seconds, or nil to give up.
  ///
  /// - Parameters:
  ///   - retryAfter: what the server asked for, in seconds; it is kept to, with jitter on top.
  ///   - uniform: a number in [0, 1).
  func pause(before attempt: Int, retryAfter: Double?, uniform: Double) -> Double? {
    guard attempt < attempts else { return nil }
    let bound = min(most, base * pow(2, Double(attempt - 1)))
    guard let retryAfter else { return bound * uniform }
    return retryAfter > most ? nil : retryAfter + base * uniform
  }

  /// Who knows more of a server than one call does.
  protocol Watcher {
    /// The server has answered something at some time.
    var hasEverAnswered: Bool { get }

    /// A failure is tried again after so many seconds; `attempt` is how often it was tried.
    func willRetry(_ error: PolicyError, attempt: Int, pause: Double)
  }

  /// A server that never answered is most likely not there at all: so many attempts tell.
  static let attemptsAtNobody = 4

  /// Runs `body` until it answers, fails for good, or has been tried often enough or for long enough.
  ///
  /// - Parameters:
  ///   - deadline: when the whole call ends, attempts and pauses together.
  ///   - watcher: asked and told of what fails.
  func run<T: Sendable>(
    seed: Seed, deadline: ContinuousClock.Instant, watcher: some Watcher,
    _ body: () async throws(PolicyError) -> T
  ) async throws(PolicyError) -> (value: T, attempts: Int) {
    var generator: SplitMix64?
    var attempt = 1
    while true {
      do throws(PolicyError) {
        return (try await body(), attempt)
      } catch {
        var draws = generator ?? seed.split("retry").generator()
        let uniform = draws.uniform()
        generator = draws
        let isOutOfTries =
          error.kind == .unreachable && attempt >= Self.attemptsAtNobody && !watcher.hasEverAnswered
        guard error.isRetryable, !isOutOfTries,
          let pause = pause(before: attempt, retryAfter: error.retryAfter, uniform: uniform),
          ContinuousClock.now + .seconds(pause) < deadline
        else {
          throw attempt == 1
            ? error : PolicyError(error.kind, "\(error.message) (tried \(attempt) times)", retryAfter: error.retryAfter)
        }
        watcher.willRetry(error, attempt: attempt, pause: pause)
        attempt += 1
        do { try await Task.sleep(for: .seconds(pause)) } catch {
          throw PolicyError(.cancelled, "The run was stopped.")
        }
      }
    }
  }
}

/// Reads `Retry-After`, a number of seconds or a date of HTTP's preferred form (RFC 9110, 10.2.3). nil where it is neither.
func retryAfterSeconds(_ header: String?, now: Date) -> Double? {
  guard let header = header?.trimmingCharacters(in: .whitespaces) else { return nil }
  if let seconds = Double(header) { return seconds.isFinite ? max(seconds, 0) : nil }
  let formatter = DateFormatter()
  formatter.locale = Locale(identifier: "en_US_POSIX")
  formatter.timeZone = TimeZone(identifier: "GMT")
  formatter.dateFormat = "EEE, dd MMM yyyy HH:mm:ss zzz"
  return formatter.date(from: header).map { max($0.timeIntervalSince(now), 0) }
}
