import Agents
import Foundation
import HTTP

/// How often a call is repeated and after which pause: exponential backoff with full jitter.
///
/// Retries go on through an outage (429, 408, 5xx, a refused connection) until the call's deadline. Failures that may
/// have been charged (an answer that broke off, came too late or cannot be read) are repeated a bounded number of
/// times.
public struct RetryRule: Sendable, Hashable {
  /// Attempts in all, the first included and those refused by an outage excluded. 1 never repeats, whatever fails.
  public var attempts: Int
  /// The upper bound of the first pause, in seconds; it doubles with every attempt.
  public var base: Double
  /// The upper bound of any pause that the server did not ask for, in seconds.
  public var most: Double
  /// Whether outages are waited out until the deadline. False counts them like other failures, for a server that will
  /// not be restarted.
  public var waitsOutOutages: Bool

  /// A rule with pauses in seconds; `attempts` is at least 1.
  public init(attempts: Int = 10, base: Double = 0.25, most: Double = 30, waitsOutOutages: Bool = true) {
    self.attempts = attempts
    self.base = base
    self.most = most
    self.waitsOutOutages = waitsOutOutages
  }

  /// The number of attempts after which two kinds of failure are final. A server that never answered and cannot be
  /// reached most likely does not exist. A complete answer that cannot be read was most likely paid for.
  package static let fewAttempts = 4

  /// The attempts so far, as a pure state machine without a clock or a server.
  package struct Course: Sendable, Hashable {
    /// The number of failed attempts of any kind.
    package private(set) var failures = 0
    /// The failures that count towards ``RetryRule/attempts``.
    package private(set) var counted = 0
    /// The failures that count towards ``RetryRule/fewAttempts``.
    package private(set) var hopeless = 0

    package enum Step: Hashable {
      /// Retry after this many seconds.
      case pause(Double)
      case giveUp(Reason)
    }

    package enum Reason: Hashable {
      /// The error is final.
      case final
      /// The attempts are used up.
      case attempts
      /// The deadline has passed.
      case deadline
      /// The server asks for a longer wait than the deadline leaves.
      case wait
    }

    /// The next step after a failure.
    ///
    /// - Parameters:
    ///   - left: seconds until the deadline.
    ///   - hasEverAnswered: whether the server has ever answered.
    ///   - uniform: a number in [0, 1).
    package mutating func next(
      after error: PolicyError, rule: RetryRule, left: Double, hasEverAnswered: Bool, uniform: Double
    ) -> Step {
      failures += 1
      guard error.isRetryable else { return .giveUp(.final) }
      let isWaitedOut = error.isOutage && rule.waitsOutOutages && rule.attempts > 1
      if !isWaitedOut { counted += 1 }
      let isUnreachable = error.kind == .unreachable || error.kind == .connectionRefused && !isWaitedOut
      if error.kind == .malformedAnswer || isUnreachable && !hasEverAnswered { hopeless += 1 }
      guard counted < rule.attempts, hopeless < RetryRule.fewAttempts else { return .giveUp(.attempts) }
      let pause = rule.pause(before: failures, retryAfter: error.retryAfter, uniform: uniform)
      if pause < left { return .pause(pause) }
      if let asked = error.retryAfter, asked >= left { return .giveUp(.wait) }
      // Uses half of the remaining time, so that an attempt still fits before the deadline.
      return left > 2 * rule.base ? .pause(left / 2) : .giveUp(.deadline)
    }
  }

  /// The pause before attempt `attempt` (counted from 1 for the first repetition), in seconds.
  ///
  /// - Parameters:
  ///   - retryAfter: the wait that the server asked for, in seconds. The pause is at least this long plus jitter, and
  ///     at least the backoff: a server that says 0 tells every client the same.
  ///   - uniform: a number in [0, 1).
  package func pause(before attempt: Int, retryAfter: Double?, uniform: Double) -> Double {
    let bound = min(most, base * pow(2, Double(min(attempt, 64) - 1)))
    guard let retryAfter else { return bound * uniform }
    return max(retryAfter + base * uniform, bound * uniform)
  }

  /// The state of a server beyond a single call.
  package protocol Watcher {
    /// Whether the server has ever answered.
    var hasEverAnswered: Bool { get }

    /// Seconds until the call's deadline, which covers all attempts and pauses.
    var secondsLeft: Double { get }

    /// Why the run has ended, or nil while it goes on.
    func ended() async -> PolicyError?

    /// Called before a pause of this many seconds; `attempt` counts the attempts so far.
    func willRetry(_ error: PolicyError, attempt: Int, pause: Double)

    /// The error to throw after the last attempt.
    func gaveUp(_ error: PolicyError, _ reason: Course.Reason, attempts: Int) -> PolicyError
  }

  /// Runs `body` until it succeeds, fails with a final error, or exhausts its attempts or its time.
  ///
  /// - Parameters:
  ///   - watcher: supplies the state of the server and is notified of failures.
  package func run<T: Sendable>(
    seed: Seed, watcher: some Watcher,
    _ body: () async throws(PolicyError) -> T
  ) async throws(PolicyError) -> (value: T, attempts: Int) {
    var generator: SplitMix64?
    var course = Course()
    while true {
      do throws(PolicyError) {
        return (try await body(), course.failures + 1)
      } catch {
        var draws = generator ?? seed.split("retry").generator()
        let uniform = draws.uniform()
        generator = draws
        let step = course.next(
          after: error, rule: self, left: watcher.secondsLeft, hasEverAnswered: watcher.hasEverAnswered,
          uniform: uniform)
        switch step {
        case .giveUp(let reason): throw watcher.gaveUp(error, reason, attempts: course.failures)
        case .pause(let pause):
          watcher.willRetry(error, attempt: course.failures, pause: pause)
          try await wait(pause, watcher)
        }
      }
    }
  }

  /// Waits in short intervals, so that the end of the run interrupts a long pause.
  private func wait(_ pause: Double, _ watcher: some Watcher) async throws(PolicyError) {
    let end = ContinuousClock.now + .seconds(pause)
    while ContinuousClock.now < end {
      if let ended = await watcher.ended() { throw ended }
      do { try await Task.sleep(until: min(end, .now + .seconds(1))) } catch {
        throw PolicyError(.cancelled, "The run was stopped.")
      }
    }
  }
}
