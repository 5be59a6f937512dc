import Agents
import Foundation
import Testing

@testable import ParticleFilter

@Suite("A frontier of visited states")
struct FrontierTests {
  private var generator = Seed(1).generator()

  static func state(_ step: Int, left: Int, reward: Double = 0, _ returns: [Double: Double]) -> Frontier.State {
    let sorted = returns.sorted { $0.key < $1.key }
    return Frontier.State(
      step: step, callsLeft: left, reward: reward,
      returnToGo: ReturnDistribution(returns: sorted.map(\.key), probabilities: sorted.map(\.value)))
  }

  @Test("Expected improvement is E[(r + G − b)⁺]", arguments: [0.0, 0.25, 0.5, 0.9, 1.2])
  func improvement(best: Double) {
    var frontier = Frontier(root: Self.state(0, left: 2, [0: 0.5, 0.5: 0.3, 1: 0.2]))
    var generator = generator
    let choice = frontier.choose(1, using: &generator).lowerBound
    frontier.add(Frontier.State(finishedAfter: 2, reward: best, worth: best), key: "a", for: choice)
    let expected = 0.3 * max(0.5 - best, 0) + 0.2 * max(1 - best, 0)
    #expect(abs(frontier.improvement(of: 0) - expected) < 1e-12)
    #expect(frontier.improvement(of: 1) == 0)
  }

  @Test("The reservation value solves P(new)·E[(r + G − σ)⁺] = price · calls", arguments: [0.001, 0.02, 0.1, 0.4, 3])
  func reservation(price: Double) {
    let root = Self.state(0, left: 3, reward: 0.1, [-0.2: 0.25, 0.4: 0.5, 0.7: 0.25])
    let frontier = Frontier(root: root, rule: Frontier.Rule(price: price))
    let sigma = frontier.reservationValue(of: 0)
    #expect(abs(root.returnToGo.expectedExcess(over: sigma - 0.1) - price * 3) < 1e-9)
  }

  @Test("Nothing is worth its price once the best is above every reservation value")
  func stops() {
    var generator = generator
    // P(new) is 1/2 after one draw, so a return of 1 is worth 1/2·0.2·(1 − 0.5) = 0.05 for one call.
    for (price, goesOn) in [(0.045, true), (0.055, false)] {
      var frontier = Frontier(root: Self.state(0, left: 1, [0: 0.8, 1: 0.2]), rule: Frontier.Rule(price: price))
      let choice = frontier.choose(1, using: &generator).lowerBound
      frontier.add(Frontier.State(finishedAfter: 1, reward: 0.5, worth: 0.5), key: "a", for: choice)
      #expect(frontier.isWorthwhile == goesOn)
      #expect(frontier.choose(1, using: &generator).isEmpty == !goesOn)
    }
  }

  @Test("With a constant critic the choices are those of one attempt after another")
  func constant() {
    var generator = generator
    let belief: [Double: Double] = [0: 0.5, 1: 0.5]
    var frontier = Frontier(root: Self.state(0, left: 3, belief), maximum: 1)
    var parents: [Int] = []
    for number in 0..<9 {
      let choice = frontier.choose(1, using: &generator).lowerBound
      let parent = frontier.choices[choice].state
      parents.append(frontier.states[parent].step)
      let step = frontier.states[parent].step + 1
      let child =
        step == 3
        ? Frontier.State(finishedAfter: 3, reward: 0.5, worth: 0.5) : Self.state(step, left: 3 - step, belief)
      frontier.add(child, key: "\(number)", for: choice)
    }
    #expect(parents == [0, 1, 2, 0, 1, 2, 0, 1, 2])
    #expect(frontier.states.allSatisfy { $0.children.count <= ($0.step == 0 ? 3 : 1) })
  }

  @Test("A point mass below the best leaves fresh attempts, and those are finished")
  func hopeless() {
    var generator = generator
    var frontier = Frontier(root: Self.state(0, left: 2, [0: 1]))
    var steps: [Int] = []
    for number in 0..<4 {
      let choice = frontier.choose(1, using: &generator).lowerBound
      let step = frontier.states[frontier.choices[choice].state].step
      steps.append(step)
      frontier.add(
        step == 1
          ? Frontier.State(finishedAfter: 2, reward: 0.3, worth: 0.3) : Self.state(1, left: 1, [0.1: 1]),
        key: "\(number)", for: choice)
    }
    #expect(steps == [0, 1, 0, 1])
  }

  @Test("A state that keeps giving the same child is exhausted")
  func exhaustion() {
    var generator = generator
    var frontier = Frontier(root: Self.state(0, left: 1, [0: 0.9, 1: 0.1]))
    func tell(_ key: String, _ belief: [Double: Double]) -> Int {
      let choice = frontier.choose(1, using: &generator).lowerBound
      frontier.add(Self.state(1, left: 1, belief), key: key, for: choice)
      return frontier.choices[choice].state
    }
    // The child's expected improvement is twice that of the root. Every answer at the child repeats one grandchild with
    // no expected improvement.
    #expect(tell("a", [0: 0.8, 1: 0.2]) == 0)
    var visits: [Int] = []
    // The child has 0.2·P(new), the root 0.1·P(new). Repeats teach that answers vary little: P(new) after one draw falls
    // from 0.5 to 0.41 to 0.37, after three it is 0.18.
    for _ in 0..<4 { visits.append(tell("b", [0: 1])) }
    #expect(visits == [1, 1, 1, 0])
    #expect(frontier.states[1].children.count == 1 && frontier.states[2].arrivals == 3)
  }

