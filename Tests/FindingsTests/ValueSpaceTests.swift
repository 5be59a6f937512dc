import Agents
import Testing

@testable import Findings
@testable import Steering

@Suite("Simulated continuations") struct ValueSpaceTests {
  /// A rollout of one word a step, paid at the end.
  static func rollout(_ task: String, _ words: [String], reward: Double, value: Double = 0.5) -> ValuedRollout {
    let steps = words.enumerated().map { place, word in
      let isLast = place == words.count - 1
      return Step(
        response: word, action: .act(word),
        outcome: Outcome(Observation("saw \(word)"), reward: isLast ? reward : 0, isDone: isLast))
    }
    let task = AgentTask(id: TaskID(task), request: task, stepLimit: 4)
    return ValuedRollout(
      Trajectory(task: task, opening: Observation("start"), steps: steps),
      beliefs: Array(repeating: .point(value), count: words.count))
  }

  @Test("Those who did and saw the same are of one group, task by task")
  func groups() {
    let space = ValueSpace([
      Self.rollout("a", ["x", "y"], reward: 1), Self.rollout("a", ["x", "z"], reward: 0),
      Self.rollout("a", ["w", "y"], reward: 0), Self.rollout("b", ["x", "y"], reward: 0),
    ])
    let groups = space.paths.map(\.groups)
    #expect(groups[0] == [groups[1][0], groups[1][1]])
    #expect(groups[2][0] == groups[0][0])
    #expect(groups[2][1] != groups[0][1])
    #expect(groups[3][0] != groups[0][0])
    #expect(space.members[groups[0][1]] == [0, 1])
    #expect(space.paths[0].neighbours == [[3], [3]])
    #expect(space.sameTask(0, near: 0, after: 1) == [2])
    #expect(space.sameTask(1, near: 0, after: 1) == [3])
  }

  @Test("What is drawn counts once more: the count of successes is beta-binomial")
  func urn() {
    // 2 of 6 rollouts succeed. No other task is nearby, so fresh continuations are not available.
    let own = (0..<6).map { Self.rollout("a", ["x\($0)"], reward: $0 < 2 ? 1 : 0) }
    let space = ValueSpace(own)
    let (draws, worlds) = (4, 40_000)
    var counts = Array(repeating: 0, count: draws + 1)
    for world in 0..<worlds {
      var continuations = Continuations(space, task: 0)
      var generator = Seed(3).split(world).generator()
      let successes = (0..<draws).count { _ in
        space.paths[continuations.attempt(using: &generator)].rewards[1] == 1
      }
      counts[successes] += 1
    }
    // C(n, k)·B(k + 2, n − k + 4)/B(2, 4) for n = 4.
    let exact = [840.0, 960, 720, 384, 120].map { $0 / 3_024 }
    for (count, chance) in zip(counts, exact) {
      let error = (chance * (1 - chance) / Double(worlds)).squareRoot()
      #expect(abs(Double(count) / Double(worlds) - chance) < 4 * error, "\(counts)")
    }
  }

  @Test("With weight α a draw is of another task")
  func freshDraws() {
    let space = ValueSpace(
      (0..<10).map { Self.rollout("a", ["x\($0)"], reward: 1) } + [Self.rollout("b", ["y"], reward: 0)])
    let share = space.ofState[0] / (10 + space.ofState[0])
    let worlds = 20_000
    let foreign = (0..<worlds).count { world in
      var continuations = Continuations(space, task: 0)
      var generator = Seed(4).split(world).generator()
      return continuations.attempt(using: &generator) == 10
    }
    #expect(abs(Double(foreign) / Double(worlds) - share) < 4 * (share * (1 - share) / Double(worlds)).squareRoot())
  }

  @Test("How much a task's rollouts have in common is found again", arguments: [0.05, 0.4, 0.8])
  func correlation(_ correlation: Double) {
    var generator = Seed(8).generator()
    func normal() -> Double { (0..<12).reduce(-6) { sum, _ in sum + generator.uniform() } }
    let rollouts = (0..<400).flatMap { task in
      let common = normal() * correlation.squareRoot()
      return (0..<4).map { _ in
        Self.rollout("task \(task)", ["x"], reward: common + normal() * (1 - correlation).squareRoot(), value: 0)
      }
    }
    let found = 1 / (1 + ValueSpace(rollouts).ofState[0])
    // √(2/(n·k·(k−1))) is the standard error of an intraclass correlation near 0. At larger correlations it is smaller.
    let error = 0.0204 + 0.005
    #expect(abs(found - correlation) < 4 * error, "\(found)")
  }

  @Test("A critic of noise moves no state, one that knows more than the reference does")
  func positions() {
    var generator = Seed(9).generator()
    let rows = (0..<300).map { index -> (reward: Double, noise: Double) in
      (generator.uniform() < 0.5 ? 1 : 0, generator.uniform())
    }
    func expectations(_ belief: (Int) -> Double) -> [Double] {
      let rollouts = rows.enumerated().map { index, row in
        let trajectory = Self.rollout("\(index / 3)", ["x\(index)"], reward: row.reward).trajectory
        return ValuedRollout(trajectory, beliefs: [.point(belief(index))], reference: [.point(0.5)])
      }
      let regression = PositionRegression(rollouts)
      return rollouts.map { regression.expected($0, after: 0) }
    }
    #expect(expectations { rows[$0].noise }.allSatisfy { $0 == 0.5 })
    #expect(zip(expectations { rows[$0].reward }, rows).allSatisfy { abs($0 - $1.reward) < 0.01 })
  }
}
