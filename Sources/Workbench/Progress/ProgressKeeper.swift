import Agents
import Foundation
import RolloutStore
import Steering
import Synchronization

/// Counts the answers of a run, and tells an observer and the store about once a second how far it is.
final class ProgressKeeper: Sendable {
  private struct State {
    var figures: ProgressFigures
    var left: RemainingSteps
    var rate = CallRate()
  }

  private let run: String
  private let store: RolloutStore
  private let budget: Budget
  private let progress: any TaskProgress
  private let start = ContinuousClock.now
  private let state: Mutex<State>

  /// - Parameters:
  ///   - run: the run's id, under which the store has the figures.
  ///   - progress: shows them.
  init(
    _ figures: ProgressFigures, _ left: RemainingSteps, run: String, store: RolloutStore, budget: Budget,
    progress: any TaskProgress
  ) {
    (self.run, self.store, self.budget, self.progress) = (run, store, budget, progress)
    state = Mutex(State(figures: figures, left: left))
  }

  private var now: Double { (ContinuousClock.now - start).inSeconds }

  func called(_ event: CallEvent) {
    let time = now
    state.withLock { state in
      state.figures.calls += 1
      state.figures.usage += event.usage
      state.left.answered(task: event.key.task, attempt: event.key.particle, step: event.key.step)
      if event.isStored {
        state.figures.storedCalls += 1
      } else {
        state.rate.answered(seconds: event.seconds, at: time)
      }
    }
    progress.called(event)
  }

  func finished(_ result: PopulationResult) {
    state.withLock { state in
      state.figures.tasksDone += 1
      state.figures.failed += result.failedParticles
      state.left.finished(task: result.task.id, lengths: result.particles.map(\.trajectory.count))
    }
    progress.finished(result)
  }

  /// Runs a campaign and reports meanwhile.
  func reporting(_ campaign: () async throws -> Campaign.Outcome) async throws -> Campaign.Outcome {
    let reports = Task {
      while !Task.isCancelled {
        await report()
        try? await Task.sleep(for: .seconds(1))
      }
    }
    func end(_ state: ProgressFigures.State, _ reason: String?) async {
      reports.cancel()
      await reports.value
      await report(state, reason)
      progress.end()
    }
    do {
      let outcome = try await campaign()
      let reason = outcome.stopped?.message
      await end(reason == nil ? .done : .stopped, reason)
      return outcome
    } catch {
      await end(.stopped, String(describing: error))
      throw error
    }
  }

  private func report(_ end: ProgressFigures.State = .running, _ reason: String? = nil) async {
    let standing = await budget.standing
    let time = now
    let figures = state.withLock { state in
      state.figures.state = end
      state.figures.reason = reason
      state.figures.inFlight = end == .running ? standing.inFlight : 0
      state.figures.limits = standing.limits
      state.figures.spentCalls = standing.spent.calls
      state.figures.spentTokens = standing.spent.usage.totalTokens
      state.figures.spentCost = standing.spent.cost
      state.figures.cost = state.figures.pricing.cost(of: state.figures.usage)
      state.figures.seconds = time
      state.figures.expect(state.left.estimate, state.rate, at: time, elapsed: standing.elapsed)
      return state.figures
    }
    progress.update(figures)
    guard let json = try? JSONEncoder().encode(figures) else { return }
    // Figures that cannot be stored are shown later. A store that is lost ends the run by its answers.
    try? await store.note(progress: String(decoding: json, as: UTF8.self), ofRun: run)
  }
}
