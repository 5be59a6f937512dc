import Agents
import Foundation
import Steering

/// The enumerable chain as a world: binary rounds, with the share of ones as the reward, paid at the end. Its policy is
/// a coin.
package struct ChainWorld: World {
  package var rounds = 12
  /// How an episode copies itself, and which error a replay has.
  package var forking = Forking.copies
  package var counter = Counter()
  /// Whether prompts tell the actions so far. Without them all states of one round have the same prompt.
  package var tellsPast = false

  package enum Forking: Sendable { case copies, replays, replaysInOtherWords, replaysWithOtherRewards }

  /// Counts opened and closed episodes, for tests of leaks.
  package final class Counter: @unchecked Sendable {
    private let lock = NSLock()
    package init() {}
    private var counts = (opened: 0, closed: 0, steps: 0)
    package func open() { lock.withLock { counts.opened += 1 } }
    package func close() { lock.withLock { counts.closed += 1 } }
    package func step() { lock.withLock { counts.steps += 1 } }
    package var opened: Int { lock.withLock { counts.opened } }
    package var closed: Int { lock.withLock { counts.closed } }
    package var steps: Int { lock.withLock { counts.steps } }
  }

  package init(
    rounds: Int = 12, forking: Forking = .copies, counter: Counter = Counter(), tellsPast: Bool = false
  ) {
    self.tellsPast = tellsPast
    self.rounds = rounds
    self.forking = forking
    self.counter = counter
  }

  package var identity: WorldIdentity { WorldIdentity(kind: "chain", rules: "\(rounds)") }
  package var maximalReward: Double? { 1 }

  package func tasks(in split: Split) -> [AgentTask] { (0..<8).map { task(number: $0) } }
  package func task(_ id: TaskID) -> AgentTask { AgentTask(id: id, request: "ones of \(id)", stepLimit: rounds) }
  package func task(number: Int) -> AgentTask { task(TaskID("chain-\(number)")) }

  package func begin(_ task: AgentTask) -> (episode: any Episode, observation: Observation) {
    counter.open()
    return (Rounds(world: self, number: counter.opened), Observation("start"))
  }

  package func transcript(for trajectory: Trajectory) -> Transcript {
    Transcript(entries: [.prompt(tellsPast ? trajectory.actions.joined() : "\(trajectory.count)")])
  }

  package struct Rounds: Episode {
    package let world: ChainWorld
    package let number: Int
    package var ones = 0
    package var round = 0

    package mutating func step(_ action: Action) throws(WorldError) -> Outcome {
      world.counter.step()
      round += 1
      if action.text == "1" { ones += 1 }
      let isDone = round == world.rounds
      let words = world.forking == .replaysInOtherWords ? "round \(round), episode \(number)" : "round \(round)"
      // Later episodes pay another reward than the first ones.
      let reward = world.forking == .replaysWithOtherRewards && round == 1 && number > 8 ? 0.5 : 0
      return Outcome(
        Observation(words), reward: reward + (isDone ? Double(ones) / Double(world.rounds) : 0), isDone: isDone)
    }

    package func fork() -> (any Episode)? {
      guard world.forking == .copies else { return nil }
      world.counter.open()
      return self
    }

    package func close() async { world.counter.close() }
  }

  /// The frozen policy: a one with probability 0.3.
  package static let coin = ClosurePolicy("coin") { request in
    var generator = request.seed.generator()
    return PolicyResponse(
      generator.uniform() < 0.3 ? "1" : "0", usage: Usage(inputTokens: 10, outputTokens: 1))
  }

  /// The exact distribution of the return-to-go: the ones so far plus a binomial number of ones to come.
  package static let exactCritic = ClosureCritic("exact") { state in
    let ones = state.actions.count { $0 == "1" }
    let left = state.stepLimit - state.step
    var chances = [1.0]
    for _ in 0..<left {
      chances = (0...chances.count).map {
        ($0 < chances.count ? chances[$0] * 0.7 : 0) + ($0 > 0 ? chances[$0 - 1] * 0.3 : 0)
      }
    }
    return ReturnDistribution(
      returns: chances.indices.map { Double(ones + $0) / Double(state.stepLimit) }, probabilities: chances)
  }
}
