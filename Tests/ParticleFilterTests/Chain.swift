import Agents
import Foundation
import ParticleFilter

/// Twelve binary rounds, each a one with probability 0.3. The reward is the share of ones, paid at the end. All exact
/// values can be computed.
struct Chain {
  static let rounds = 12
  static let chance = 0.3

  let temperature: Double

  /// V_β after `round` rounds with `ones` ones, by dynamic programming from the end. The recursion is the definition; a
  /// binomial sum over the remaining rounds would give the same.
  let softValues: [[Double]]

  init(temperature: Double) {
    self.temperature = temperature
    var table = Array(repeating: Array(repeating: 0.0, count: Self.rounds + 2), count: Self.rounds + 1)
    for ones in 0...Self.rounds { table[Self.rounds][ones] = Double(ones) / Double(Self.rounds) }
    for round in stride(from: Self.rounds - 1, through: 0, by: -1) {
      for ones in 0...round {
        let up = table[round + 1][ones + 1] / temperature
        let stay = table[round + 1][ones] / temperature
        let largest = max(up, stay)
        table[round][ones] =
          temperature * (largest + log(Self.chance * exp(up - largest) + (1 - Self.chance) * exp(stay - largest)))
      }
    }
    softValues = table
  }

  /// Z = E[exp(R/β)].
  var evidence: Double { exp(softValues[0][0] / temperature) }

  /// E_{π₀}[f(R)], by enumeration over the number of ones.
  private func expectation(_ body: (Double) -> Double) -> Double {
    Self.binomial(Self.rounds).enumerated().reduce(0) {
      $0 + $1.element * body(Double($1.offset) / Double(Self.rounds))
    }
  }

  /// E[R] under π₀(τ)·exp(R/β)/Z.
  var posteriorMean: Double { expectation { $0 * exp($0 / temperature) } / evidence }

  /// The standard deviation of one particle's exp(R/β)/Z under the prior. It determines the error of the evidence
  /// without a critic.
  var evidenceDeviation: Double {
    (expectation { exp(2 * $0 / temperature) } / (evidence * evidence) - 1).squareRoot()
  }

  /// The standard deviation of one particle's contribution to the weighted mean (the delta method's standard error
  /// times √N).
  var meanDeviation: Double {
    let mean = posteriorMean
    return (expectation { exp(2 * $0 / temperature) * ($0 - mean) * ($0 - mean) } / (evidence * evidence)).squareRoot()
  }

  /// The probabilities of 0, 1, … ones in `rounds` rounds.
  private static func binomial(_ rounds: Int) -> [Double] {
    var chances = [1.0]
    for _ in 0..<rounds {
      chances = (0...chances.count).map {
        ($0 < chances.count ? chances[$0] * (1 - chance) : 0) + ($0 > 0 ? chances[$0 - 1] * chance : 0)
      }
    }
    return chances
  }

  enum Guide: String, CaseIterable { case exact, constant, wrong }

  func value(_ guide: Guide, round: Int, ones: Int) -> Double {
    switch guide {
    case .exact: softValues[round][ones]
    case .constant: 0.3
    // Predicts lower returns after ones, and higher ones in later rounds.
    case .wrong: 0.2 - 0.05 * Double(ones) / Double(Self.rounds) + 0.005 * Double(round)
    }
  }

  struct Result {
    let weightedMean: Double
    let logEvidence: Double
    let softValue: Double
    let resamplings: Int
  }

  /// One population, driven as Steering drives one: particles run free between checkpoints.
  func run(count: Int, schedule: Schedule, resampler: Resampler, guide: Guide, seed: Seed) -> Result {
    var moves = seed.split("moves").generator()
    var draws = seed.split("resampling").generator()
    var ones = Array(repeating: 0, count: count)
    var filter = ParticleFilter(
      count: count, temperature: temperature, schedule: schedule, resampler: resampler,
      initialValue: value(guide, round: 0, ones: 0))
    let unpaid = Payment(rewards: Array(repeating: 0, count: count))
    var round = 0
    while round < Self.rounds {
      let next = min(schedule.nextCheckpoint(after: round) ?? Self.rounds, Self.rounds)
      let chances = Self.binomial(next - round)
      for particle in 0..<count {
        var left = moves.uniform()
        for chance in chances.dropLast() where left >= 0 {
          left -= chance
          if left >= 0 { ones[particle] += 1 }
        }
      }
      round = next
      guard round < Self.rounds else { break }
      let guidance = Guidance(softValues: ones.map { value(guide, round: round, ones: $0) })
      if let ancestors = filter.weigh(step: round, paid: unpaid, guidance: guidance, using: &draws).ancestors {
        ones = ancestors.map { ones[$0] }
      }
    }
    let rewards = ones.map { Double($0) / Double(Self.rounds) }
    filter.finish(paid: Payment(rewards: rewards))
    return Result(
      weightedMean: zip(filter.weights, rewards).reduce(0) { $0 + $1.0 * $1.1 }, logEvidence: filter.logEvidence,
      softValue: filter.softValue, resamplings: filter.genealogy.resamplings)
  }
}

/// The mean of a sample, and its standard error.
struct Estimate {
  let mean: Double
  let standardError: Double

  init(_ sample: [Double]) {
    let count = Double(sample.count)
    let mean = sample.reduce(0, +) / count
    let variance = sample.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (count - 1)
    self.mean = mean
    standardError = (variance / count).squareRoot()
  }
}
