import Agents
import Testing

@testable import Findings
@testable import Steering

/// Tasks of five choices. Each task has its own chance of a right choice. The test sets the payments.
private struct Choices {
  var tasks = 40
  var each = 6
  var seed = Seed(3)
  /// The chance of a right choice in a task.
  var chance: (Int) -> Double = { _ in 0.5 }
  /// The reward of five choices, paid at the end.
  var reward: ([Bool]) -> Double = { Double($0.count { $0 }) / 5 }

  var rollouts: [(choices: [Bool], trajectory: Trajectory)] {
    (0..<tasks).flatMap { task in
      (0..<each).map { attempt in
        var generator = seed.split(task).split(attempt).generator()
        let choices = (0..<5).map { _ in generator.uniform() < chance(task) }
        return (
          choices,
          Rollout.of("t\(task)", choices.map { $0 ? "right" : "wrong" }, paid: [0, 0, 0, 0, reward(choices)])
        )
      }
    }
  }

  func diagnosis(_ maximalReward: Double? = 1, critic: (([Bool]) -> Double)? = nil) throws -> Diagnosis {
    let rollouts = rollouts
    return try #require(
      Diagnosis(
        rollouts.map(\.trajectory), maximalReward: maximalReward,
        expectedReturnsToGo: critic.map { critic in
          rollouts.map { rollout in (0..<5).map { critic(Array(rollout.choices.prefix($0))) } }
        }))
  }

  /// The expected return of right choices at even chances.
  static func expected(_ choices: [Bool]) -> Double {
    (Double(choices.count { $0 }) + Double(5 - choices.count) / 2) / 5
  }
}

@Suite("The advice of a diagnosis")
struct DiagnosisAdviceTests {
  @Test("too few rollouts or tasks")
  func collectMore() throws {
    #expect(try Choices(tasks: 9).diagnosis().advice == .init(.tooFewRollouts))
    #expect(try Choices(tasks: 100, each: 3).diagnosis().advice == .init(.tooFewRollouts))
    #expect(try Choices(tasks: 10, each: 4).diagnosis().advice != .init(.tooFewRollouts))
  }

  @Test("all solved")
  func noSelection() throws {
    #expect(try Choices(chance: { _ in 1 }).diagnosis().advice == .init(.nearMaximum))
    #expect(try Choices(chance: { _ in 1 }).diagnosis(nil).advice == .init(.nearMaximum))
    #expect(try Choices(chance: { _ in 0.995 }).diagnosis().advice == .init(.nearMaximum))
  }

  @Test("all alike below the maximum, whatever they end at")
  func strongerPrior() throws {
    for paid in [0, 0.3] {
      let diagnosis = try Choices(reward: { _ in paid }).diagnosis()
      #expect(diagnosis.advice == .init(.endsAlike) && diagnosis.advice.kind == .strongerPrior)
    }
    // Half of the tasks are always solved, half never.
    #expect(try Choices(chance: { Double($0 % 2) }).diagnosis().advice == .init(.endsAlike))
    // Nothing is paid, and the world declares no maximum.
    #expect(try Choices(reward: { _ in 0 }).diagnosis(nil).advice == .init(.endsAlike))
  }

  @Test("the best of several is no better than one")
  func flat() throws {
    // Rewards differ by a hundredth of the gap to the maximum.
    let diagnosis = try Choices(reward: { Double($0.count { $0 }) / 1_000 }).diagnosis()
    #expect(diagnosis.advice == .init(.flat) && diagnosis.advice.kind == .strongerPrior)
    // One lucky rollout among 240 is not enough evidence.
    let rare = (0..<240).map { Rollout.of("t\($0 / 6)", reward: $0 == 0 ? 1 : 0, action: "\($0)") }
    #expect(try #require(Diagnosis(rare, maximalReward: 1)).advice.kind == .strongerPrior)
  }

  @Test("the best of several is near the maximum")
  func bestOf() throws {
    let diagnosis = try Choices(chance: { _ in 0.9 }, reward: { $0.allSatisfy(\.self) ? 1 : 0 })
      .diagnosis(critic: Choices.expected)
    #expect(diagnosis.advice == .init(.bestNearMaximum) && diagnosis.advice.kind == .bestOf)
  }

  @Test("nothing can be told before the end")
  func unpredictable() throws {
    // Only the last choice matters, so no critic can predict the reward.
    let lastDecides = Choices(chance: { _ in 0.2 }, reward: { $0[4] ? 1 : 0 })
    for diagnosis in [try lastDecides.diagnosis(), try lastDecides.diagnosis { _ in 0.2 }] {
      #expect(diagnosis.advice == .init(.unpredictable) && diagnosis.advice.kind == .bestOf)
      #expect(diagnosis.predictability.from == nil)
    }
    // A confident critic that is wrong is worse than a constant.
    let wrong = try lastDecides.diagnosis { $0.last == true ? 1 : 0 }
    #expect(wrong.advice == .init(.unpredictable))
    #expect(wrong.predictability.steps[3].rSquared.map { $0.mean < -2 * $0.se } == true)
  }

