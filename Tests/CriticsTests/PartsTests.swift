import Agents
import Foundation
import Testing

@testable import Critics

@Test("The link of a score to bins is the maximum-likelihood fit where it can be checked by hand")
func linkByHand() {
  // Two bins, two scores: 1 of 4 at score 0, 3 of 4 at score 2. The logits are −ln 3 and ln 3.
  let link = OrdinalLink(scores: [0, 2], counts: [[300, 100], [100, 300]], bins: 2)
  #expect(abs(link.probabilities(0)[1] - 0.25) < 0.002)
  #expect(abs(link.probabilities(2)[1] - 0.75) < 0.002)
  #expect(abs(link.slope - log(3)) < 0.01)
  // A score that says nothing, and one that says the opposite: the marginal for every score.
  for (counts, marginal) in [([[10.0, 30], [10, 30]], 0.75), ([[2, 98], [60, 40]], 0.69)] {
    let none = OrdinalLink(scores: [-1, 1], counts: counts, bins: 2)
    #expect(abs(none.slope) < 1e-6)
    #expect(none.probabilities(5) == none.probabilities(-5))
    #expect(abs(none.probabilities(0)[1] - marginal) < 0.005)
  }
}

@Test("The link recovers the distribution that its scores were drawn with")
func linkRecovers() {
  let thresholds = [1.5, 0, -2]
  func exact(_ score: Double) -> [Double] {
    let reached = [1] + thresholds.map { sigmoid($0 + 0.8 * score) } + [0]
    return zip(reached, reached.dropFirst()).map { $0 - $1 }
  }
  var generator = Seed(3).generator()
  let scores = (0..<20_000).map { _ in 4 * generator.uniform() - 2 }
  let counts = scores.map { score -> [Double] in
    var left = generator.uniform()
    var row = [Double](repeating: 0, count: 4)
    for (bin, mass) in exact(score).enumerated() {
      left -= mass
      if left < 0 || bin == 3 {
        row[bin] = 1
        break
      }
    }
    return row
  }
  let link = OrdinalLink(scores: scores, counts: counts, bins: 4)
  // The standard errors are about .01, of the slope and of the probabilities at the ends.
  #expect(abs(link.slope - 0.8) < 0.05)
  for score in [-2.0, 0, 2] {
    let own = link.probabilities(score)
    #expect(abs(own.reduce(0, +) - 1) < 1e-12)
    #expect(zip(own, exact(score)).allSatisfy { abs($0 - $1) < 0.03 })
  }
  #expect(link.isValid(bins: 4) && !link.isValid(bins: 5))
}

@Test("A bin that was never observed keeps some probability")
func linkOfRareBins() {
  let link = OrdinalLink(scores: [0, 1, 2, 3], counts: [[9, 1, 0], [8, 2, 0], [5, 5, 0], [1, 9, 0]], bins: 3)
  for score in [-10.0, 0, 3, 10] {
    let own = link.probabilities(score)
    #expect(own.allSatisfy { $0 >= 0 } && abs(own.reduce(0, +) - 1) < 1e-12)
  }
  #expect(link.probabilities(3)[2] > 0)
  // A bin between two others, too: all its visits may be in the fold that is judged.
  let gap = OrdinalLink(scores: [0, 1, 2, 3], counts: [[9, 0, 1], [8, 0, 2], [5, 0, 5], [1, 0, 9]], bins: 3)
  #expect(gap.probabilities(1)[1] > 0.004)
}

@Test("Links of extreme scores and counts converge to distributions")
func extremeLinks() {
  let known = OrdinalLink(scores: [5.5, -3.3, -2.5], counts: [[0, 0, 1], [10, 2, 0], [0, 0, 100]], bins: 3)
  #expect(known.isValid(bins: 3))
  var generator = Seed(9).generator()
  for _ in 0..<300 {
    let rows = 2 + Int(generator.next() % 6)
    let bins = 2 + Int(generator.next() % 5)
    let spread = pow(10, 2 * generator.uniform() - 0.5)
    let scores = (0..<rows).map { _ in spread * (2 * generator.uniform() - 1) }
    let counts = scores.map { _ in
      (0..<bins).map { _ in generator.uniform() < 0.5 ? 0 : Double(generator.next() % 100) }
    }
    let link = OrdinalLink(scores: scores, counts: counts, bins: bins)
    #expect(link.isValid(bins: bins))
    for score in scores + [0, -40, 40] {
      let own = link.probabilities(score)
      #expect(own.allSatisfy { $0 >= 0 && $0.isFinite } && abs(own.reduce(0, +) - 1) < 1e-9)
    }
  }
}

