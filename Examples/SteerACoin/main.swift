// Steers a custom world with a custom policy, without the command line. Everything is a closure.
//
// The world: ten tosses. The reward is the share of heads, paid at the end. The policy: a coin that shows heads three
// times in ten. The critic: the expected reward after the heads so far. Run with `swift run SteerACoin`.

import Coxswain

struct Tosses: World {
  let identity = WorldIdentity(kind: "tosses")
  let maximalReward: Double? = 1

  func tasks(in split: Split) -> [AgentTask] { (0..<50).map { task(TaskID("tosses-\($0)")) } }
  func task(_ id: TaskID) -> AgentTask { AgentTask(id: id, request: "Show heads.", stepLimit: 10) }

  func begin(_ task: AgentTask) -> (episode: any Episode, observation: Observation) {
    let episode = ClosureEpisode(state: (tosses: 0, heads: 0)) { state, action in
      state.tosses += 1
      if action.text == "heads" { state.heads += 1 }
      let isDone = state.tosses == 10
      return Outcome(Observation("Toss."), reward: isDone ? Double(state.heads) / 10 : 0, isDone: isDone)
    }
    return (episode, Observation("Toss.", choices: ["heads", "tails"]))
  }
}

let coin = ClosurePolicy("coin") { request in
  var generator = request.seed.generator()
  return PolicyResponse(generator.uniform() < 0.3 ? "heads" : "tails")
}

let critic = ClosureCritic("heads so far") { state in
  Double(state.actions.count { $0 == "heads" }) / 10 + 0.3 * Double(state.stepLimit - state.step) / 10
}

for method in [Method.bestOf, .amc] {
  let settings = SteeringSettings(method: method, particles: 8, temperature: 0.05, schedule: .steps([3, 6]), seed: 1)
  let campaign = Campaign(world: Tosses(), policy: coin, critic: critic, settings: settings)
  let outcome = try await campaign.run(Tosses().tasks(in: .test))
  let summary = MethodSummary(outcome, settings: settings, pricing: Pricing(), maximalReward: 1)
  func rounded(_ value: Double) -> Double { (value * 1_000).rounded() / 1_000 }
  print(
    "\(method.rawValue): best \(rounded(summary.rewardBest.mean)) ± \(rounded(summary.rewardBest.se)),",
    "mean \(rounded(summary.rewardMean.mean)) ± \(rounded(summary.rewardMean.se)),",
    "\(summary.policyCalls) calls")
}
