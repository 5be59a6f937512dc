import Agents
import Foundation
import Testing

@testable import Findings
@testable import Steering

/// Made-up rollouts for a diagnosis.
enum Rollout {
  /// A finished rollout with these actions, and a payment for each.
  static func of(_ task: String, _ actions: [String], paid payments: [Double]) -> Trajectory {
    Trajectory(
      task: AgentTask(id: TaskID(task), request: "", stepLimit: 1_000), opening: Observation(""),
      steps: zip(actions, payments).enumerated().map { place, step in
        Step(
          response: step.0, action: .act(step.0),
          outcome: Outcome(Observation(""), reward: step.1, isDone: place + 1 == actions.count))
      })
  }

  /// A rollout of one step.
  static func of(_ task: String, reward: Double, action: String = "go") -> Trajectory {
    of(task, [action], paid: [reward])
  }
}

/// All subsets of `count` of the elements.
private func subsets<T>(_ elements: ArraySlice<T>, _ count: Int) -> [[T]] {
  guard count > 0 else { return [[]] }
  guard let first = elements.first else { return [] }
  let rest = elements.dropFirst()
  return subsets(rest, count - 1).map { [first] + $0 } + subsets(rest, count)
}

@Suite("The figures of a diagnosis")
struct DiagnosisTests {
  @Test("pass@k is the share of subsets that hold a solved rollout")
  func pass() {
    for count in 1...8 {
      for solved in 0...count {
        let outcomes = (0..<count).map { $0 < solved }
        for draws in 1...count {
          let all = subsets(outcomes[...], draws)
          let exact = Double(all.count { $0.contains(true) }) / Double(all.count)
          #expect(abs(Diagnosis.Headroom.pass(solved: solved, of: count, draws: draws) - exact) < 1e-12)
        }
      }
    }
    // C(10000, 500) overflows a Double.
    let many = Diagnosis.Headroom.pass(solved: 1, of: 10_000, draws: 500)
    #expect(abs(many - 0.05) < 1e-9)
  }

  @Test("best@k is the mean over subsets of their largest reward")
  func best() {
    var generator = Seed(5).generator()
    for count in 1...8 {
      // The rewards include ties and negative ones.
      let rewards = (0..<count).map { _ in Double(generator.number(below: 5)) / 2 - 0.7 }
      for draws in 1...count {
        let all = subsets(rewards[...], draws)
        let exact = all.reduce(0) { $0 + ($1.max() ?? 0) } / Double(all.count)
        #expect(abs(Diagnosis.Headroom.best(of: rewards, draws: draws) - exact) < 1e-12)
      }
    }
  }

  @Test("within-task variance is pooled by degrees of freedom, with the standard error of a ratio")
  func variance() throws {
    // Sums of squares: 2 (1 degree of freedom), 0 (2 degrees), none (0 degrees).
    let rollouts =
      [1.0, 3].map { Rollout.of("a", reward: $0) } + [5.0, 5, 5].map { Rollout.of("b", reward: $0) }
      + [Rollout.of("c", reward: 7)]
    let diagnosis = try #require(Diagnosis(rollouts, maximalReward: 10))
    let within = try #require(diagnosis.variation.withinTasks)
    #expect(abs(within.mean - 2.0 / 3) < 1e-12)
    // Residuals 2 − 2/3 and 0 − 4/3, two tasks: √(2·(16/9 + 16/9))/3.
    #expect(abs(within.se - (64.0 / 9).squareRoot() / 3) < 1e-12)
    let deviation = try #require(diagnosis.variation.deviation)
    #expect(abs(deviation * deviation - 2.0 / 3.0) < 1e-12)
    #expect(diagnosis.variation.tasks == 2)
    #expect(diagnosis.variation.endsAlike.mean == 0.5)
    // Means 2, 5, 7 of 2, 3, 1 rollouts, and 13/3 overall. Sum of squares between tasks: 2·(7/3)² + 3·(2/3)² + (8/3)² =
    // 58/3, with two degrees of freedom.
    let size = (6.0 - 14.0 / 6.0) / 2.0
    let ofTasks = (29.0 / 3.0 - within.mean) / size
    let share = try #require(diagnosis.variation.shareWithinTasks)
    #expect(abs(share - within.mean / (within.mean + ofTasks)) < 1e-12)
    #expect(diagnosis.rolloutsPerTask == .init(least: 1, mean: 2, most: 3))
    #expect(abs(diagnosis.reward.mean - 14.0 / 3) < 1e-12)
  }

  @Test("the variance's share within tasks is found again, also of tasks of different size")
  func varianceComponents() throws {
    var generator = Seed(11).generator()
    func normal() -> Double { (0..<12).reduce(-6) { sum, _ in sum + generator.uniform() } }
    let rollouts = (0..<600).flatMap { number in
      let mean = 2 * normal()
      return (0..<(2 + number % 4)).map { _ in Rollout.of("t\(number)", reward: mean + normal()) }
    }
    let variation = try #require(Diagnosis(rollouts, maximalReward: nil)).variation
    let within = try #require(variation.withinTasks)
    #expect(abs(within.mean - 1) < 4 * within.se && within.se < 0.06)
    // The variance of 600 tasks' means, 4.3, has a relative standard error of √(2/599). The share's standard error is
    // 0.04 times that.
    let share = try #require(variation.shareWithinTasks)
    #expect(abs(share - 0.2) < 4 * 0.01)
  }

