import Synchronization

/// Time that this process had to work in: what it spent stopped (SIGSTOP, Ctrl-Z) or asleep with its machine is left out.
///
/// A deadline is for what another program does meanwhile. After a stop there was no meanwhile.
package final class AwakeClock: Sendable {
  /// The clock of the process.
  package static let shared = AwakeClock()

  private struct State {
    var awake = 0.0
    var last: Double
  }

  /// Between two beats, in seconds.
  private static let beat = 0.5
  /// The longest gap between two beats that can be work, in seconds: a busy machine is late, too. A longer one is a stop, and
  /// counts as one beat.
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

  /// A clock without a beat, over one that a test moves.
  package init(over real: @escaping @Sendable () -> Double) {
    self.real = real
    state = Mutex(State(last: real()))
  }

  /// Seconds of work since the clock was first looked at.
  package var now: Double {
    state.withLock {
      let instant = real()
      let gap = max(0, instant - $0.last)
      $0.awake += gap > Self.longestGap ? Self.beat : gap
      $0.last = instant
      return $0.awake
    }
  }

  /// Returns when so many seconds of work have passed, or throws when cancelled.
  package func sleep(_ seconds: Double) async throws(CancellationError) {
    let end = now + seconds
    while true {
      let left = end - now
      guard left > 0 else { return }
      do { try await Task.sleep(for: .seconds(left)) } catch { throw CancellationError() }
    }
  }
}
