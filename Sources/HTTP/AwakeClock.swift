import Synchronization

/// The time during which this process could run. Time spent stopped (SIGSTOP, Ctrl-Z) or suspended with the machine is
/// excluded.
///
/// A deadline limits how long another program may take. An answer that arrived while this process was stopped cannot
/// have been late.
package final class AwakeClock: Sendable {
  /// The clock of the process.
  package static let shared = AwakeClock()

  private struct State {
    var awake = 0.0
    var last: Double
  }

  /// Seconds between two beats.
  private static let beat = 0.5
  /// The longest gap between two beats that counts in full, in seconds. Beats are late on a busy machine, too. A longer
  /// gap means that the process was stopped, and counts as one beat.
  package static let longestGap = 1.5

  private let state: Mutex<State>
  private let real: @Sendable () -> Double

  private init() {
    let start = ContinuousClock.now
    real = {
      let (seconds, attoseconds) = start.duration(to: .now).components
      return Double(seconds) + Double(attoseconds) / 1e18
    }
    state = Mutex(State(last: 0))
    Task.detached { [self] in
      while true {
        _ = now
        try? await Task.sleep(for: .seconds(Self.beat))
      }
    }
  }

  /// A clock without beats over a clock that a test controls.
  package init(over real: @escaping @Sendable () -> Double) {
    self.real = real
    state = Mutex(State(last: real()))
  }

  /// Seconds awake since the clock was created.
  package var now: Double {
    state.withLock {
      let instant = real()
      let gap = max(0, instant - $0.last)
      $0.awake += gap > Self.longestGap ? Self.beat : gap
      $0.last = instant
      return $0.awake
    }
  }

  /// Returns after this many seconds awake, or throws when cancelled.
  package func sleep(_ seconds: Double) async throws(CancellationError) {
    let end = now + seconds
    while true {
      let left = end - now
      guard left > 0 else { return }
      do { try await Task.sleep(for: .seconds(left)) } catch { throw CancellationError() }
    }
  }
}