@Test func fewReturnsAreTheirOwnBins() {
  let bins = ReturnBins([0.2, 0, 0.2 + 1e-12, 1, 0.6])
  #expect(bins.values == [0, 0.2, 0.6, 1])
  #expect([0, 0.2, 0.2 + 1e-12, 0.6, 1, -5, 7].map(bins.bin) == [0, 1, 1, 2, 3, 0, 3])
  #expect(ReturnBins([3, 3, 3]).values == [3])
}

@Test func manyReturnsShareBinsOfEqualCount() {
  let returns = (0..<1600).map { Double($0) / 100 }
  let bins = ReturnBins(returns)
  #expect(bins.count == 16)
  let counts = Dictionary(grouping: returns, by: bins.bin).mapValues(\.count)
  #expect(counts.values.allSatisfy { $0 == 100 })
  #expect(abs(bins.values[0] - 0.495) < 1e-12)
  let mean = returns.reduce(0) { $0 + bins.values[bins.bin(of: $1)] } / 1600
  #expect(abs(mean - returns.reduce(0, +) / 1600) < 1e-9)
}

@Test func aFrequentReturnIsABinAndLeavesRoom() {
  let bins = ReturnBins([Double](repeating: 0, count: 600) + (1...400).map(Double.init), limit: 5)
  #expect(bins.count == 5)
  #expect(bins.values == [0, 50.5, 150.5, 250.5, 350.5])
}

@Test func rankFiguresByHand() throws {
  #expect(RankStatistics.ranks([10, 30, 20, 20]) == [1, 4, 2.5, 2.5])
  #expect(RankStatistics.spearman([1, 2, 3, 4], [1, 4, 9, 16]) == 1)
  #expect(RankStatistics.spearman([1, 2, 3], [3, 2, 1]) == -1)
  // d = 0, 1, 1: 1 − 6·2/(3·8).
  #expect(try #require(RankStatistics.spearman([1, 2, 3], [1, 3, 2])) == 0.5)
  #expect(RankStatistics.spearman([1, 1, 1], [1, 2, 3]) == nil)
  // Pairs: .9 > .4, .9 > .5, .5 = .5 (half), .5 > .4: 3.5 of 4.
  #expect(
    RankStatistics.areaUnderCurve(scores: [0.9, 0.5, 0.5, 0.4], successes: [true, true, false, false]) == 3.5 / 4)
  #expect(RankStatistics.areaUnderCurve(scores: [1, 2], successes: [true, true]) == nil)
  #expect(RankStatistics.rSquared(predictions: [1, 2, 3], outcomes: [1, 2, 3]) == 1)
  #expect(RankStatistics.rSquared(predictions: [2, 2, 2], outcomes: [1, 2, 3]) == 0)
  #expect(RankStatistics.rSquared(predictions: [0, 0], outcomes: [1, 1]) == nil)
}

@Test func calibrationErrorByHand() {
  // Two bins: |.1 − 0|, |.8 − .5|, half the weight each.
  let error = RankStatistics.calibrationError(
    predictions: [0.1, 0.8, 0.1, 0.8], outcomes: [0, 1, 0, 0], bins: 2)
  #expect(abs(error - (0.5 * 0.1 + 0.5 * 0.3)) < 1e-12)
  // A constant that is right on average is calibrated.
  let outcomes = (0..<20).map { Double($0 % 2) }
  #expect(RankStatistics.calibrationError(predictions: outcomes.map { _ in 0.5 }, outcomes: outcomes) < 1e-12)
  #expect(RankStatistics.calibrationError(predictions: [], outcomes: []) == 0)
}
