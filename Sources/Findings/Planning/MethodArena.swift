import Agents
import Foundation
import ParticleFilter
import Steering

/// Compares methods under one budget for all tasks.
struct MethodArena: Sendable {
  /// A method with its settings.
  enum Candidate: Sendable, Hashable {
    case bestOf
    case frontier
    case amc(Simulation.Setting)
    case beam(Simulation.Setting, keep: Int)

    var method: Method {
      switch self {
      case .bestOf: .bestOf
      case .frontier: .frontier
      case .amc: .amc
      case .beam: .beam
      }
    }

    var setting: Simulation.Setting? {
      switch self {
      case .bestOf, .frontier: nil
      case .amc(let setting), .beam(let setting, _): setting
      }
    }
  }

  let simulation: Simulation
  /// The predictions of the critic to steer by, by path and step.
  let beliefs: [[ReturnDistribution?]]
  let seed: Seed
  /// Model calls per task on average.
  let calls: Int
  /// See ``Planner/work``.
  let work: Double

  /// The fractions of the calls at which the curve of reward against calls is read.
  static let shares = [0.25, 0.5, 1, 2]
  private static let mostReplicates = 16

  /// Rewards by candidate, share and task, as means over replicates.
  ///
  /// - Throws: where the current task was cancelled.
  func rewards(of candidates: [Candidate], hasVerifier: Bool) async throws(CancellationError) -> [[[Double]]] {
    let tasks = simulation.space.tasks.count
    // A search can receive the calls that solved tasks leave, so curves go up to three times the mean. Each call of a
    // search scans all states, so the work grows with the square.
    let most = 3 * calls
    let once = Double(tasks * candidates.count) * Double(most * most) / 8
    let replicates = Int(min(max(work / once, 1), Double(Self.mostReplicates)))
    let curves = await withTaskGroup(of: (Int, [[SearchCurve]]).self) { group in
      var next = 0
      func start() {
        guard next < tasks, !Task.isCancelled else { return }
        let task = next
        next += 1
        group.addTask {
          let curves = (0..<replicates).map { replicate -> [SearchCurve] in
            let seed = seed.split(simulation.space.tasks[task].rawValue).split(replicate)
            guard !Task.isCancelled else { return [] }
            return candidates.map { curve(of: $0, at: task, calls: most, hasVerifier: hasVerifier, seed: seed) }
          }
          return (task, curves)
        }
      }
      for _ in 0..<ProcessInfo.processInfo.activeProcessorCount { start() }
      var done: [Int: [[SearchCurve]]] = [:]
      for await (task, row) in group {
        done[task] = row
        start()
      }
      return done
    }
    if Task.isCancelled { throw CancellationError() }
    var rewards = candidates.map { _ in Self.shares.map { _ in Array(repeating: 0.0, count: tasks) } }
    for replicate in 0..<replicates {
      for place in candidates.indices {
        let own = (0..<tasks).compactMap { curves[$0]?[replicate][place] }
        for (index, share) in Self.shares.enumerated() {
          let total = Int((share * Double(calls * tasks)).rounded())
          let allotted =
            hasVerifier
            ? SearchCurve.allotted(own, total: total) : Array(repeating: total / tasks, count: tasks)
          for task in 0..<tasks {
            rewards[place][index][task] += own[task].best(within: allotted[task]) / Double(replicates)
          }
        }
      }
    }
    return rewards
  }

  /// The calls and the best reward of a frontier search with a price of a call, by task, as means over replicates. The
  /// calls of all tasks together are limited as in a campaign.
  ///
  /// - Parameters:
  ///   - price: in reward units.
  ///   - calls: the most calls of a task on average.
  /// - Throws: where the current task was cancelled.
  func priced(
    _ price: Double, calls: Int, hasVerifier: Bool
  ) async throws(CancellationError) -> (calls: [Double], rewards: [Double]) {
    let tasks = simulation.space.tasks.count
    let most = 3 * calls
    let replicates = 4
    let curves = await withTaskGroup(of: (Int, [SearchCurve]).self) { group in
      for task in 0..<tasks {
        group.addTask {
          guard !Task.isCancelled else { return (task, []) }
          let curves = (0..<replicates).map { replicate -> SearchCurve in
            simulation.frontier(
              at: task, beliefs: beliefs, isGuided: true, rule: Frontier.Rule(price: price), calls: most,
              hasVerifier: hasVerifier, seed: seed.split(simulation.space.tasks[task].rawValue).split(replicate))
          }
          return (task, curves)
        }
      }
      return await group.reduce(into: [Int: [SearchCurve]]()) { $0[$1.0] = $1.1 }
    }
    if Task.isCancelled { throw CancellationError() }
    var (spent, rewards) = (Array(repeating: 0.0, count: tasks), Array(repeating: 0.0, count: tasks))
    for replicate in 0..<replicates {
      let own = (0..<tasks).compactMap { curves[$0]?[replicate] }
      for (task, allotted) in SearchCurve.allotted(own, total: calls * tasks).enumerated() {
        spent[task] += Double(allotted) / Double(replicates)
        rewards[task] += own[task].best(within: allotted) / Double(replicates)
      }
    }
    return (spent, rewards)
  }

  private func curve(
    of candidate: Candidate, at task: Int, calls: Int, hasVerifier: Bool, seed: Seed
  ) -> SearchCurve {
    switch candidate {
    case .bestOf:
      simulation.frontier(
        at: task, beliefs: beliefs, isGuided: false, calls: calls, hasVerifier: hasVerifier, seed: seed)
    case .frontier:
      simulation.frontier(
        at: task, beliefs: beliefs, isGuided: true, calls: calls, hasVerifier: hasVerifier, seed: seed)
    case .amc(let setting): simulation.waves(setting, at: task, calls: calls, seed: seed)
    case .beam(let setting, let keep): simulation.waves(setting, keep: keep, at: task, calls: calls, seed: seed)
    }
  }
}
