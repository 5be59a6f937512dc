import Agents
import Foundation
import ParticleFilter

@testable import Findings
@testable import Steering

/// Made-up populations and summaries.
enum Samples {
  static let task = AgentTask(
    id: "orders-17", request: "A large oat-milk latte, to go, before nine, and two blueberry muffins.", stepLimit: 5)

  /// A trajectory with the actions "<step> right" or "<step> wrong". The reward is the share of right ones, paid at the
  /// end.
  static func trajectory(_ choices: [Bool], of length: Int, task: AgentTask = task) -> Trajectory {
    var trajectory = Trajectory(task: task, opening: Observation("The form is empty."))
    for (number, isRight) in choices.enumerated() {
      let isLast = number == length - 1
      let reward = isLast ? Double(choices.count { $0 }) / Double(length) : 0
      let action = Action.act("\(number + 1) \(isRight ? "right" : "wrong")")
      trajectory.append(
        Step(response: "", action: action, outcome: Outcome(Observation("Noted."), reward: reward, isDone: isLast)))
    }
    return trajectory
  }

  /// A run of the filter over made-up trajectories with a noisy critic.
  static func population(
    particles: Int, steps: Int, schedule: Schedule, seed: UInt64 = 3, temperature: Double = 0.1, task: AgentTask = task
  ) -> PopulationResult {
    var generator = Seed(seed).generator()
    var choices: [[Bool]] = Array(repeating: [], count: particles)
    var filter = ParticleFilter(count: particles, temperature: temperature, schedule: schedule, initialValue: 0.5)
    var bank: [PopulationResult.Banked] = []
    for step in 1...steps {
      for place in choices.indices { choices[place].append(Double.random(in: 0..<1, using: &generator) < 0.5) }
      guard filter.schedule.nextCheckpoint(after: step - 1) == step else { continue }
      let values = choices.map { choices in
        let expected = Double(choices.count { $0 }) + 0.5 * Double(steps - step)
        return expected / Double(steps) + .random(in: -0.05..<0.05, using: &generator)
      }
      let paid = Payment(rewards: Array(repeating: 0, count: particles))
      let guidance = Guidance(softValues: values)
      guard let ancestors = filter.weigh(step: step, paid: paid, guidance: guidance, using: &generator).ancestors
      else { continue }
      if step == steps {
        for place in choices.indices where !ancestors.contains(place) {
          bank.append(.init(place: place, trajectory: trajectory(choices[place], of: steps, task: task)))
        }
      }
      choices = ancestors.map { choices[$0] }
    }
    let trajectories = choices.map { trajectory($0, of: steps, task: task) }
    filter.finish(paid: Payment(rewards: trajectories.map(\.reward)))
    return result(task, trajectories: trajectories, genealogy: filter.genealogy, bank: bank)
  }

  static func result(
    _ task: AgentTask = task, trajectories: [Trajectory], genealogy: Genealogy, bank: [PopulationResult.Banked] = [],
    failures: [Int: String] = [:]
  ) -> PopulationResult {
    PopulationResult(
      task: task,
      particles: trajectories.enumerated().map { place, trajectory in
        .init(
          trajectory: trajectory, failure: failures[place].map { AttemptFailure(.environmentFailed, $0) },
          logWeight: failures[place] == nil ? 0 : -.infinity,
          weight: 1 / Double(trajectories.count))
      },
      bank: bank, genealogy: genealogy, softValue: 0.5, selection: nil, calls: trajectories.reduce(0) { $0 + $1.count },
      criticCalls: 0, usage: Usage(), wallSeconds: 1, criticalPathSeconds: 1, replayMismatches: 0,
      failures: failures.values.map { AttemptFailure(.environmentFailed, $0) })
  }

  static func outcome(_ results: [PopulationResult], wallSeconds: Double) -> Campaign.Outcome {
    Campaign.Outcome(
      results: results, stopped: nil, wallSeconds: wallSeconds, calls: 0, storedCalls: 0, usage: Usage())
  }

