import Agents
import Foundation
import HTTP

/// How often a call is repeated and after which pause: exponential backoff with full jitter.
///
/// An outage (429, 408, 5xx, a refused connection) is waited out until the call's deadline. Failures that may have been
/// charged (an answer that broke off, came too late or cannot be read) are repeated a bounded number of times.
public struct RetryRule: Sendable, Hashable {
  /// Attempts in all, the first included and those refused by an outage excluded. 1 never repeats, whatever fails.
  public var attempts: Int
  /// The upper bound of the first pause, in seconds; it doubles with every attempt.
  public var base: Double
  /// The upper bound of any pause that the server did not ask for, in seconds.
  public var most: Double
  /// Whether outages are waited out until the deadline. False counts them like other failures, for a server that nobody
  /// will restart.
  public var waitsOutOutages: Bool

  /// A rule with pauses in seconds; `attempts` is at least 1.
  public init(attempts: Int = 10, base: Double = 0.25, most: Double = 30, waitsOutOutages: Bool = true) {
    self.attempts = attempts
    self.base = base
    self.most = most
    self.waitsOutOutages = waitsOutOutages
  }

  /// A server that never answered and cannot be reached is most likely not there at all: so many attempts tell. So they do where
  /// an answer came whole and cannot be read: it was most likely paid for.
  package static let fewAttempts = 4

  /// What was tried so far. Pure: it knows neither a clock nor a server.
  package struct Course: Sendable, Hashable {
    /// Attempts that failed, of any kind.
    package private(set) var failures = 0
    /// Those that count towards ``RetryRule/attempts``.
    package private(set) var counted = 0
    /// Those that count towards ``RetryRule/fewAttempts``.
    package private(set) var hopeless = 0

    package enum Step: Hashable {
      /// Tries again after so many seconds.
      case pause(Double)
      case giveUp(Reason)
    }

    package enum Reason: Hashable {
      /// The error is final.
      case final
      /// Tried as often as it is worth.
      case attempts
      /// Out of time.
      case deadline
      /// The server asks for a longer wait than there is time.
      case wait
    }

    /// What follows a failure.
    ///
    /// - Parameters:
    ///   - left: seconds until the deadline.
    ///   - hasEverAnswered: the server has answered something at some time.
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
      // What the deadline leaves is used as well, in halves.
      return left > 2 * rule.base ? .pause(left / 2) : .giveUp(.deadline)
    }
  }

  /// The pause before attempt `attempt` (counted from 1 for the first repetition), in seconds.
  ///
  /// - Parameters:
  ///   - retryAfter: what the server asked for, in seconds; it is kept to, with jitter on top. The backoff is a floor under it: a
  ///     server that says 0 does not know how many others it says it to.
  ///   - uniform: a number in [0, 1).
  package func pause(before attempt: Int, retryAfter: Double?, uniform: Double) -> Double {
    let bound = min(most, base * pow(2, Double(min(attempt, 64) - 1)))
    guard let retryAfter else { return bound * uniform }
    return max(retryAfter + base * uniform, bound * uniform)
  }

  /// Who knows more of a server than one call does.
  package protocol Watcher {
    /// The server has answered something at some time.
    var hasEverAnswered: Bool { get }

    /// Seconds until the whole call ends, attempts and pauses together.
    var secondsLeft: Double { get }

    /// Why the run has ended meanwhile, or nil.
    func ended() async -> PolicyError?

    /// A failure is tried again after so many seconds; `attempt` is how often it was tried.
    func willRetry(_ error: PolicyError, attempt: Int, pause: Double)

    /// What is thrown after the last of several attempts, or of one that is not worth another.
    func gaveUp(_ error: PolicyError, _ reason: Course.Reason, attempts: Int) -> PolicyError
  }

  /// Runs `body` until it answers, fails for good, or has been tried often enough or for long enough.
  ///
  /// - Parameters:
  ///   - watcher: asked and told of what fails.
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

  /// Waits in short stretches, so that the end of the run is not waited out.
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
