// Collects, trains, plans and steers in a custom world from a program, without the command line.

import Coxswain
import Foundation

/// Ten tosses. The reward is the share of heads, paid at the end.
struct Tosses: World {
  let identity = WorldIdentity(kind: "tosses")
  let maximalReward: Double? = 1

  func tasks(in split: Split) -> [AgentTask] { (0..<12).map { task(TaskID("\(split.rawValue)-\($0)")) } }
  func task(_ id: TaskID) -> AgentTask { AgentTask(id: id, request: "Show heads.", stepLimit: 10) }

  func begin(_ task: AgentTask) -> (episode: any Episode, observation: Observation) {
    let episode = ClosureEpisode(state: (tosses: 0, heads: 0)) { state, action in
      state.tosses += 1
      state.heads += action.text == "heads" ? 1 : 0
      let isDone = state.tosses == 10
      return Outcome(
        Observation("\(state.heads) heads so far."), reward: isDone ? Double(state.heads) / 10 : 0, isDone: isDone)
    }
    return (episode, Observation("0 heads so far.", choices: ["heads", "tails"]))
  }
}

let coin = ClosurePolicy("coin") { request in
  var generator = request.seed.generator()
  return PolicyResponse(generator.uniform() < 0.3 ? "heads" : "tails")
}

let folder = FileManager.default.temporaryDirectory.appendingPathComponent("consumer-\(UUID().uuidString)")
defer { try? FileManager.default.removeItem(at: folder) }
let options = Workbench.Options(
  world: Tosses(), policy: coin, store: folder.appendingPathComponent("store.sqlite").path)

try await Workbench.with(options) { bench in
  let collected = try await bench.collect(split: .train, rollouts: 8)
  print("collected: \(collected.trajectories) rollouts")
  let trained = try await bench.train()
  print("trained: \(trained.rollouts) rollouts of \(trained.tasks) tasks")
  var request = PlanRequest()
  request.work = 10_000  // fewer simulated steps than the default, since this is an example
  let (plan, _) = try await bench.plan(request)
  print("planned: \(plan.rollouts) rollouts, N \(plan.particles)")
  let summary = try await bench.steer()
  print(
    "steered: \(summary.tasks) tasks with \(summary.method), best reward at least .3: \(summary.rewardBest.mean > 0.3)")
}
