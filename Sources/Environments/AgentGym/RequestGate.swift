/// Limits the number of open requests to one server, first come, first served. A waiting task that is cancelled leaves
/// the queue.
actor RequestGate {
  private let width: Int
  private(set) var running = 0
  private var tickets = 0
  private var line: [(ticket: Int, resume: CheckedContinuation<Bool, Never>)] = []

  init(width: Int) { self.width = max(width, 1) }

  nonisolated func withPlace<T: Sendable>(
    _ body: @Sendable () async throws(GymFailure) -> T
  ) async throws(GymFailure) -> T {
    guard await enter() else { throw .cancelled }
    do throws(GymFailure) {
      let value = try await body()
      await leave()
      return value
    } catch {
      await leave()
      throw error
    }
  }

  /// The number of waiting tasks.
  var waiting: Int { line.count }

  private func enter() async -> Bool {
    if running < width {
      running += 1
      return true
    }
    tickets += 1
    let ticket = tickets
    return await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        guard !Task.isCancelled else { return continuation.resume(returning: false) }
        line.append((ticket, continuation))
      }
    } onCancel: {
      Task { await self.giveUp(ticket) }
    }
  }

  private func leave() {
    // The place passes directly to the next in line, so `running` stays the same.
    if line.isEmpty { running -= 1 } else { line.removeFirst().resume.resume(returning: true) }
  }

  private func giveUp(_ ticket: Int) {
    guard let place = line.firstIndex(where: { $0.ticket == ticket }) else { return }
    line.remove(at: place).resume.resume(returning: false)
  }
}
