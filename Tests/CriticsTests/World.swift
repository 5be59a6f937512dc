import Agents
import Foundation

@testable import Critics

/// Binary rounds, each a one with probability 0.3. The reward is the share of ones, paid at the end. The exact
/// distribution of the return-to-go is known in every state.
struct CoinWorld {
  static let identity = WorldIdentity(kind: "coins", rules: "6 rounds")
  static let rounds = 6
  static let chance = 0.3

  static func rollouts(tasks: Range<Int>, each: Int, seed: Seed) -> [Trajectory] {
    tasks.flatMap { number in
      (0..<each).map { attempt in
        var generator = seed.split(number).split(attempt).generator()
        return trajectory(task: number, (0..<rounds).map { _ in generator.uniform() < chance })
      }
    }
  }

  static func trajectory(task number: Int, _ ones: [Bool]) -> Trajectory {
    let task = AgentTask(
      id: TaskID("coin \(number)"), request: "Say one as often as you can, customer \(number).", stepLimit: rounds)
    var trajectory = Trajectory(task: task, opening: Observation("Begin."))
    for (index, isOne) in ones.enumerated() {
      let isLast = index + 1 == rounds
      let text = isOne ? "one" : "zero"
      trajectory.append(
        Step(
          response: text, action: .act(text),
          outcome: Outcome(
            Observation(isLast ? "Over." : "Next."),
            reward: isLast ? Double(ones.count(where: \.self)) / Double(rounds) : 0, isDone: isLast)))
    }
    return trajectory
  }

  /// The exact return-to-go after `step` rounds with `ones` ones.
  static func returnToGo(step: Int, ones: Int) -> ReturnDistribution {
    var chances = [1.0]
    for _ in step..<rounds {
      chances = (0...chances.count).map {
        ($0 < chances.count ? chances[$0] * (1 - chance) : 0) + ($0 > 0 ? chances[$0 - 1] * chance : 0)
      }
    }
    return ReturnDistribution(
      returns: chances.indices.map { Double(ones + $0) / Double(rounds) }, probabilities: chances)
  }
}

/// Random words, and rewards that do not depend on them.
enum NoiseWorld {
  static let identity = WorldIdentity(kind: "noise")

  static func rollouts(
    tasks: Int, each: Int, steps: Int, words: Int = 20, returns: Int = 2, seed: Seed
  ) -> [Trajectory] {
    var generator = seed.generator()
    func text(_ count: Int) -> String {
      (0..<count).map { _ in "w\(generator.next() % 800)" }.joined(separator: " ")
    }
    return (0..<tasks).flatMap { number -> [Trajectory] in
      let task = AgentTask(id: TaskID("noise \(number)"), request: text(words), stepLimit: steps)
      return (0..<each).map { _ in
        var trajectory = Trajectory(task: task, opening: Observation(text(words)))
        for step in 1...steps {
          let action = text(2)
          let reward = step == steps ? Double(generator.next() % UInt64(returns)) / Double(returns - 1) : 0
          trajectory.append(
            Step(
              response: action, action: .act(action),
              outcome: Outcome(Observation(text(words)), reward: reward, isDone: step == steps)))
        }
        return trajectory
      }
    }
  }
}

extension TreesCritic.Settings {
  /// Settings that are large enough for a test.
  static var quick: Self {
    var settings = Self()
    settings.hashBuckets = 64
    settings.mostRounds = 30
    settings.learningRate = 0.3
    settings.folds = 3
    return settings
  }
}

/// A small critic with trees, trained once for all tests.
let coinCritic: TreesCritic = {
  // A trap is acceptable in a test.
  try! TreesCritic.fit(
    CoinWorld.rollouts(tasks: 0..<80, each: 4, seed: Seed(3)), environment: CoinWorld.identity, policy: "coin",
    seed: Seed(1), settings: .quick)
}()

func coinStates(tasks: Range<Int>, seed: Seed = Seed(77)) -> [CriticState] {
  CoinWorld.rollouts(tasks: tasks, each: 1, seed: seed).flatMap { $0.observedPrefixes.map(\.state) }
}
