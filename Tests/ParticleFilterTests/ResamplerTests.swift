import Agents
import Foundation
import ParticleFilter
import Testing

@Suite("Every resampler")
struct ResamplerTests {
  static let weights: [[Double]] = [
    [0.1, 0.2, 0.3, 0.4],
    [0.5, 0.5, 0, 0, 0],
    [0.97, 0.01, 0.01, 0.01],
    [1, 0, 0],
    [1],
    LogWeights((0..<23).map { Double($0 * $0 % 7) / 2 }).normalised,
  ]

  @Test("draws N·w copies on average", arguments: Resampler.allCases, weights)
  func expectedCounts(resampler: Resampler, weights: [Double]) {
    var generator = Seed(1).split(resampler.rawValue).generator()
    let draws = (0..<4_000).map { _ in resampler.counts(for: weights, using: &generator) }
    for particle in weights.indices {
      let copies = Estimate(draws.map { Double($0[particle]) })
      let expected = Double(weights.count) * weights[particle]
      #expect(abs(copies.mean - expected) <= 4.5 * copies.standardError + 1e-9)
    }
  }

  @Test("keeps the number of particles and never revives one without weight", arguments: Resampler.allCases, weights)
  func totals(resampler: Resampler, weights: [Double]) {
    var generator = Seed(2).generator()
    for _ in 0..<500 {
      let counts = resampler.counts(for: weights, using: &generator)
      #expect(counts.reduce(0, +) == weights.count)
      #expect(zip(counts, weights).allSatisfy { $0 == 0 || $1 > 0 })
    }
  }

  @Test("has no more variance than independent draws", arguments: Resampler.allCases, weights)
  func variance(resampler: Resampler, weights: [Double]) {
    // The variance of Σ counts·f for an arbitrary f, against the multinomial one in closed form.
    let values = weights.indices.map { cos(Double($0)) }
    let mean = zip(weights, values).reduce(0) { $0 + $1.0 * $1.1 }
    let exact =
      Double(weights.count) * zip(weights, values).reduce(0) { $0 + $1.0 * ($1.1 - mean) * ($1.1 - mean) }
    var generator = Seed(3).split(resampler.rawValue).generator()
    let sums = (0..<4_000).map { _ in
      zip(resampler.counts(for: weights, using: &generator), values).reduce(0) { $0 + Double($1.0) * $1.1 }
    }
    let sample = Estimate(sums)
    let variance = sample.standardError * sample.standardError * 4_000
    // The relative error of a variance from n draws is about √(2/n); 4.5 of them.
    #expect(variance <= exact * (1 + 4.5 * (2.0 / 4_000).squareRoot()) + 1e-9)
  }

  @Test(
    "guarantees ⌊N·w⌋ copies, and all but residual at most one more",
    arguments: [Resampler.systematic, .residual, .ssp])
  func guaranteedCopies(resampler: Resampler) {
    var generator = Seed(4).generator()
    for weights in Self.weights {
      for _ in 0..<500 {
        for (count, weight) in zip(resampler.counts(for: weights, using: &generator), weights) {
          let expected = Double(weights.count) * weight
          #expect(Double(count) >= (expected + 1e-9).rounded(.down) - 1e-9)
          if resampler != .residual { #expect(Double(count) <= (expected - 1e-9).rounded(.up) + 1e-9) }
        }
      }
    }
  }

  @Test("gives the same counts for the same seed", arguments: Resampler.allCases)
  func reproducible(resampler: Resampler) {
    var first = Seed(5).generator()
    var second = Seed(5).generator()
    for weights in Self.weights {
      #expect(resampler.counts(for: weights, using: &first) == resampler.counts(for: weights, using: &second))
    }
  }

  @Test("survivors stay where they are; only surplus copies move")
  func ancestors() {
    #expect(Resampler.ancestors(from: [1, 1, 1]) == [0, 1, 2])
    #expect(Resampler.ancestors(from: [3, 0, 1, 0]) == [0, 0, 2, 0])
    #expect(Resampler.ancestors(from: [0, 2, 0, 2]) == [1, 1, 3, 3])
    #expect(Resampler.ancestors(from: [0, 0, 3]) == [2, 2, 2])
  }
}