  static func summary(
    _ method: String, tasks: Int = 48, particles: Int = 8, resample: String = "none",
    temperature: Double = 0.1, keep: Int? = nil, seeds: [Int] = [0], scale: Double = 1,
    best: (Double, Double) = (0.738, 0.039), mean: (Double, Double) = (0.412, 0.021),
    weighted: (Double, Double) = (0.655, 0.041), selected: (Double, Double) = (0.61, 0.05), by: String = "critic",
    solved: (Double, Double)? = (0.25, 0.0632), calls: Int = 1_920, tokens: (Int, Int, Int) = (123_456, 100_000, 7_890),
    cost: Double = 0, seconds: Double = 185, stopped: String? = nil, failed: Int = 0, mismatches: Int = 0,
    saved: Int = 0, reasoning: Int = 0
  ) throws -> MethodSummary {
    func estimate(_ pair: (Double, Double)) -> [String: Any] { ["mean": pair.0 * scale, "se": pair.1 * abs(scale)] }
    var object: [String: Any] = [
      "method": method, "tasks": tasks, "particles": particles, "temperature": temperature,
      "resample": resample, "seeds": seeds, "rewardBest": estimate(best), "rewardMean": estimate(mean),
      "rewardWeighted": estimate(weighted),
      "rewardSelected": estimate(selected).merging(["by": by]) { $1 }, "softValue": estimate((0.5, 0.02)),
      "policyCalls": calls, "storedCalls": 0, "searchesStopped": 0, "criticCalls": 96, "inputTokens": tokens.0,
      "cachedInputTokens": tokens.1, "cacheWriteTokens": 0, "savedInputTokens": saved, "reasoningTokens": reasoning,
      "outputTokens": tokens.2, "cost": cost, "wallSeconds": seconds, "criticalPathSeconds": 61.2, "resamplings": 96,
      "forks": 300, "replayMismatches": mismatches, "failedParticles": failed, "perTask": [Any](),
    ]
    if failed > 0 {
      let reason: [String: Any] = ["reason": "environmentFailed", "count": failed, "example": "lost", "remedy": "look"]
      object["failedAttempts"] = ["count": failed, "tasks": 0, "reasons": [reason]]
    }
    if let solved { object["solvedBest"] = ["mean": solved.0, "se": solved.1] }
    if let keep { object["keep"] = keep }
    if let stopped { object["stopped"] = stopped }
    return try JSONDecoder().decode(MethodSummary.self, from: JSONSerialization.data(withJSONObject: object))
  }

  static func comparison(
    _ methods: [MethodSummary], differences: [[String: Any]] = []
  ) throws -> Comparison {
    let encoded = try JSONSerialization.jsonObject(with: JSONEncoder().encode(methods))
    let data = try JSONSerialization.data(withJSONObject: ["methods": encoded, "differences": differences])
    return try JSONDecoder().decode(Comparison.self, from: data)
  }

  static func difference(against: String, tasks: Int = 48) -> [String: Any] {
    [
      "method": "amc", "particles": 8, "temperature": 0.1, "resample": "steps:1,2,3", "against": against,
      "againstParticles": 8, "tasks": tasks, "seeds": [0], "solvedBest": ["mean": 0.17, "se": 0.05],
      "rewardBest": ["mean": 0.05, "se": 0.01], "rewardMean": ["mean": 0.13, "se": 0.004],
      "rewardWeighted": ["mean": 0.1, "se": 0.01],
    ]
  }

  /// Three methods, as in the comparison of `cox demo`.
  static func demonstration(scale: Double = 1, cost: Double = 0) throws -> Comparison {
    try comparison(
      [
        summary(
          "single", particles: 1, scale: scale, best: (0.40, 0.03), mean: (0.40, 0.03), weighted: (0.40, 0.03),
          selected: (0.40, 0.03), by: "chance", solved: (0.021, 0.021), calls: 240, tokens: (80_000, 60_000, 900),
          cost: cost / 8, seconds: 12.4),
        summary("best-of", scale: scale, weighted: (0.688, 0.040), cost: cost, seconds: 99),
        summary(
          "amc", resample: "steps:1,2,3", scale: scale, best: (0.788, 0.030), mean: (0.542, 0.024),
          weighted: (0.70, 0.035), selected: (0.66, 0.04), solved: (0.4167, 0.0719), cost: cost, seconds: 185),
      ], differences: [difference(against: "single"), difference(against: "best-of")])
  }
}
