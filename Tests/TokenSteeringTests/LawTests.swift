import Agents
import Constraints
import CoxswainTesting
import Foundation
import Testing

@testable import TokenSteering

/// The laws hold for every potential and sampler of the library, and find the faults of broken ones.
@Suite struct LawTests {
  let example = Example()

  @Test func potentialsKeepTheLaws() async throws {
    let vocabulary = example.vocabulary
    let potentials: [any Potential] = [
      example.model, example.condition, example.verifier, FinalPotential(vocabulary) { -Double($0.count) },
      try example.model * example.condition,
      try example.model.raised(to: 2.5), LanguagePotential(Pairs(), vocabulary: .bytes),
      ClosurePotential(vocabulary) {
        -0.1 * Double($0.count)
      } complete: {
        $0.count < 3 ? 0 : -.infinity
      },
      try CoercedPotential(LanguagePotential(Pairs(), vocabulary: .bytes), to: vocabulary),
      try CoercedPotential(
        ClosurePotential(.bytes) {
          -0.1 * Double($0.count)
        } complete: {
          $0.last == 98 ? -1 : -.infinity
        },
        to: TokenVocabulary(["a", "b", "ab", ""])),
      ClosureCondition(vocabulary, prefix: { $0.count < 3 }, complete: { $0.count == 2 }),
    ]
    for potential in potentials { try await PotentialLaws(potential).hold() }
  }

  /// A language over bytes, coerced potential by potential, is the language's own walk.
  @Test func coercionAgreesWithTheWalkByState() async throws {
    let coerced = try CoercedPotential(LanguagePotential(Pairs(), vocabulary: .bytes), to: example.vocabulary)
    let prefixes = example.model.texts().map(\.tokens).filter { $0.count < 3 }
    #expect(try await coerced.nextLogWeights(after: prefixes) == example.condition.nextLogWeights(after: prefixes))
  }

  @Test(arguments: Example.Way.allCases) func samplersKeepTheLaw(way: Example.Way) async throws {
    let spelled = try ["", "a", "ab", "aba", "abc"].map { try #require(example.vocabulary.spelled($0)) }
    try await SamplerLaws(example.sampler(way), prefixes: spelled, draws: 20_000).hold()
  }

  @Test func aMaskWithoutItsMassBreaksTheLaw() async throws {
    struct Masked: TokenSampler {
      let target: any Potential
      func draw(after prefixes: [[TokenID]], seeds: [Seed]) async throws -> [WeightedToken] {
        try await LocalSampler(target).draw(after: prefixes, seeds: seeds).map { WeightedToken($0.token, logWeight: 0) }
      }
    }
    await #expect(throws: BrokenLaws.self) {
      try await SamplerLaws(Masked(target: try example.model * example.condition)).hold()
    }
  }

  @Test(arguments: [0, 1]) func tooFewDrawsShowNothing(draws: Int) async throws {
    await #expect(throws: BrokenLaws.self) {
      try await SamplerLaws(LocalSampler(example.model), draws: draws).hold()
    }
  }

  @Test func brokenPotentialsAreFound() async throws {
    struct Broken: Potential {
      enum Fault: CaseIterable { case difference, end, batch, revival, number, count }
      let fault: Fault
      let vocabulary = TokenVocabulary(["a", "b", "c"])
      func prefixLogWeights(of prefixes: [[TokenID]]) async throws -> [Double] {
        prefixes.map { fault == .revival && $0 == [2] ? -.infinity : -Double($0.count) }
      }
      func completeLogWeights(of texts: [[TokenID]]) async throws -> [Double] {
        texts.map { _ in fault == .number ? .nan : -3 }
      }
      func nextLogWeights(after prefixes: [[TokenID]]) async throws -> [NextLogWeights] {
        prefixes.map { prefix in
          var next = NextLogWeights([-1, -1, -1, Double(prefix.count) - 3])
          if fault == .revival, prefix.isEmpty { next[2] = -.infinity }
          if fault == .difference { next[1] = -2 }
          if fault == .end { next[nil] = 0 }
          if fault == .batch { next[1] -= 1e-3 * Double(prefixes.count - 1) }
          if fault == .count { next.values.removeLast() }
          return next
        }
      }
    }
    for fault in Broken.Fault.allCases {
      await #expect(throws: BrokenLaws.self, "\(fault)") { try await PotentialLaws(Broken(fault: fault)).hold() }
    }
  }
}