  @Test("tasks are always, sometimes or never solved; alike is another matter")
  func outcomes() throws {
    let rewards: [String: [Double]] = [
      "always": [1, 1], "mixed": [0.5, 1, 0], "never": [0.25, 0], "alike": [0.5, 0.5], "single": [1],
    ]
    let rollouts = rewards.sorted { $0.key < $1.key }.flatMap { task, rewards in
      rewards.map { Rollout.of(task, reward: $0) }
    }
    let outcomes = try #require(Diagnosis(rollouts, maximalReward: 1)).outcomes
    #expect(outcomes.tasks == 4)
    #expect(outcomes.alwaysSolved.tasks == 1 && outcomes.mixed.tasks == 1 && outcomes.neverSolved.tasks == 2)
    #expect(outcomes.endsAlike.tasks == 2 && outcomes.endsAlike.share.mean == 0.5)
    #expect(abs(outcomes.mixed.share.se - MeanEstimate([1, 0, 0, 0]).se) < 1e-12)
  }

  @Test("without a maximal reward the largest seen counts as solved, unless nothing was paid")
  func unknownMaximum() throws {
    let paid = try #require(
      Diagnosis([0.2, 0.6].map { Rollout.of("a", reward: $0) }, maximalReward: nil))
    #expect(paid.success == 0.6 && !paid.isSuccessKnown && paid.outcomes.mixed.tasks == 1)
    let unpaid = try #require(Diagnosis([0.0, 0].map { Rollout.of("a", reward: $0) }, maximalReward: nil))
    #expect(unpaid.outcomes.neverSolved.tasks == 1 && unpaid.outcomes.alwaysSolved.tasks == 0)
    #expect(Diagnosis([], maximalReward: 1) == nil)
  }

  @Test("pairs part at the first step that differs, also where one has ended")
  func partings() throws {
    let paths = [["a", "b", "c"], ["a", "b", "c"], ["a", "x"], ["a", "b"], ["z"]]
    #expect(Diagnosis.Paths.partings(paths) == [nil, 2, 3, 1, 2, 3, 1, 2, 1, 1])
    let rollouts =
      paths.map { Rollout.of("t", $0, paid: $0.map { _ in 0 }) }
      + [["q"], ["q"]].map { Rollout.of("u", $0, paid: [0]) }
    let figures = try #require(Diagnosis(rollouts, maximalReward: 1)).paths
    #expect(figures.tasks == 2 && figures.pairs == 11)
    #expect(abs(figures.distinct.mean - 0.65) < 1e-12)
    #expect(abs(figures.neverPart.mean - 0.55) < 1e-12)
    let parting = try #require(figures.parting)
    #expect(abs(parting.mean - 16.0 / 9.0) < 1e-12)
    // The sorted steps at which pairs part: 1 1 1 1 2 2 2 3 3.
    #expect(figures.quartiles == [1, 2, 2])
  }

  @Test("steps that pay nothing, lengths and unfinished rollouts are counted")
  func counts() throws {
    let rollouts = [
      Rollout.of("a", ["1", "2", "3", "4"], paid: [0, 0, 0, 1]), Rollout.of("a", ["1", "2"], paid: [0.5, 0]),
      Rollout.of("b", ["1"], paid: [1]),
    ]
    let diagnosis = try #require(
      Diagnosis(rollouts + [rollouts[0].prefix(2), rollouts[0].prefix(0)], maximalReward: 1))
    #expect(diagnosis.rollouts == 3 && diagnosis.leftOut == 2 && diagnosis.tasks == 2)
    #expect(abs(diagnosis.unpaidSteps.mean - 0.3125) < 1e-12)
    #expect(diagnosis.length.mean == 2)
  }

  @Test("curves go to the number of rollouts that half of the tasks have, and say who is left out")
  func curves() throws {
    let sizes = [2, 6, 6, 7]
    let rollouts = sizes.enumerated().flatMap { task, size in
      (0..<size).map { Rollout.of("t\(task)", reward: Double($0 % 2)) }
    }
    let headroom = try #require(Diagnosis(rollouts, maximalReward: 1)).headroom
    #expect(headroom.most == 6)
    #expect(headroom.pass.map(\.x) == [1, 2, 4, 6] && headroom.best.map(\.x) == [1, 2, 4, 6])
    #expect(headroom.pass.map(\.tasks) == [4, 4, 3, 3])
    let first = (0.5 * 3.0 + 3.0 / 7.0) / 4.0
    #expect(abs(headroom.pass[0].estimate.mean - first) < 1e-12)
    // For rewards of 0 or 1 the two figures are equal.
    for (pass, best) in zip(headroom.pass, headroom.best) {
      #expect(abs(pass.estimate.mean - best.estimate.mean) < 1e-12 && abs(pass.estimate.se - best.estimate.se) < 1e-12)
    }
    // The gain uses the same three tasks at both ends.
    let gain = (0.5 + 0.5 + 4.0 / 7.0) / 3.0
    #expect(abs(headroom.gain.mean - gain) < 1e-12)
  }

  @Test("is the same after JSON")
  func codable() throws {
    let rollouts = (0..<12).flatMap { task in
      (0..<4).map { Rollout.of("t\(task)", ["\($0)", "x"], paid: [0, Double($0 % 2)]) }
    }
    let diagnosis = try #require(Diagnosis(rollouts, maximalReward: nil))
    let copy = try JSONDecoder().decode(Diagnosis.self, from: JSONEncoder().encode(diagnosis))
    #expect(copy == diagnosis)
  }
}
