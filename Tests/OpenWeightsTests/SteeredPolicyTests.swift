import Agents
import Constraints
import Foundation
import Tensors
import TestTraits
import Testing

@testable import OpenWeights

/// A policy whose answers are drawn by Sequential Monte Carlo over their tokens.
@Suite(.modelsInProcess) struct SteeredPolicyTests {
  @TensorActor
  static func policy(
    _ steering: AnswerSteering, api: PromptEncoder.API = .chat, maxTokens: Int = 12
  ) throws -> MLXPolicy {
    let tiny = try TinyModel.shared()
    return try MLXPolicy(
      tiny, encoder: try PromptEncoder(tiny.files, api: api, format: .plain), sampling: Sampling(maxTokens: maxTokens),
      settings: .init(cacheBytes: 8 << 20), steering: steering)
  }

  static func request(_ seed: UInt64, choices: [String]? = nil) -> PolicyRequest {
    PolicyRequest(
      transcript: Transcript(entries: [.prompt("left or right?")]), choices: choices, seed: Seed(seed),
      key: CallKey(run: "r", task: "t", particle: 0, step: 0))
  }

  @TensorActor
  @Test(arguments: [PromptEncoder.API.chat, .text]) func answersKeepTheConstraint(api: PromptEncoder.API) async throws {
    let policy = try Self.policy(
      AnswerSteering(constraint: .regex("(left|right|up)[0-9]{1,2}"), particles: 6), api: api)
    for seed in 0..<6 {
      let answer = try await policy.respond(to: Self.request(UInt64(seed)))
      #expect(answer.text.wholeMatch(of: /(left|right|up)[0-9]{1,2}/) != nil, "\(answer.text)")
      #expect(answer.text == (try await policy.respond(to: Self.request(UInt64(seed)))).text)
      #expect(answer.usage.outputTokens >= 6)
    }
  }

  @TensorActor
  @Test(arguments: [PromptEncoder.API.chat, .text]) func choicesReplaceTheConstraint(api: PromptEncoder.API)
    async throws
  {
    let policy = try Self.policy(AnswerSteering(constraint: .regex("[0-9]+"), particles: 4), api: api)
    for seed in 0..<6 {
      let answer = try await policy.respond(to: Self.request(UInt64(seed), choices: ["left", "right", "no"]))
      #expect(["left", "right", "no"].contains(answer.text))
    }
  }

  /// White space at the ends belongs to a constrained answer.
  @TensorActor
  @Test(arguments: [PromptEncoder.API.chat, .text]) func answersAreWhatWasDrawn(api: PromptEncoder.API) async throws {
    let policy = try Self.policy(AnswerSteering(constraint: .regex(" (left|right)\\n? "), particles: 4), api: api)
    for seed in 0..<4 {
      let answer = try await policy.respond(to: Self.request(UInt64(seed))).text
      #expect(answer.wholeMatch(of: /\ (left|right)\n?\ /) != nil, "\(answer.debugDescription)")
      let choice = try await policy.respond(to: Self.request(UInt64(seed), choices: [" left", "right "])).text
      #expect([" left", "right "].contains(choice), "\(choice.debugDescription)")
    }
  }

  @TensorActor @Test func powersNeedNoConstraint() async throws {
    let policy = try Self.policy(AnswerSteering(particles: 4, power: 3), maxTokens: 6)
    let answer = try await policy.respond(to: Self.request(1))
    #expect(answer.usage.outputTokens > 0)
  }

  @TensorActor @Test func anAnswerThatCannotEndFailsItsCallAlone() async throws {
    let policy = try Self.policy(AnswerSteering(constraint: .regex("[0-9]{40}"), particles: 3))
    do {
      _ = try await policy.respond(to: Self.request(1))
      Issue.record("an answer of 40 digits in 12 tokens")
    } catch {
      #expect(error.kind == .unanswered && error.message.contains("too long"), "\(error)")
      #expect(error.concernsOneCall)
    }
  }

  @TensorActor @Test func theIdentityNamesWhatDecidesAnswers() throws {
    let plain = AnswerSteering(particles: 4)
    let all = [
      plain, AnswerSteering(particles: 5), AnswerSteering(particles: 4, power: 2),
      AnswerSteering(constraint: .regex("a"), particles: 4), AnswerSteering(constraint: .regex("b"), particles: 4),
      AnswerSteering(constraint: .grammar("root ::= \"b\""), particles: 4),
      AnswerSteering(constraint: .choices(["a", "b"]), particles: 4), AnswerSteering(holdsCalls: true, particles: 4),
    ]
    #expect(Set(all.map(\.identity)).count == all.count)
    #expect(try Self.policy(plain).identity.hasSuffix(plain.identity))
    // Stored answers are found by it, so that it has the whole digest.
    #expect(all[3].identity.contains(/@[0-9a-f]{32}$/))
    #expect(!(try Self.policy(plain).limitsConcurrency))
  }

  @Test func aPrefixedLanguageHasItsPrefixOnce() throws {
    let language = PrefixedLanguage(" x", try Constraint.regex("[ab]").language())
    #expect(language.contains(" xa".utf8) && !language.contains("xa".utf8) && !language.contains(" x".utf8))
    #expect(!language.contains(" xab".utf8))
    #expect(PrefixedLanguage("", try Constraint.regex("[ab]").language()).contains("b".utf8))
  }
}
