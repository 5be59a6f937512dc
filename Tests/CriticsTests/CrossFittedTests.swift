import Agents
import Testing

@testable import Critics

/// The return of a task depends on a word that occurs only in its request. A critic predicts it only if it saw the
/// task.
private enum SecretWorld {
  static let identity = WorldIdentity(kind: "secrets")

  static func rollouts(tasks: Int, each: Int) -> [Trajectory] {
    (0..<tasks).flatMap { number -> [Trajectory] in
      let task = AgentTask(id: TaskID("secret \(number)"), request: "word\(number)", stepLimit: 3)
      return (0..<each).map { _ in
        Trajectory(
          task: task, opening: Observation("?"),
          steps: (1...3).map {
            Step(
              response: "", action: .act("go"),
              outcome: Outcome(
                Observation("?"), reward: $0 == 3 && number.isMultiple(of: 2) ? 1 : 0, isDone: $0 == 3))
          })
      }
    }
  }
}

private func beliefs(
  about rollouts: [Trajectory], folds: Int = 5, seed: Seed = Seed(1), settings: TreesCritic.Settings = .quick,
  progress: ((String) -> Void)? = nil
) throws(CriticError) -> [[ReturnDistribution]] {
  try CrossFitted.beliefs(
    about: rollouts, environment: CoinWorld.identity, folds: folds, seed: seed, settings: settings,
    progress: progress)
}

@Test func crossFittedBeliefsAreThoseOfUnseenTasks() async throws {
  let rollouts = SecretWorld.rollouts(tasks: 12, each: 8)
  var settings = TreesCritic.Settings.quick
  settings.hashBuckets = 4096
  settings.minimumChildWeight = 0
  settings.rowSample = 1
  settings.columnSample = 1
  func share(_ beliefs: [[ReturnDistribution]]) -> Double {
    let pairs = zip(rollouts, beliefs).flatMap { rollout, values in values.map { (rollout.reward, $0.mean) } }
    return pairs.reduce(0) { $0 + abs($1.0 - $1.1) } / Double(pairs.count)
  }
  let honest = try beliefs(about: rollouts, settings: settings)
  // The mean of the other tasks is wrong by one half, and by more if the tasks of a fold end alike.
  #expect(share(honest) > 0.45)

  // Control: the same tasks under four names fall into several folds. Here the words reveal the returns.
  let renamed = ["a", "b", "c", "d"].flatMap { name in
    rollouts.map { rollout in
      let task = AgentTask(id: TaskID("\(name) \(rollout.task.id)"), request: rollout.request, stepLimit: 3)
      return Trajectory(task: task, opening: rollout.opening, steps: rollout.steps)
    }
  }
  let leaked = try beliefs(about: renamed, settings: settings)
  #expect(share(Array(leaked.prefix(rollouts.count))) < 0.3)
}

@Test func crossFittedBeliefsComeCloseToTheExactOnes() async throws {
  let rollouts = CoinWorld.rollouts(tasks: 0..<80, each: 4, seed: Seed(3))
  let beliefs = try beliefs(about: rollouts)
  #expect(beliefs.count == rollouts.count)
  var error = 0.0
  var ofConstant = 0.0
  for (rollout, values) in zip(rollouts, beliefs) {
    #expect(values.count == rollout.count)
    for (step, value) in values.enumerated() {
      let ones = rollout.prefix(step).actions.count { $0 == "one" }
      let exact = CoinWorld.returnToGo(step: step, ones: ones).mean
      error += abs(value.mean - exact)
      ofConstant += abs(0.3 - exact)
    }
  }
  #expect(error < ofConstant / 2)
}

@Test func crossFittedBeliefsDependOnTheSeedAlone() async throws {
  let rollouts = CoinWorld.rollouts(tasks: 0..<24, each: 4, seed: Seed(3))
  var lines: [String] = []
  let first = try beliefs(about: rollouts) { lines.append($0) }
  #expect(lines.contains { $0.contains("held-out loss") })
  #expect(try beliefs(about: rollouts) == first)
  #expect(try beliefs(about: rollouts, seed: Seed(2)) != first)
  // The order of the tasks does not matter.
  let turned = Array(rollouts.suffix(40) + rollouts.prefix(rollouts.count - 40))
  #expect(try beliefs(about: turned) == Array(first.suffix(40) + first.prefix(rollouts.count - 40)))
}

@Test func unfinishedRolloutsAreJudgedAndTeachNothing() async throws {
  let rollouts = CoinWorld.rollouts(tasks: 0..<12, each: 4, seed: Seed(3))
  let cut = CoinWorld.rollouts(tasks: 10..<14, each: 1, seed: Seed(8)).map { $0.prefix(4) }
  let empty = rollouts[0].prefix(0)
  let alone = try beliefs(about: rollouts)
  let together = try beliefs(about: cut + [empty] + rollouts)
  #expect(Array(together.suffix(rollouts.count)) == alone)
  #expect(together.prefix(cut.count).allSatisfy { $0.count == 4 })
  #expect(together[cut.count].isEmpty)
}

@Test func twoTasksAreJudgedByEachOthersMarginal() async throws {
  let rollouts = [[true, true, true, false, false, false], [false, false, false, false, false, true]].enumerated().map {
    CoinWorld.trajectory(task: $0, $1)
  }
  let values = try beliefs(about: rollouts)
  #expect(values[0].allSatisfy { abs($0.mean - 1.0 / 6) < 1e-12 })
  #expect(values[1].allSatisfy { abs($0.mean - 0.5) < 1e-12 })
  // With three tasks in two folds, one fit has a single task to learn from.
  let three = rollouts + [CoinWorld.trajectory(task: 2, [true, true, true, true, true, true])]
  #expect(try beliefs(about: three, folds: 2).allSatisfy { $0.count == 6 })
}

@Test func outOfFoldBeliefsNeedTwoTasksAndTwoFolds() async {
  let one = CoinWorld.rollouts(tasks: 0..<1, each: 4, seed: Seed(3))
  let unfinished = CoinWorld.rollouts(tasks: 1..<5, each: 1, seed: Seed(3)).map { $0.prefix(2) }
  for rollouts in [[], one, one + unfinished] {
    let error = await #expect(throws: CriticError.self) { try beliefs(about: rollouts) }
    #expect(error?.kind == .tooLittleData)
    #expect(error?.message.contains("Collect more") == true)
  }
  let error = await #expect(throws: CriticError.self) {
    try beliefs(about: CoinWorld.rollouts(tasks: 0..<4, each: 2, seed: Seed(3)), folds: 1)
  }
  #expect(error?.kind == .failed)
}
