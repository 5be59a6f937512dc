import Agents
import Foundation
import ParticleFilter

/// A setting and its simulated results by task, as means over replicates.
struct Trial: Sendable {
  let setting: Simulation.Setting
  var best: [Double] = []
  var weighted: [Double] = []
  var calls: [Double] = []
  /// The number of clones in total.
  var forks = 0.0
  /// The results of independent attempts with at least as many calls.
  var attemptsBest: [Double] = []
  var attemptsWeighted: [Double] = []

  var gainBest: [Double] { zip(best, attemptsBest).map { $0 - $1 } }
  var gainWeighted: [Double] { zip(weighted, attemptsWeighted).map { $0 - $1 } }
}

/// Compares settings on the same tasks, from the same first attempts.
struct Arena: Sendable {
  let simulation: Simulation
  private let seed: Seed
  /// See ``Planner/work``.
  private let work: Double

  init(_ simulation: Simulation, seed: Seed, work: Double) {
    self.simulation = simulation
    self.seed = seed
    self.work = work
  }

  /// Runs every setting several times on every task. The result does not depend on the number of processors.
  ///
  /// - Throws: where the current task was cancelled.
  func trials(of settings: [Simulation.Setting]) async throws(CancellationError) -> [Trial] {
    guard let most = settings.map(\.particles).max() else { return [] }
    let tasks = simulation.space.tasks.count
    let steps = Double(simulation.space.paths.map(\.length).max() ?? 1)
    let once = Double(tasks * settings.count * most) * steps
    let replicates = Int(min(max(work / once, 1), 64))
    let trials = await withTaskGroup(of: (Int, [Cell]).self) { group in
      var next = 0
      func start() {
        guard next < tasks, !Task.isCancelled else { return }
        let task = next
        next += 1
        group.addTask { (task, cells(settings, at: task, replicates: replicates)) }
      }
      for _ in 0..<ProcessInfo.processInfo.activeProcessorCount { start() }
      var done: [Int: [Cell]] = [:]
      for await (task, row) in group {
        done[task] = row
        start()
      }
      return settings.indices.map { index in
        var trial = Trial(setting: settings[index])
        for task in 0..<tasks {
          guard let cell = done[task]?[index] else { continue }
          trial.best.append(cell.steered.best)
          trial.weighted.append(cell.steered.weighted)
          trial.calls.append(cell.calls)
          trial.forks += Double(cell.steered.forks)
          trial.attemptsBest.append(cell.attempts.best)
          trial.attemptsWeighted.append(cell.attempts.weighted)
        }
        return trial
      }
    }
    if Task.isCancelled { throw CancellationError() }
    return trials
  }

  /// The results of one setting on one task.
  private struct Cell: Sendable {
    var steered = Simulation.Result()
    var attempts = Simulation.Result()
    var calls = 0.0
  }

  private func cells(_ settings: [Simulation.Setting], at task: Int, replicates: Int) -> [Cell] {
    var cells = Array(repeating: Cell(), count: settings.count)
    let share = 1 / Double(replicates)
    for replicate in 0..<replicates where !Task.isCancelled {
      let seed = seed.split(simulation.space.tasks[task].rawValue).split(replicate)
      var attempts = simulation.attempts(at: task, seed: seed)
      for (index, setting) in settings.enumerated() {
        let steered = simulation.population(setting, at: task, seed: seed)
        let (best, weighted) = independent(&attempts, like: setting, calls: steered.calls)
        cells[index].steered.best += share * steered.best
        cells[index].steered.weighted += share * steered.weighted
        cells[index].steered.forks += steered.forks
        cells[index].calls += share * Double(steered.calls)
        cells[index].attempts.best += share * best
        cells[index].attempts.weighted += share * weighted
      }
    }
    return cells
  }

  /// Best-of-N, continued until it has made at least `calls` calls.
  private func independent(
    _ attempts: inout Simulation.Attempts, like setting: Simulation.Setting, calls: Int
  ) -> (best: Double, weighted: Double) {
    var made = 0
    var rewards: [Double] = []
    // Every attempt counts at least one call, so that the loop ends.
    while rewards.count < setting.particles || made < calls {
      let attempt = attempts[rewards.count]
      made += max(attempt.calls, 1)
      rewards.append(attempt.reward)
    }
    let weights = LogWeights(rewards.map { $0 / simulation.temperatures[setting.temperature] }).normalised
    return (rewards.max() ?? 0, zip(weights, rewards).reduce(0) { $0 + $1.0 * $1.1 })
  }
}

extension ValueSpace {
  /// The paths of tasks with more than one rollout. A single rollout shows no variation to select from.
  var comparable: [[Int]] { pathsOfTask.filter { $0.count > 1 } }

  /// Whether all rollouts of each task have the same return, so that there is nothing to select.
  var isUniform: Bool {
    comparable.allSatisfy { paths in
      let returns = paths.map { self.paths[$0].rewards[self.paths[$0].length] }
      return (returns.max() ?? 0) - (returns.min() ?? 0) < 1e-9
    }
  }
}
