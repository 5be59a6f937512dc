import Agents
import Steering

/// A world with partial rewards. An episode has four finds, each worth a quarter, and at most ten steps; it ends with
/// the fourth find. A find is paid at once. The state is visible only in the latest observation.
struct FindsWorld: World {
  var finds = 4
  var rounds = 10

  var identity: WorldIdentity { WorldIdentity(kind: "finds", rules: "\(finds) of \(rounds)") }
  var maximalReward: Double? { 1 }

  func tasks(in split: Split) -> [AgentTask] { (0..<8).map { task(number: $0) } }
  func task(_ id: TaskID) -> AgentTask { AgentTask(id: id, request: "search \(id)", stepLimit: rounds) }
  func task(number: Int) -> AgentTask { task(TaskID("finds-\(number)")) }

  func begin(_ task: AgentTask) -> (episode: any Episode, observation: Observation) {
    let (finds, share) = (finds, 1 / Double(finds))
    let episode = ClosureEpisode(state: 0) { found, action in
      guard action.text == "take" else { return Outcome(Observation("Nothing there.")) }
      found += 1
      return Outcome(Observation("Taken."), reward: share, isDone: found == finds)
    }
    return (episode, Observation("start"))
  }

  func transcript(for trajectory: Trajectory) -> Transcript {
    Transcript(entries: [.prompt("\(trajectory.count)")])
  }

  /// The frozen policy: finds something with probability 0.25 per step.
  static let searcher = ClosurePolicy("searcher") { request in
    var generator = request.seed.generator()
    return PolicyResponse(generator.uniform() < 0.25 ? "take" : "look", usage: Usage(inputTokens: 10, outputTokens: 1))
  }

  /// The exact distribution of the return-to-go. The number of finds in the remaining steps is binomial, and only the
  /// missing finds are paid.
  static let exactCritic = ClosureCritic("exact") { state in
    let missing = 4 - state.actions.count { $0 == "take" }
    var chances = [1.0]
    for _ in 0..<(state.stepLimit - state.step) {
      chances = (0...chances.count).map {
        ($0 < chances.count ? chances[$0] * 0.75 : 0) + ($0 > 0 ? chances[$0 - 1] * 0.25 : 0)
      }
    }
    let paid = (0...missing).map { count in
      count < missing ? (count < chances.count ? chances[count] : 0) : chances.dropFirst(missing).reduce(0, +)
    }
    return ReturnDistribution(returns: (0...missing).map { Double($0) / 4 }, probabilities: paid)
  }
}
