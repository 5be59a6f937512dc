import Agents
import Foundation
import ParticleFilter
import Testing

/// The chain of twelve binary rounds with attempts that can fail. A one fails more often than a zero, so failures
/// depend on the reward.
private struct FrailChain {
  static let rounds = 12
  static let (chance, oneFails, zeroFails) = (0.3, 0.1, 0.02)
  let temperature: Double

  private var survivingOne: Double { Self.chance * (1 - Self.oneFails) }
  private var survivingZero: Double { (1 - Self.chance) * (1 - Self.zeroFails) }
  private var boost: Double { exp(1 / (Double(Self.rounds) * temperature)) }

  /// E[exp(R/β)], where a failed attempt has the reward −∞. Rounds are independent, so the sum over all paths is a
  /// power.
  var evidence: Double { pow(survivingZero + survivingOne * boost, Double(Self.rounds)) }
  /// E[R] under the posterior: the share of ones in it.
  var posteriorMean: Double { survivingOne * boost / (survivingZero + survivingOne * boost) }

  /// One population. The critic predicts `value(round, ones)`.
  func run(
    count: Int, schedule: Schedule, resampler: Resampler, seed: Seed, value: (Int, Int) -> Double
  ) -> (ratio: Double, mean: Double, failed: Int) {
    var moves = seed.split("moves").generator()
    var draws = seed.split("resampling").generator()
    var ones = Array(repeating: 0, count: count)
    var hasFailed = Array(repeating: false, count: count)
    var failures = 0
    var filter = ParticleFilter(
      count: count, temperature: temperature, schedule: schedule, resampler: resampler, initialValue: value(0, 0))
    var round = 0
    while round < Self.rounds {
      let next = min(schedule.nextCheckpoint(after: round) ?? Self.rounds, Self.rounds)
      for _ in round..<next {
        for place in 0..<count where !hasFailed[place] {
          let isOne = moves.uniform() < Self.chance
          if moves.uniform() < (isOne ? Self.oneFails : Self.zeroFails) {
            hasFailed[place] = true
            failures += 1
          } else if isOne {
            ones[place] += 1
          }
        }
      }
      round = next
      guard round < Self.rounds else { break }
      let paid = Payment(rewards: hasFailed.map { $0 ? -.infinity : 0 })
      let guidance = Guidance(softValues: (0..<count).map { hasFailed[$0] ? 0 : value(round, ones[$0]) })
      if let ancestors = filter.weigh(step: round, paid: paid, guidance: guidance, using: &draws).ancestors {
        ones = ancestors.map { ones[$0] }
        hasFailed = ancestors.map { hasFailed[$0] }
      }
    }
    let rewards = ones.map { Double($0) / Double(Self.rounds) }
    filter.finish(paid: Payment(rewards: zip(rewards, hasFailed).map { $1 ? -.infinity : $0 }))
    let mean = zip(filter.weights, rewards).reduce(0) { $0 + $1.0 * $1.1 }
    return (exp(value(0, 0) / temperature + filter.logEvidence) / evidence, mean, failures)
  }
}

@Suite("A failed particle has no weight from then on")
struct FailureTests {
  static let schedules: [Schedule] = [.never, .steps([4, 8]), .steps(Array(1...11)), .effectiveSampleSize(below: 0.5)]

  /// Tolerance: 4.5 standard errors of 400 populations of 15.
  @Test(
    "Evidence and posterior mean are those of enumeration, at every schedule, by every resampler",
    arguments: schedules, Resampler.allCases)
  func unbiased(schedule: Schedule, resampler: Resampler) {
    let chain = FrailChain(temperature: 0.1)
    // A critic that counts ones and ignores failures, and a wrong critic.
    let critics: [(Int, Int) -> Double] = [
      { round, ones in (Double(ones) + 0.5 * Double(12 - round)) / 12 }, { round, ones in 0.2 - 0.02 * Double(ones) },
    ]
    for (number, critic) in critics.enumerated() {
      let results = (0..<400).map { seed in
        chain.run(
          count: 15, schedule: schedule, resampler: resampler,
          seed: Seed(20_27).split("\(schedule) \(resampler) \(number)").split(seed), value: critic)
      }
      let evidence = Estimate(results.map(\.ratio))
      let mean = Estimate(results.map { $0.ratio * $0.mean })
      #expect(abs(evidence.mean - 1) <= 4.5 * evidence.standardError)
      #expect(abs(mean.mean - chain.posteriorMean) <= 4.5 * mean.standardError)
      // Two in five attempts fail before their end.
      #expect(results.reduce(0) { $0 + $1.failed } > 400)
    }
  }

