import Agents
import Foundation

/// How often a call is tried again, and after how long: bounded exponential backoff with full jitter.
public struct RetryRule: Sendable, Hashable {
  /// Attempts in all, the first included.
  public var attempts: Int
  /// The upper bound of the first pause, in seconds; it doubles with every attempt.
  public var base: Double
  /// The upper bound of a pause that the server did not ask for, in seconds.
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
    return retryAfter + base * uniform
  }

  /// Who knows more of a server than one call does.
  protocol Watcher {
    /// The server has answered something at some time.
    var hasEverAnswered: Bool { get }

    /// When the whole call ends, attempts and pauses together.
    var deadline: ContinuousClock.Instant { get }

    /// Why the run has ended meanwhile, or nil.
    func ended() async -> PolicyError?

    /// A failure is tried again after so many seconds; `attempt` is how often it was tried.
    func willRetry(_ error: PolicyError, attempt: Int, pause: Double)
  }

  /// A server that never answered is most likely not there at all: so many attempts tell. So they do where an answer came whole
  /// and cannot be read: it was most likely paid for.
  static let fewAttempts = 4

  /// Runs `body` until it answers, fails for good, or has been tried often enough or for long enough.
  ///
  /// - Parameters:
  ///   - watcher: asked and told of what fails.
  func run<T: Sendable>(
    seed: Seed, watcher: some Watcher,
    _ body: () async throws(PolicyError) -> T
  ) async throws(PolicyError) -> (value: T, attempts: Int) {
    var generator: SplitMix64?
    var (attempt, hopeless) = (1, 0)
    while true {
      do throws(PolicyError) {
        return (try await body(), attempt)
      } catch {
        var draws = generator ?? seed.split("retry").generator()
        let uniform = draws.uniform()
        generator = draws
        let isHopeless =
          error.kind == .malformedAnswer || error.kind == .unreachable && !watcher.hasEverAnswered
        if isHopeless { hopeless += 1 }
        guard error.isRetryable, hopeless < Self.fewAttempts,
          let pause = pause(before: attempt, retryAfter: error.retryAfter, uniform: uniform),
          ContinuousClock.now + .seconds(pause) < watcher.deadline
        else {
          throw attempt == 1
            ? error : PolicyError(error.kind, "\(error.message) (tried \(attempt) times)", retryAfter: error.retryAfter)
        }
        watcher.willRetry(error, attempt: attempt, pause: pause)
        attempt += 1
        try await wait(pause, watcher)
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

/// Reads `Retry-After`, a number of seconds or a date of HTTP's preferred form (RFC 9110, 10.2.3). nil where it is neither.
func retryAfterSeconds(_ header: String?, now: Date) -> Double? {
  guard let header = header?.trimmingCharacters(in: .whitespaces) else { return nil }
  // Longer than a year is for ever.
  if let seconds = Double(header) { return seconds.isNaN ? nil : min(max(seconds, 0), 31_536_000) }
  let formatter = DateFormatter()
  formatter.locale = Locale(identifier: "en_US_POSIX")
  formatter.timeZone = TimeZone(identifier: "GMT")
  formatter.dateFormat = "EEE, dd MMM yyyy HH:mm:ss zzz"
  return formatter.date(from: header).map { max($0.timeIntervalSince(now), 0) }
}
