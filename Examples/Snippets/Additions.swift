// The world, policy and critics of the articles in Sources/Coxswain/Coxswain.docc.

import Coxswain

// snippet: world
/// Six numbers from 1 to 6 have to add up to a target. The reward is paid at the end: 1 less the relative error.
struct Additions: World {
  let identity = WorldIdentity(kind: "additions")
  let maximalReward: Double? = 1

  func tasks(in split: Split) throws(WorldError) -> [AgentTask] {
    let targets =
      switch split {
      case .train: Array(10..<22)
      case .validation: Array(22..<26)
      case .test: Array(26..<34)
      }
    var tasks: [AgentTask] = []
    for target in targets { tasks.append(try task(TaskID("sum-\(target)"))) }
    return tasks
  }

  func task(_ id: TaskID) throws(WorldError) -> AgentTask {
    guard let target = Int(id.rawValue.dropFirst("sum-".count)), target > 0 else {
      throw WorldError(.unknownTask, "No task is named \(id); names are sum-1, sum-2 and so on.")
    }
    return AgentTask(id: id, request: "Add six numbers from 1 to 6 that make \(target).", stepLimit: 6)
  }

  func begin(_ task: AgentTask) throws(WorldError) -> (episode: any Episode, observation: Observation) {
    guard let target = CriticState(Trajectory(task: task, opening: Observation(""))).target else {
      throw WorldError(.unknownTask, "The task \(task.id) has no target.")
    }
    let choices = (1...6).map(String.init)
    let episode = ClosureEpisode(state: (sum: 0, steps: 0)) { state, action in
      let number = Int(action.text).flatMap { (1...6).contains($0) ? $0 : nil }
      state.steps += 1
      state.sum += number ?? 0
      let isDone = state.steps == 6
      let error = Double(abs(target - state.sum)) / Double(target)
      return Outcome(
        Observation("The sum is \(state.sum).", choices: choices), reward: isDone ? 1 - error : 0, isDone: isDone,
        isInvalid: number == nil)
    }
    return (episode, Observation("The sum is 0.", choices: choices))
  }
}

extension CriticState {
  /// The target, which the request names last.
  var target: Int? { request.split(whereSeparator: { " .".contains($0) }).last.flatMap { Int($0) } }
  /// The sum of the valid actions so far.
  var sum: Int { actions.compactMap { Int($0) }.filter { (1...6).contains($0) }.reduce(0, +) }
}
// end snippet

// snippet: policy
let dice = ClosurePolicy("dice") { request in
  var generator = request.seed.generator()
  return PolicyResponse(String(1 + generator.number(below: 6)))
}
// end snippet

// snippet: closure critic
let average = ClosureCritic("3.5 for every number left") { state in
  guard let target = state.target else { return 0 }
  let expected = Double(state.sum) + 3.5 * Double(state.stepLimit - state.step)
  return 1 - abs(Double(target) - expected) / Double(target)
}
// end snippet

// snippet: distribution critic
/// The exact distribution of the return-to-go under the policy `dice`.
struct ExactCritic: Critic {
  let identity = "exact"

  func returnsToGo(from states: [CriticState]) async throws(CriticError) -> [ReturnDistribution?] {
    states.map { state in
      guard let target = state.target else { return nil }
      var masses = [state.sum: 1.0]
      for _ in state.step..<state.stepLimit {
        var next: [Int: Double] = [:]
        for (sum, mass) in masses { for number in 1...6 { next[sum + number, default: 0] += mass / 6 } }
        masses = next
      }
      let sums = masses.keys.sorted()
      return ReturnDistribution(
        returns: sums.map { 1 - Double(abs(target - $0)) / Double(target) },
        probabilities: sums.map { masses[$0] ?? 0 })
    }
  }
}
// end snippet
