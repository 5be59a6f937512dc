/// Lets at most `width` bodies run at a time, first come, first served.
package actor Gate {
  private let width: Int
  private var running = 0
  private var waiting: [CheckedContinuation<Void, Never>] = []
  private var head = 0

  package init(width: Int) { self.width = max(width, 1) }

  /// Runs `body` once there is room. The wait does not end on cancellation; `body` handles it.
  package nonisolated func withPlace<T: Sendable, Failure: Error>(
    _ body: @Sendable () async throws(Failure) -> T
  ) async throws(Failure) -> T {
    await enter()
    do {
      let value = try await body()
      await leave()
      return value
    } catch {
      await leave()
      throw error
    }
  }

  private func enter() async {
    if running < width {
      running += 1
      return
    }
    await withCheckedContinuation { waiting.append($0) }
  }

  private func leave() {
    guard head < waiting.count else {
      running -= 1
      return
    }
    // The place passes directly to the next waiting body.
    let next = waiting[head]
    head += 1
    if head > 1_000 {
      waiting.removeFirst(head)
      head = 0
    }
    next.resume()
  }
}
