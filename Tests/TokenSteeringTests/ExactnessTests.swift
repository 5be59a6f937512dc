import Agents
import Constraints
import CoxswainTesting
import Foundation
import ParticleFilter
import Testing

@testable import TokenSteering

/// Everything against enumeration.
@Suite struct ExactnessTests {
  /// Every sampler with two resamplers, and every resampler with two samplers.
  static let pairs: [(Example.Way, Resampler)] = Example.Way.allCases.flatMap { way in
    Resampler.allCases.compactMap { resampler in
      [.local, .rejection].contains(way) || [.systematic, .multinomial].contains(resampler) ? (way, resampler) : nil
    }
  }

  /// Ẑ·Σ wᵢ·f(xᵢ) is unbiased for Σ γ(x)·f(x) at N = 5, for every sampler, resampler and twist, right or wrong.
  @Test(arguments: pairs)
  func evidenceAndPosteriorAreUnbiasedAtFiveParticles(way: Example.Way, resampler: Resampler) async throws {
    let example = Example()
    let exact = try await example.exact(verified: true)
    let total = exact.values.reduce(0, +)
    let likeliest = try #require(exact.max { $0.value < $1.value })
    let long = exact.filter { $0.key.count >= 3 }.values.reduce(0, +)
    for hint in Example.Hint.allCases {
      let smc = try TokenSMC(
        sampler: example.sampler(way), factors: [example.verifier], twist: example.twist(hint), particles: 5, limit: 4,
        resampler: resampler)
      let runs = 700
      var (totals, likelies, longs): ([Double], [Double], [Double]) = ([], [], [])
      for number in 0..<runs {
        let posterior = try await smc.run(seed: Seed(5).split(number))
        let evidence = exp(posterior.logEvidence)
        totals.append(evidence)
        likelies.append(evidence * (posterior.expectation { $0.tokens == likeliest.key ? 1 : 0 } ?? 0))
        longs.append(evidence * (posterior.expectation { $0.tokens.count >= 3 ? 1 : 0 } ?? 0))
      }
      for (values, truth, name) in [
        (totals, total, "evidence"), (likelies, likeliest.value, "likeliest text"), (longs, long, "long texts"),
      ] {
        let (mean, error) = estimate(values)
        #expect(
          abs(mean - truth) < 4.5 * error, "\(name) \(way) \(resampler) \(hint): \(mean) ± \(error), exact \(truth)")
      }
    }
  }

  /// With many particles the weighted texts are the posterior, in total variation.
  @Test(arguments: Example.Way.allCases, Example.Hint.allCases)
  func thePosteriorConverges(way: Example.Way, hint: Example.Hint) async throws {
    let example = Example()
    let exact = try await example.exact(verified: true)
    let total = exact.values.reduce(0, +)
    var distances: [Double] = []
    for particles in [50, 3_000] {
      let smc = try TokenSMC(
        sampler: example.sampler(way), factors: [example.verifier], twist: example.twist(hint), particles: particles,
        limit: 4)
      let posterior = try await smc.run(seed: Seed(8))
      var left = exact.mapValues { $0 / total }
      for (answer, weight) in zip(posterior.answers, posterior.weights) { left[answer.tokens, default: 0] -= weight }
      distances.append(left.values.reduce(0) { $0 + abs($1) } / 2)
      if particles == 3_000 { #expect(abs(posterior.logEvidence - log(total)) < (hint == .wrong ? 0.4 : 0.1)) }
    }
    #expect(distances[1] < 0.06, "\(way) \(hint): \(distances)")
    #expect(distances[1] < distances[0])
  }

  /// Masked decoding, which is what a model with renormalised masks draws from, is another distribution. The numbers
  /// stand in Documentation/token-steering.md.
  @Test func maskedDecodingIsBiased() async throws {
    let example = Example()
    let exact = try await example.exact()
    let total = exact.values.reduce(0, +)
    // Masked: the probability of a text is the product of renormalised next weights.
    let masked = try example.model * example.condition
    var distance = 0.0
    var rows: [(String, Double, Double)] = []
    for (tokens, weight) in exact {
      var logProbability = 0.0
      for place in 0...tokens.count {
        let next = try await masked.nextLogWeights(after: [Array(tokens[..<place])])[0]
        logProbability += next[place < tokens.count ? tokens[place] : nil] - next.logSum
      }
      // Some of the masked mass dies at the model's limit; what ends is renormalised, which favours masking.
      rows.append((example.vocabulary.text(of: tokens), weight / total, exp(logProbability)))
    }
    let ended = rows.reduce(0) { $0 + $1.2 }
    for row in rows { distance += abs(row.1 - row.2 / ended) / 2 }
    for row in rows.sorted(by: { $0.1 > $1.1 }).prefix(4) {
      print("\(row.0): exact \(row.1), masked \(row.2 / ended)")
    }
    print("total variation between masked decoding and the posterior: \(distance)")
    #expect(distance > 0.1)
    let filter = try TokenSMC(sampler: example.sampler(.local), particles: 3_000, limit: 4)
    let posterior = try await filter.run(seed: Seed(2))
    var left = exact.mapValues { $0 / total }
    for (answer, weight) in zip(posterior.answers, posterior.weights) { left[answer.tokens, default: 0] -= weight }
    #expect(left.values.reduce(0) { $0 + abs($1) } / 2 < distance / 3)
  }

  /// Powers of the whole text, not of each token.
  @Test(arguments: [0.5, 2.0, 4.0]) func powersAreOfWholeTexts(power: Double) async throws {
    let example = Example()
    let exact = try await example.exact(power: power)
    let total = exact.values.reduce(0, +)
    let powered = try example.model.raised(to: power)
    for sampler in [
      LocalSampler(try powered * example.condition) as any TokenSampler,
      try RejectionSampler(powered, condition: example.condition),
    ] {
      let smc = try TokenSMC(sampler: sampler, particles: 5, limit: 4)
      var values: [Double] = []
      for number in 0..<600 { values.append(exp(try await smc.run(seed: Seed(3).split(number)).logEvidence)) }
      let (mean, error) = estimate(values)
      #expect(abs(mean - total) < 4.5 * error, "power \(power): \(mean) ± \(error), exact \(total)")
    }
  }

  /// Allowed tokens so far below the likeliest one that their probabilities are 0 in a Double keep their weights.
  @Test(arguments: [600.0, 720, 743, 800, 5_000]) func unlikelyTokensCanBeAllowed(depth: Double) async throws {
    let vocabulary = TokenVocabulary(["x", "a", "b"])
    let logWeights = [0, -depth, -depth - log(3.0)]
    let base = ClosurePotential(vocabulary) {
      $0.reduce(0) { $0 + logWeights[Int($1)] }
    } complete: {
      $0.reduce(0) { $0 + logWeights[Int($1)] }
    }
    let condition = ClosureCondition(vocabulary) {
      $0.isEmpty || $0 == [1] || $0 == [2]
    } complete: {
      $0 == [1] || $0 == [2]
    }
    let sampler = try RejectionSampler(base, condition: condition)
    let posterior = try await TokenSMC(sampler: sampler, particles: 4_000, limit: 1).run(seed: Seed(1))
    // Z = e^−depth · 4/3, and a has 3/4 of it. 0.03 is over 4 standard errors of a share of 4,000 draws.
    #expect(abs(posterior.logEvidence + depth - log(4.0 / 3)) < 0.03)
    let share = posterior.distribution.first { $0.text == "a" }?.probability ?? 0
    #expect(abs(share - 0.75) < 0.03)
  }

  @Test func theEndKeepsAMassBelowTheSmallestNumber() {
    var next = NextLogWeights(logits: [0, -10, -10, -12], temperature: 0.01)
    next.move([1, 2], to: nil)
    #expect(abs(next.end - (log(2.0) - 1_000)) < 1e-3)
    #expect(next[1] == -.infinity && abs(next[3] + 1_200) < 1e-3)
  }

  @Test func equalTextsStandOnceInTheirOrder() {
    #expect([[3], [1, 2], [3], [], [1, 2]].distinct == [[3], [1, 2], []])
  }
}
