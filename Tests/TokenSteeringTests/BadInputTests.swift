import Agents
import Constraints
import CoxswainTesting
import Foundation
import ParticleFilter
import Testing

@testable import TokenSteering

/// Settings, constraints and potentials that cannot work.
@Suite struct BadInputTests {
  let example = Example()

  @Test func aConstraintThatTheTokensCannotSpellIsAnError() {
    let error = #expect(throws: TokenSteeringError.self) {
      try Pairs().potential(over: TokenVocabulary(["x", "b", "ba"]))
    }
    #expect(error?.kind == .unspellable)
  }

  @Test(arguments: Example.Way.allCases) func aTextThatCannotGoOnHasNoWeight(way: Example.Way) async throws {
    // `a` can begin a word, and nothing of this vocabulary can continue it.
    let vocabulary = TokenVocabulary(["a", "x"])
    let model = EnumerableModel(vocabulary, limit: 4)
    let condition = try Pairs().potential(over: vocabulary)
    let sampler: any TokenSampler =
      switch way {
      case .set: try SetSampler(model, condition: condition)
      case .local: LocalSampler(try model * condition)
      case .proposal: try ProposalSampler(try model * condition, proposal: model)
      default: try RejectionSampler(model, condition: condition, patience: way == .impatient ? 1 : 256)
      }
    let posterior = try await TokenSMC(sampler: sampler, particles: 4, limit: 3).run(seed: Seed(1))
    #expect(posterior.isEmpty && posterior.logEvidence == -.infinity)
    #expect(posterior.excluded == 4 && posterior.weights == [0, 0, 0, 0])
    #expect(posterior.distribution.isEmpty && posterior.draw(seed: Seed(1)) == nil)
    #expect(posterior.expectation { _ in 1 } == nil)
  }

  @Test func anAnswerThatCannotEndWithinTheLimitHasNoWeight() async throws {
    let long = ClosureCondition(example.vocabulary, prefix: { _ in true }, complete: { $0.count >= 3 })
    let sampler = LocalSampler(try EnumerableModel(example.vocabulary, limit: 9) * long)
    let posterior = try await TokenSMC(sampler: sampler, particles: 6, limit: 2).run(seed: Seed(1))
    #expect(posterior.isEmpty && posterior.overLimit == 6)
    // With one token more every particle can end, and does.
    let enough = try await TokenSMC(sampler: sampler, particles: 6, limit: 3).run(seed: Seed(1))
    // Or texts are cut, and weigh what their tokens do.
    let cut = try await TokenSMC(sampler: sampler, particles: 6, limit: 2, cutsAtLimit: true).run(seed: Seed(1))
    #expect(cut.answers.allSatisfy { $0.ending == .cut } && !cut.isEmpty)
    #expect(enough.overLimit == 0 && enough.answers.allSatisfy { $0.tokens.count == 3 })
  }

  @Test func settingsAreChecked() throws {
    let sampler = LocalSampler(example.model)
    #expect(throws: TokenSteeringError.self) { try TokenSMC(sampler: sampler, particles: 0, limit: 4) }
    #expect(throws: TokenSteeringError.self) { try TokenSMC(sampler: sampler, particles: 1, limit: 0) }
    #expect(throws: TokenSteeringError.self) {
      try TokenSMC(sampler: sampler, particles: 1, limit: 4, schedule: .effectiveSampleSize(below: 2))
    }
    #expect(throws: TokenSteeringError.self) { try example.model.raised(to: 0) }
    #expect(throws: TokenSteeringError.self) { try ProductPotential([]) }
    #expect(throws: TokenSteeringError.self) {
      try example.model * LanguagePotential(Pairs(), vocabulary: .bytes)
    }
    #expect(throws: TokenSteeringError.self) {
      try RejectionSampler(example.model, condition: example.condition, checks: 0)
    }
  }

  @Test(arguments: [Double.nan, .infinity]) func badWeightsAreErrors(weight: Double) async throws {
    let bad = ClosurePotential(example.vocabulary) { _ in
      0
    } complete: { _ in
      weight
    }
    let error = await #expect(throws: TokenSteeringError.self) {
      try await TokenSMC(sampler: LocalSampler(bad), particles: 2, limit: 3).run(seed: Seed(1))
    }
    #expect(error?.kind == .badWeight)
    await #expect(throws: TokenSteeringError.self) {
      try await TokenSMC(sampler: LocalSampler(example.model), factors: [bad], particles: 2, limit: 3).run(
        seed: Seed(1))
    }
  }

  @Test func equalSeedsGiveEqualRuns() async throws {
    let smc = try TokenSMC(
      sampler: example.sampler(.rejection), factors: [example.verifier], twist: example.twist(.wrong), particles: 7,
      limit: 4)
    let first = try await smc.run(seed: Seed(4))
    #expect(first == (try await smc.run(seed: Seed(4))))
    #expect(first != (try await smc.run(seed: Seed(5))))
    #expect(first.genealogy.isSound)
  }

  @Test func numbersOutsideTheVocabularyHaveNoWeight() {
    var next = NextLogWeights([-1, -2, -3])
    #expect(next[-1] == -.infinity && next[2] == -.infinity && next[nil] == -3)
    next[2] = 0
    #expect(next == NextLogWeights([-1, -2, -3]))
  }

  /// Lists of allowed tokens are kept for a bounded number of states, even if they are empty.
  @Test func emptyListsCountToo() {
    struct Counting: ByteLanguage {
      var start: Int { 0 }
      func state(after byte: UInt8, _ state: Int) -> Int? { byte == 97 ? state + 1 : nil }
      func isComplete(_ state: Int) -> Bool { true }
      func canContinue(_ state: Int) -> Bool { true }
    }
    let potential = LanguagePotential(Counting(), vocabulary: TokenVocabulary(["b"]))
    for state in 0..<20_000 { _ = potential.allowedTokens(after: state) }
    #expect(potential.keptLists <= 1 << 14)
  }
}
