import Agents

/// How long the end of a command waits for a backend.
struct Deadline: Sendable {
  /// Seconds in all.
  let most: Double
  /// Seconds without anything being delivered.
  let idle: Double

  init(_ most: Double, idle: Double = .infinity) { (self.most, self.idle) = (most, idle) }

  /// Waits for the work of an outbox, and cancels it at the deadline.
  ///
  /// - Parameters:
  ///   - moves: grows with everything that is delivered.
  ///   - late: called at the deadline.
  func finish(
    _ task: Task<Void, Never>, moves: @escaping @Sendable () -> Int, late: @escaping @Sendable () -> Void = {}
  ) async {
    let watch = Task {
      let start = ContinuousClock.now
      var (last, moved) = (moves(), start)
      while true {
        try await Task.sleep(for: .milliseconds(50))
        let now = ContinuousClock.now
        if moves() != last { (last, moved) = (moves(), now) }
        if (now - start).inSeconds >= most || (now - moved).inSeconds >= idle { break }
      }
      task.cancel()
      late()
    }
    await task.value
    watch.cancel()
  }
}