  @Test("it can be told, but late")
  func late() throws {
    // Fifteen equal steps, then a choice that matters, then a last step that adds noise.
    let rollouts = Choices().rollouts.map { rollout in
      let actions = Array(repeating: "wait", count: 15) + ["\(rollout.choices[0])", "end"]
      return Rollout.of(
        rollout.trajectory.task.id.rawValue, actions,
        paid: Array(repeating: 0, count: 15) + [rollout.choices[0] ? 0.5 : 0, rollout.choices[1] ? 0.2 : 0])
    }
    let diagnosis = try #require(Diagnosis(rollouts, maximalReward: 1))
    #expect(diagnosis.predictability.from == 16 && diagnosis.predictability.firstTold == 16)
    #expect(diagnosis.advice == .init(.predictableLate) && diagnosis.advice.kind == .bestOf)
  }

  @Test("they differ, it can be told early, and there is headroom")
  func steer() throws {
    let diagnosis = try Choices(tasks: 160, chance: { _ in 0.35 }).diagnosis { choices in
      (Double(choices.count { $0 }) + 0.35 * Double(5 - choices.count)) / 5
    }
    #expect(diagnosis.advice == .init(.predictableEarly) && diagnosis.advice.kind == .steer)
    // After k of five independent choices, k/5 of the variance is known. Half of the largest, 4/5, is reached at step
    // 2.
    #expect(diagnosis.predictability.from == 2 || diagnosis.predictability.from == 3)
    #expect(diagnosis.predictability.firstTold == 1)
    for step in diagnosis.predictability.steps {
      let rSquared = try #require(step.rSquared)
      #expect(abs(rSquared.mean - Double(step.step) / 5) < max(4 * rSquared.se, 1e-9))
      #expect(step.step == 0 || rSquared.se > 0 && rSquared.se < 0.1)
    }
    #expect(diagnosis.predictability.steps[0].auc?.mean == 0.5)
    #expect(diagnosis.predictability.steps[0].spearman?.mean == 0)
  }

  @Test("telling easy tasks from hard ones is not telling rollouts of a task apart")
  func acrossTasks() throws {
    // The tasks differ, and the critic predicts that. Within a task only the last choice decides.
    let chance: @Sendable (Int) -> Double = { $0.isMultiple(of: 2) ? 0.1 : 0.7 }
    let choices = Choices(tasks: 60, chance: chance, reward: { $0[4] ? 1 : 0 })
    let trajectories = choices.rollouts.map(\.trajectory)
    let expected = trajectories.indices.map { Array(repeating: chance($0 / 6), count: 5) }
    let diagnosis = try #require(Diagnosis(trajectories, maximalReward: 1, expectedReturnsToGo: expected))
    let step = diagnosis.predictability.steps[4]
    #expect(step.rSquared.map { abs($0.mean) < 1e-9 } == true)
    #expect((step.overall.rSquared ?? 0) > 0.2 && (step.overall.auc ?? 0) > 0.7)
    #expect(diagnosis.advice.kind == .bestOf)
  }

  @Test("the reward so far is enough where it is paid along the way, and its line is fitted on other tasks")
  func rewardSoFar() throws {
    let rollouts = Choices(chance: { _ in 0.35 }).rollouts.map { rollout in
      Rollout.of(
        rollout.trajectory.task.id.rawValue, rollout.trajectory.actions, paid: rollout.choices.map { $0 ? 0.2 : 0 })
    }
    let diagnosis = try #require(Diagnosis(rollouts, maximalReward: 1))
    #expect(diagnosis.predictability.predictor == .rewardSoFar)
    #expect(diagnosis.advice.kind == .steer)
    for step in diagnosis.predictability.steps.dropFirst() {
      let rSquared = try #require(step.rSquared)
      #expect(abs(rSquared.mean - Double(step.step) / 5) < 4 * rSquared.se)
      #expect(step.overall.rSquared == nil)
    }
    // The fitted lines of the two tasks are opposite. Each task is predicted from the line of the other.
    let opposite =
      [(0.0, 0.0), (1, 1)].map { Rollout.of("a", ["x", "y"], paid: [$0.0, $0.1]) }
      + [(0.0, 0.0), (1, -2)]
      .map { Rollout.of("b", ["x", "y"], paid: [$0.0, $0.1]) }
    let judged = try #require(Diagnosis(opposite, maximalReward: 2)).predictability.steps[1]
    // The slopes are 2 and −1 over x = ±½. The errors are (±½·3)² twice each. The outcomes are y = ±1 and ±½.
    let rSquared = try #require(judged.rSquared)
    #expect(abs(rSquared.mean - (1.0 - 9.0 / 2.5)) < 1e-12)
  }

  @Test("rollouts that no critic may judge are left out of the predictions alone")
  func partlyJudged() throws {
    let rollouts = Choices().rollouts
    let expected = rollouts.enumerated().map { place, rollout in
      place < 120 ? [] : (0..<5).map { Choices.expected(Array(rollout.choices.prefix($0))) }
    }
    let diagnosis = try #require(
      Diagnosis(rollouts.map(\.trajectory), maximalReward: 1, expectedReturnsToGo: expected))
    #expect(diagnosis.tasks == 40 && diagnosis.predictability.tasks == 20 && diagnosis.predictability.rollouts == 120)
  }
}
