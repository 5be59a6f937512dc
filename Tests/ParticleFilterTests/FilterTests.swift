import Agents
import Foundation
import ParticleFilter
import Testing

@Suite("Log-weights, schedules, the filter and its record")
struct FilterTests {
  @Test func effectiveSampleSizeIsBetweenOneAndN() {
    #expect(LogWeights(equal: 8).effectiveSampleSize == 8)
    #expect(LogWeights([0, -.infinity, -.infinity]).effectiveSampleSize == 1)
    #expect(abs(LogWeights([log(3), log(1)]).effectiveSampleSize - 16.0 / 10) < 1e-12)
    // Weights far outside what exp can hold.
    #expect(abs(LogWeights([5_000, 5_000, -5_000]).effectiveSampleSize - 2) < 1e-12)
    #expect(abs(LogWeights([5_000 + log(2), 5_000]).logMean - (5_000 + log(1.5))) < 1e-9)
  }

  @Test func aNotANumberHasNoWeight() {
    let weights = LogWeights(equal: 3).adding([.nan, 0, 0])
    #expect(weights.values[0] == -.infinity)
    #expect(weights.normalised == [0, 0.5, 0.5])
  }

  @Test func withoutAnyWeightAllHaveTheSame() {
    let weights = LogWeights([-.infinity, -.infinity])
    #expect(weights.normalised == [0.5, 0.5])
    #expect(weights.effectiveSampleSize == 0)
    #expect(weights.logMean == -.infinity)
  }

  @Test func weightsAccumulateUntilAResampling() {
    var generator = Seed(1).generator()
    var filter = ParticleFilter(
      count: 2, temperature: 0.5, schedule: .effectiveSampleSize(below: 0.65), initialValue: 0.2)
    let zero = Payment(rewards: [0, 0])
    let first = filter.weigh(step: 1, paid: zero, guidance: Guidance(softValues: [0.4, 0.2]), using: &generator)
    #expect(first.ancestors == nil)
    #expect(filter.logWeights.values == [0.4, 0])
    // The increment depends only on V, so the accumulated weight is that of the newest value.
    let second = filter.weigh(step: 2, paid: zero, guidance: Guidance(softValues: [1.2, 0.2]), using: &generator)
    #expect(abs(second.logWeights.values[0] - 2) < 1e-12)
    #expect(second.ancestors != nil)
    #expect(filter.logWeights == LogWeights(equal: 2))
    #expect(abs(filter.logEvidence - log((exp(2) + 1) / 2)) < 1e-12)
  }

  @Test func withoutResamplingTheCriticCancels() {
    var generator = Seed(1).generator()
    var filter = ParticleFilter(
      count: 2, temperature: 0.1, schedule: .effectiveSampleSize(below: 1e-9), initialValue: 3)
    filter.weigh(
      step: 1, paid: Payment(rewards: [0.1, 0]), guidance: Guidance(softValues: [-7, 5]), using: &generator)
    filter.finish(paid: Payment(rewards: [0.2, 0.5]))
    for (value, reward) in zip(filter.logWeights.values, [0.3, 0.5]) {
      #expect(abs(value - (reward - 3) / 0.1) < 1e-9)
    }
    #expect(abs(filter.softValue - (0.1 * log((exp(3.0) + exp(5.0)) / 2))) < 1e-9)
  }

  @Test("A critic that knows nothing changes nothing", arguments: Resampler.allCases)
  func constantCritic(resampler: Resampler) {
    var generator = Seed(9).generator()
    var filter = ParticleFilter(
      count: 5, temperature: 0.01, schedule: .steps([1, 2, 3]), resampler: resampler, initialValue: 0.4)
    for step in 1...3 {
      let checkpoint = filter.weigh(
        step: step, paid: Payment(rewards: Array(repeating: 0, count: 5)),
        guidance: Guidance(softValues: Array(repeating: 0.4, count: 5)), using: &generator)
      #expect(checkpoint.ancestors == nil)
      #expect(checkpoint.effectiveSampleSize == 5)
    }
    #expect(filter.genealogy.forks == 0)
  }

  @Test("A missing value leaves a particle its share of the weight, and the target as it is")
  func missingValue() {
    var generator = Seed(9).generator()
    var filter = ParticleFilter(
      count: 3, temperature: 0.5, schedule: .effectiveSampleSize(below: 0.01), initialValue: 0.2)
    let paid = Payment(rewards: [0.1, 0, 0.3])
    let first = filter.weigh(
      step: 1, paid: paid, guidance: Guidance(softValues: [0.7, nil, 0.2]), using: &generator)
    #expect(abs(first.logWeights.normalised[1] - 1.0 / 3) < 1e-12)
    let shares = first.logWeights.normalised
    let second = filter.weigh(
      step: 2, paid: paid, guidance: Guidance(softValues: [nil, 0.4, nil]), using: &generator)
    #expect(abs(second.logWeights.normalised[0] / second.logWeights.normalised[2] - shares[0] / shares[2]) < 1e-12)
    let third = filter.weigh(
      step: 3, paid: Payment(rewards: [0, -.infinity, 0]), guidance: Guidance(softValues: [nil, nil, nil]),
      using: &generator)
    #expect(third.logWeights.normalised[1] == 0)
    filter.finish(paid: paid)
    // Values that were missing on the way cancel out: in the end log w is (R − V(s₀))/β.
    for (weight, reward) in zip(filter.logWeights.values, [0.3, -.infinity, 0.9]) {
      #expect(weight == (reward - 0.2) / 0.5 || abs(weight - (reward - 0.2) / 0.5) < 1e-9)
    }
  }

