import Agents
import Steering

/// Receives progress and remarks of a ``Workbench``. Its methods are called from any thread.
///
/// The command line draws progress on standard error. ``SilentObserver`` ignores everything.
public protocol WorkObserver: Sendable {
  /// A remark of one or several lines that explains a result, such as what was left out and why.
  func note(_ text: String)

  /// A remark that matters also to callers who want no progress, such as a file that could not be written.
  func warn(_ text: String)

  /// Tasks are about to be attempted.
  ///
  /// - Parameters:
  ///   - calls: the most model calls that all of them may take.
  ///   - pricing: of the policy, for the cost so far.
  func begin(_ title: String, tasks: Int, calls: Int, pricing: Pricing) -> any TaskProgress

  /// Work that is counted in steps is about to begin.
  ///
  /// - Parameter unit: what is counted, in the plural.
  func begin(_ title: String, steps: Int, unit: String) -> any StepProgress

  /// Runs `body`. If the user asks for an end meanwhile, it prints `remark` and calls `stop` once.
  func stoppable<T>(
    _ remark: String, stop: @escaping @Sendable () -> Void, _ body: () async throws -> T
  ) async throws -> T
}

/// Progress of attempts at several tasks.
public protocol TaskProgress: Sendable {
  /// An answer has arrived, or was read from the store.
  func called(_ event: CallEvent)
  /// A task is done.
  func finished(_ result: PopulationResult)
  /// How far the run is, about once a second.
  func update(_ figures: ProgressFigures)
  /// No more is to come.
  func end()
}

extension TaskProgress {
  /// Shows nothing.
  public func update(_ figures: ProgressFigures) {}
}

/// Progress of work that is counted in steps.
public protocol StepProgress: Sendable {
  /// - Parameters:
  ///   - done: steps so far.
  ///   - more: figures of the last step, in words; may be empty.
  func update(_ done: Int, _ more: String)
  /// No more is to come.
  func end()
}

/// An observer that shows nothing and never asks for an end.
public struct SilentObserver: WorkObserver {
  /// Stateless: every instance behaves alike.
  public init() {}

  public func note(_ text: String) {}
  public func warn(_ text: String) {}
  public func begin(_ title: String, tasks: Int, calls: Int, pricing: Pricing) -> any TaskProgress { NoProgress() }
  public func begin(_ title: String, steps: Int, unit: String) -> any StepProgress { NoProgress() }

  public func stoppable<T>(
    _ remark: String, stop: @escaping @Sendable () -> Void, _ body: () async throws -> T
  ) async throws -> T {
    try await body()
  }

  private struct NoProgress: TaskProgress, StepProgress {
    func called(_ event: CallEvent) {}
    func finished(_ result: PopulationResult) {}
    func update(_ done: Int, _ more: String) {}
    func end() {}
  }
}

extension WorkObserver {
  /// Ends a run cleanly on the user's request: calls in flight finish and are stored, and no new calls are made.
  package func stoppable<T>(budget: Budget, _ body: () async throws -> T) async throws -> T {
    try await stoppable(
      "Stopping: calls in flight are finished and stored. Interrupt again to stop at once.",
      stop: {
        Task { await budget.stop("Stopped. Run the same command to continue: stored answers are not requested again.") }
      }, body)
  }

  /// Runs work without answers to save. On the user's request it is cancelled and closes what it opened.
  package func cancellable<T: Sendable>(_ body: @escaping @Sendable () async throws -> T) async throws -> T {
    let work = Task { try await body() }
    return try await stoppable(
      "Stopping: open files and connections are closed. Interrupt again to stop at once.", stop: { work.cancel() },
      { try await work.value })
  }

  /// Runs work that stores its answers and stages while it runs, within the limits of `budget`.
  ///
  /// - Throws: after the user's request to stop, an error that says how to continue.
  package func resumable<T: Sendable>(
    _ budget: Budget, _ body: @escaping @Sendable () async throws -> T
  ) async throws -> T {
    try await cancellable {
      do { return try await Self.withinLimits(budget, body) } catch {
        if let end = await budget.end { throw end }
        guard Task.isCancelled else { throw error }
        throw PolicyError(
          .cancelled, "Stopped. Run the same command to continue: stored answers are not requested again.")
      }
    }
  }

  /// Cancels `body` when a limit is reached, even between two calls.
  private static func withinLimits<T: Sendable>(
    _ budget: Budget, _ body: @escaping @Sendable () async throws -> T
  ) async throws -> T {
    try await withThrowingTaskGroup(of: T?.self) { group in
      group.addTask { try await body() }
      group.addTask {
        while await budget.end == nil { try await Task.sleep(for: .milliseconds(500)) }
        return nil
      }
      defer { group.cancelAll() }
      while let value = try await group.next() {
        if let value { return value }
        group.cancelAll()
      }
      throw CancellationError()
    }
  }
}
