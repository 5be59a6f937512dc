import Agents
import Foundation
import Testing

@testable import Critics

@Test func violatorsArePooled() {
  let fit = IsotonicRegression(inputs: [4, 1, 3, 2], targets: [5, 1, 2, 3])
  // 3 and 2 are in the wrong order, so both become 2.5 at the centre of their inputs.
  #expect(fit.centres == [1, 2.5, 4])
  #expect(fit.values == [1, 2.5, 5])
  #expect(fit(0) == 1)
  #expect(fit(1.75) == 1.75)
  #expect(fit(3.25) == 3.75)
  #expect(fit(9) == 5)
}

@Test func equalInputsHaveOneValue() {
  let fit = IsotonicRegression(inputs: [1, 1, 2], targets: [0, 1, 1])
  #expect(fit.centres == [1, 2])
  #expect(fit.values == [0.5, 1])
  let falling = IsotonicRegression(inputs: [1, 2, 3], targets: [1, 0.5, 0])
  #expect(falling.values == [0.5])
  #expect(falling(-1) == 0.5)
}

@Test func smoothingKeepsAwayFromCertainty() {
  let fit = IsotonicRegression(inputs: [1, 1, 2, 2], targets: [0, 0, 1, 1], smoothing: 1)
  // (2·0 + 1·½)/3 and (2·1 + 1·½)/3.
  #expect(fit.values.count == 2)
  #expect(abs(fit.values[0] - 0.5 / 3) < 1e-15)
  #expect(abs(fit.values[1] - 2.5 / 3) < 1e-15)
  #expect(fit.isCalibration)
  // A single observation below many. Smoothing by itself would reverse their order.
  let turned = IsotonicRegression(
    inputs: [0] + Array(repeating: 1, count: 10) + Array(repeating: 2, count: 20),
    targets: [0.4] + Array(repeating: 0.41, count: 10) + Array(repeating: 1, count: 20), smoothing: 2)
  #expect(turned.isCalibration)
}

@Test func massesAreNeverNegative() {
  #expect(IsotonicRegression.nonDecreasing([1, 3, 2, 1, 5]) == [1, 2, 2, 2, 5])
  let labels = (0..<400).map { $0 % 4 }
  var generator = Seed(1).generator()
  let probabilities = labels.map { label -> [Double] in
    let raw = (0..<4).map { ($0 == label ? 1.0 : 0.0) + 2 * generator.uniform() }
    let sum = raw.reduce(0, +)
    return raw.map { $0 / sum }
  }
  let bins = ReturnBins([0, 1, 2, 3])
  let calibration = Calibration(probabilities: probabilities, labels: labels, bins: bins, smoothing: 2)
  for row in probabilities {
    let masses = calibration.masses(row, bins: bins)
    #expect(masses.count == 4)
    #expect(masses.allSatisfy { $0 >= 0 })
    #expect(abs(masses.reduce(0, +) - 1) < 1e-12)
    #expect(masses[0] > 0 && masses[3] > 0)
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