  @Test("A failed particle is replaced", arguments: Resampler.allCases)
  func failedParticle(resampler: Resampler) throws {
    var generator = Seed(9).generator()
    var filter = ParticleFilter(
      count: 3, temperature: 1, schedule: .steps([1]), resampler: resampler, initialValue: 0)
    let checkpoint = filter.weigh(
      step: 1, paid: Payment(rewards: [0, -.infinity, 0]), guidance: Guidance(softValues: [0, 0, 0]),
      using: &generator)
    let ancestors = try #require(checkpoint.ancestors)
    #expect(!ancestors.contains(1))
    #expect(abs(filter.logEvidence - log(2.0 / 3)) < 1e-12)
  }

  @Test func oneParticleIsNeverResampled() {
    var generator = Seed(9).generator()
    var filter = ParticleFilter(count: 1, temperature: 1, schedule: .steps([1]), initialValue: 0)
    let checkpoint = filter.weigh(
      step: 1, paid: Payment(rewards: [0]), guidance: Guidance(softValues: [1]), using: &generator)
    #expect(checkpoint.ancestors == nil)
    filter.finish(paid: Payment(rewards: [1]))
    #expect(filter.weights == [1])
    #expect(filter.softValue == 1)
  }

  @Test func schedulesReadWhatTheyWrite() {
    for schedule: Schedule in [
      .never, .steps([4, 8]), .effectiveSampleSize(below: 0.5), .effectiveSampleSize(below: 0.25, every: 3),
    ] {
      #expect(Schedule(schedule.description) == schedule)
    }
    #expect(Schedule("steps:8, 4,4") == .steps([4, 8]))
    for text in ["", "steps", "steps:", "steps:a", "ess", "ess:x", "ess:0.5/x", "sometimes"] {
      #expect(Schedule(text) == nil, "\(text)")
    }
  }

  @Test func schedulesNameTheirNextCheckpoint() {
    #expect(Schedule.never.nextCheckpoint(after: 0) == nil)
    #expect(Schedule.steps([4, 8]).nextCheckpoint(after: 0) == 4)
    #expect(Schedule.steps([4, 8]).nextCheckpoint(after: 4) == 8)
    #expect(Schedule.steps([4, 8]).nextCheckpoint(after: 8) == nil)
    #expect(Schedule.effectiveSampleSize(below: 0.5).nextCheckpoint(after: 3) == 4)
    #expect(Schedule.effectiveSampleSize(below: 0.5, every: 3).nextCheckpoint(after: 3) == 6)
    #expect(Schedule.effectiveSampleSize(below: 0.5, every: 3).nextCheckpoint(after: 4) == 6)
  }

  @Test func schedulesThatCannotServeSayWhy() {
    #expect(Schedule.steps([2, 5]).problem(stepLimit: 5) == nil)
    #expect(Schedule.steps([2, 6]).problem(stepLimit: 5)?.contains("past the last step") == true)
    #expect(Schedule.steps([0]).problem(stepLimit: 5) != nil)
    #expect(Schedule.steps([]).problem(stepLimit: 5) != nil)
    #expect(Schedule.effectiveSampleSize(below: 0).problem(stepLimit: 5) != nil)
    #expect(Schedule.effectiveSampleSize(below: 1.5).problem(stepLimit: 5) != nil)
    #expect(Schedule.effectiveSampleSize(below: 0.5, every: 0).problem(stepLimit: 5) != nil)
  }

  @Test func theGenealogyFollowsPlacesBack() {
    let equal = LogWeights(equal: 4)
    func checkpoint(_ step: Int, _ ancestors: [Int]?) -> Checkpoint {
      Checkpoint(step: step, logWeights: equal, softValues: [0, 0, 0, 0], ancestors: ancestors, logEvidence: 0)
    }
    let genealogy = Genealogy(
      count: 4, checkpoints: [checkpoint(2, [0, 0, 2, 2]), checkpoint(4, nil), checkpoint(6, [1, 1, 2, 3])])
    #expect(genealogy.lineage(of: 0) == [0, 1, 1, 0])
    #expect(genealogy.lineage(of: 3) == [2, 3, 3, 3])
    #expect(genealogy.forks == 3)
    #expect(genealogy.resamplings == 2)
    #expect(genealogy.survivingFounders == 2)
  }
}