  @Test("Where all failed nothing is resampled, and nothing is NaN")
  func all() {
    var generator = Seed(1).generator()
    var filter = ParticleFilter(count: 3, temperature: 0.1, schedule: .steps([1, 2]), initialValue: 0)
    let lost = Payment(rewards: Array(repeating: -.infinity, count: 3))
    for step in 1...2 {
      let checkpoint = filter.weigh(
        step: step, paid: lost, guidance: Guidance(softValues: [0, nil, 0]), using: &generator)
      #expect(checkpoint.ancestors == nil && checkpoint.effectiveSampleSize == 0)
    }
    filter.finish(paid: lost)
    #expect(filter.logEvidence == -.infinity && filter.softValue == -.infinity)
    #expect(filter.logWeights.values == [-.infinity, -.infinity, -.infinity])
  }

  @Test("In a beam a failed particle has no weight either, and is never kept while another lives")
  func beam() {
    var generator = Seed(1).generator()
    var beam = BeamSearch(count: 3, keep: 2, schedule: .steps([1]), initialValue: 0)
    let checkpoint = beam.weigh(
      step: 1, paid: Payment(rewards: [0, -.infinity, 0]), guidance: Guidance(softValues: [0.1, 5, 0.2]),
      using: &generator)
    #expect(checkpoint.logWeights.values == [0, -.infinity, 0] && checkpoint.ancestors == [0, 2, 2])
    #expect(beam.logWeights.values == [0, 0, 0])
    beam.finish(paid: Payment(rewards: [0.5, 1, -.infinity]))
    #expect(beam.weights == [0.5, 0.5, 0])
  }
}

@Suite("Absurd numbers do not become NaN, and swamp nothing")
struct MagnitudeTests {
  @Test(
    "Weights are numbers that sum to 1",
    arguments: [
      ([1e308, -1e308], [1, 0]), ([.infinity, 0, .infinity], [0.5, 0, 0.5]), ([.nan, 0], [0, 1]),
      ([-.infinity, -1e308], [0, 1]), ([1e308, 1e308], [0.5, 0.5]), ([-.infinity, -.infinity], [0.5, 0.5]),
    ] as [([Double], [Double])])
  func weights(values: [Double], expected: [Double]) {
    let weights = LogWeights(values)
    #expect(weights.normalised == expected)
    #expect(!weights.logMean.isNaN && weights.effectiveSampleSize.isFinite)
    #expect(LogWeights(values).adding(values).normalised.allSatisfy { $0.isFinite })
  }

  /// An earlier version added the rewards to the critic's value first. At 10¹⁶, doubles are 2 apart, so all weights
  /// were equal.
  @Test("A constant critic of any size changes nothing", arguments: [0, 0.3, -7, 1e16, -1e300, .infinity, .nan])
  func constantCritic(value: Double) {
    func weights(_ value: Double) -> [Double] {
      var generator = Seed(4).generator()
      var filter = ParticleFilter(count: 3, temperature: 0.1, schedule: .steps([1]), initialValue: value)
      let checkpoint = filter.weigh(
        step: 1, paid: Payment(rewards: [0, 0, 0]), guidance: Guidance(softValues: [value, value, value]),
        using: &generator)
      #expect(checkpoint.ancestors == nil && checkpoint.softValues.allSatisfy(\.isFinite))
      filter.finish(paid: Payment(rewards: [0, 0.25, 1]))
      #expect(filter.softValue.isFinite)
      return filter.weights
    }
    for (one, other) in zip(weights(value), LogWeights([0, 2.5, 10]).normalised) { #expect(abs(one - other) < 1e-9) }
  }

  @Test("A value that is no value is a missing one, and costs its particle nothing")
  func missing() {
    let guidance = Guidance(softValues: [0.5, .nan, 1e16, -.infinity, nil, -1e9])
    #expect(guidance.softValues == [0.5, nil, nil, nil, nil, -1e9])
  }
}