  @Test("The probability of a new child is learned: exactly Bayes' rule on the grid of concentrations")
  func novelty() {
    var novelty = Novelty()
    #expect(abs(novelty.probability(after: 0) - 1) < 1e-12 && abs(novelty.probability(after: 1) - 0.5) < 1e-12)
    // Answers of a Chinese restaurant process of concentration θ, in twenty restaurants of ten answers.
    for theta in [0.25, 1, 4] {
      var generator = Seed(7).split("\(theta)").generator()
      novelty = Novelty()
      for _ in 0..<20 {
        for draws in 0..<10 {
          novelty.note(isNew: generator.uniform() < theta / (theta + Double(draws)), after: draws)
        }
      }
      // The standard error of the share of new answers after five draws, from about 180 answers, is below 0.06.
      #expect(abs(novelty.probability(after: 5) - theta / (theta + 5)) < 0.12, "θ = \(theta)")
    }
    // One answer more is the same as Bayes' rule by hand: P(new, new) = P(new) · P(new | new).
    let grid = (-8...8).map { exp2(Double($0) / 2) }
    let prior = grid.map { exp(-pow(log2($0) / 1.5, 2) / 2) }
    var after = Novelty()
    after.note(isNew: false, after: 2)
    let likelihood = zip(grid, prior).map { $0.1 * 2 / ($0.0 + 2) }
    let expected = zip(grid, likelihood).reduce(0) { $0 + $1.1 * $1.0 / ($1.0 + 3) } / likelihood.reduce(0, +)
    #expect(abs(after.probability(after: 3) - expected) < 1e-12)
  }

  @Test("Several choices at a time count those under way as drawn; the best is never passed by")
  func width() {
    var generator = generator
    var frontier = Frontier(root: Self.state(0, left: 1, [0: 0.5, 1: 0.5]), maximum: 1)
    let first = frontier.choose(2, using: &generator)
    #expect(frontier.choices[first].map(\.state) == [0, 0] && frontier.states[0].pending == 2)
    frontier.add(Self.state(1, left: 1, [0: 0.4, 1: 0.6]), key: "a", for: first.lowerBound)
    frontier.fail(for: first.lowerBound + 1)
    #expect(frontier.states[0].pending == 0 && frontier.states[0].draws == 2 && frontier.failures == 1)
    let second = frontier.choose(2, using: &generator)
    #expect(frontier.choices[second].map(\.state) == [1, 1])
    frontier.add(Frontier.State(finishedAfter: 2, reward: 1, worth: 1), key: "b", for: second.lowerBound)
    frontier.add(Frontier.State(finishedAfter: 2, reward: 0, worth: 0), key: "c", for: second.lowerBound + 1)
    #expect(frontier.isSolved && frontier.best == 1)
    #expect(frontier.choose(3, using: &generator).isEmpty)
  }

  @Test("A child that is known is one state, and its choice names it")
  func known() {
    var generator = generator
    var frontier = Frontier(root: Self.state(0, left: 2, [0: 0.5, 1: 0.5]))
    let chosen = frontier.choose(2, using: &generator)
    #expect(frontier.add(Self.state(1, left: 1, [0: 1]), key: "a", for: chosen.lowerBound) == 1)
    #expect(frontier.add(Self.state(1, left: 1, [0: 1]), key: "a", for: chosen.lowerBound + 1) == nil)
    #expect(frontier.choices.map(\.child) == [1, 1] && frontier.states.count == 2)
  }

  @Test("The threshold of an excess inverts it", arguments: [0.0001, 0.05, 0.2, 0.6, 2])
  func threshold(excess: Double) {
    let returns = ReturnDistribution(returns: [0.3, -0.1, 1, 0.3], probabilities: [0.2, 0.4, 0.3, 0.1])
    #expect(abs(returns.expectedExcess(over: returns.excessThreshold(excess)) - excess) < 1e-9)
    #expect(returns.excessThreshold(0) == .infinity)
  }

  @Test("A point mass is spread around its mean, less the nearer the end; other distributions stay")
  func spread() {
    let spread = ReturnDistribution.point(0.4).spread(over: 2, share: 0.25)
    #expect(abs(spread.mean - 0.4) < 1e-12)
    let variance = zip(spread.returns, spread.probabilities).reduce(0) { $0 + $1.1 * ($1.0 - 0.4) * ($1.0 - 0.4) }
    // Replacing fifths by their means drops the variance within them.
    #expect(abs(variance.squareRoot() - 0.25) < 0.02)
    let two = ReturnDistribution(returns: [0, 1], probabilities: [0.5, 0.5])
    #expect(two.spread(over: 1, share: 1) == two)
  }
}
