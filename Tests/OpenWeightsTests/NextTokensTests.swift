import Agents
import Constraints
import CoxswainTesting
import Foundation
import ParticleFilter
import Tensors
import TestTraits
import Testing
import TokenSteering

@testable import OpenWeights

/// A model in process behind token-level Sequential Monte Carlo.
@Suite(.modelsInProcess) struct NextTokensTests {
  @TensorActor
  static func next(_ tiny: LoadedModel, rows: Int = 512, blocks: Int = 4096) throws -> NextTokens {
    // A block holds keys and values for 8 tokens: two layers, two shared heads, 8 dimensions.
    try NextTokens(
      model: tiny.model, tokenizer: tiny.files.tokenizer,
      settings: .init(rows: rows, cacheBytes: blocks * 2 * 2 * 8 * 2 * 8 * 4))
  }

  /// Particles that grow, fork and are dropped. Logits are those of the whole text without a cache, whatever the size of passes and cache.
  @TensorActor
  @Test(arguments: [(512, 4096), (9, 4096), (512, 40), (16, 64)])
  func logitsAreThoseOfTheWholeText(rows: Int, blocks: Int) async throws {
    let tiny = try TinyModel.shared()
    let next = try Self.next(tiny, rows: rows, blocks: blocks)
    let prompt = TinyModel.text(21, seed: 4)
    var generator = Seed(5).generator()
    var particles = Array(repeating: prompt, count: 8)
    for _ in 0..<30 {
      let logits = try await next.logits(after: particles)
      for (tokens, logits) in zip(particles, logits) {
        let expected = try tiny.logits(tokens)[tokens.count - 1]
        #expect(zip(logits, expected).allSatisfy { abs($0 - $1) < 1e-3 })
      }
      particles = particles.map { _ in particles[generator.number(below: 8)] }
      for place in particles.indices { particles[place].append(Int32(generator.number(below: 62))) }
    }
  }

  @TensorActor @Test func aParticleCostsAboutOneRowAToken() async throws {
    let next = try Self.next(TinyModel.shared())
    let prompt = TinyModel.text(48, seed: 4)
    var particles = (0..<16).map { prompt + [Int32($0)] }
    _ = try await next.logits(after: Array(repeating: prompt, count: 16))
    #expect(next.rows == 48)
    for step in 0..<20 {
      _ = try await next.logits(after: particles)
      for place in particles.indices { particles[place].append(Int32((place + step) % 62)) }
    }
    // The first token after the prompt computes the last block of it anew for all but one particle.
    #expect(next.rows <= 48 + 20 * 16 + 15 * 8)
  }

  @TensorActor @Test func callsAtTheSameTimeShareAPass() async throws {
    let next = try Self.next(TinyModel.shared())
    let texts = (0..<12).map { TinyModel.text(5 + $0, seed: UInt64($0)) }
    let alone = try await next.logits(after: texts)
    let rows = next.rows
    let calls = texts.map { text in Task { try await next.logits(after: [text + [1]])[0] } }
    var together: [[Float]] = []
    for call in calls { together.append(try await call.value) }
    #expect(next.rows - rows <= 12 * 8)
    #expect(together.count == 12 && alone.count == 12)
    await #expect(throws: ModelError.self) { try await next.logits(after: [[]]) }
    await #expect(throws: ModelError.self) { try await next.logits(after: [[1], TinyModel.text(5_000, seed: 1)]) }
    await #expect(throws: ModelError.self) { try await next.logits(after: [[9_999]]) }
    #expect(try await next.logits(after: texts).count == 12)
  }

  @TensorActor @Test func aPromptedModelKeepsTheLaws() async throws {
    let next = try Self.next(TinyModel.shared())
    for stops in [[], ["le", "\n"]] {
      let model = try PromptedModel(next, prompt: TinyModel.text(9, seed: 2), temperature: 0.7, stops: stops)
      try await PotentialLaws(model, walks: 2, limit: 5, tried: 8, tolerance: 2e-3).hold()
      let first = try await model.nextLogWeights(after: [[]])[0]
      // Nothing but the begin token is excluded, and only stops that lie inside a token.
      #expect(abs(first.logSum) < (stops.isEmpty ? 0.2 : 0.5))
      #expect(first[TinyModel.end] == -.infinity && first[TinyModel.start] == -.infinity)
    }
    #expect(throws: ModelError.self) { try PromptedModel(next, prompt: [], temperature: 1) }
    #expect(throws: ModelError.self) { try PromptedModel(next, prompt: [1], temperature: 0) }
  }

  /// The weighted answers are the model conditioned on the constraint, against enumeration with the model's own logits.
  @TensorActor @Test func answersAreTheModelConditionedOnTheConstraint() async throws {
    let tiny = try TinyModel.shared()
    let next = try Self.next(tiny)
    let prompt = TinyModel.text(12, seed: 6)
    let model = try PromptedModel(next, prompt: prompt)
    let words = Set(["left", "right", "up", "no", "north", "abab"])
    let condition = ClosureCondition(next.vocabulary) { tokens in
      let text = next.vocabulary.text(of: tokens)
      return words.contains { $0.hasPrefix(text) }
    } complete: {
      words.contains(next.vocabulary.text(of: $0))
    }
    var (exact, open): ([[TokenID]: Double], [[TokenID]]) = ([:], [[]])
    while let text = open.popLast() {
      let complete = try await model.completeLogWeights(of: [text])[0]
      if condition.allows(nil, after: text) { exact[text] = exp(complete) }
      open += (0..<62).map { text + [$0] }.filter { condition.allows($0[$0.count - 1], after: text) && $0.count <= 8 }
    }
    let total = exact.values.reduce(0, +)
    var texts: [String: Double] = [:]
    for (tokens, weight) in exact { texts[next.vocabulary.text(of: tokens), default: 0] += weight / total }
    for sampler in [
      try RejectionSampler(model, condition: condition) as any TokenSampler, LocalSampler(try model * condition),
    ] {
      let posterior = try await TokenSMC(sampler: sampler, particles: 1_500, limit: 8).run(seed: Seed(3))
      #expect(abs(posterior.logEvidence - log(total)) < 0.3)
      var left = texts
      for (text, probability) in posterior.distribution { left[text, default: 0] -= probability }
      #expect(left.values.reduce(0) { $0 + abs($1) } / 2 < 0.12, "\(left) of \(texts)")
    }
  }

  @TensorActor @Test func aJudgeWeighsAndGuides() async throws {
    let next = try Self.next(TinyModel.shared())
    let model = try PromptedModel(next, prompt: TinyModel.text(7, seed: 6))
    let judge = try Judge(next, yes: [3, 4], no: [5], scale: 2) { text in
      TinyModel.text(5, seed: 1) + text.utf8.prefix(20).map { Int32($0 % 62) }
    }
    let weight = try await judge.logWeight(of: "left")
    #expect(weight < 0 && weight.isFinite)
    let sampler = LocalSampler(model)
    for (factors, twist) in [
      ([judge.potential(over: next.vocabulary)], judge.twist(over: next.vocabulary) as (any TokenTwist)?),
      ([], judge.twist(over: next.vocabulary)),
    ] {
      let smc = try TokenSMC(sampler: sampler, factors: factors, twist: twist, particles: 5, limit: 6)
      let posterior = try await smc.run(seed: Seed(1))
      #expect(!posterior.isEmpty || posterior.logEvidence == -.infinity)
    }
    #expect(throws: ModelError.self) { try Judge(next, yes: [], no: [1]) { _ in [1] } }
  }

  /// `righ` and `right` write the stop `gh` after `ri`: they count as `ri` and the end.
  @TensorActor @Test func tokensThatWriteAStopLaterKeepTheirHead() async throws {
    let tiny = try TinyModel.shared()
    let prompt = TinyModel.text(9, seed: 2)
    let model = try PromptedModel(Self.next(tiny), prompt: prompt, stops: ["gh"])
    try await PotentialLaws(model, walks: 2, limit: 5, tried: 8, tolerance: 2e-3).hold()
    func number(_ symbol: String) throws -> Int32 { Int32(try #require(TinyModel.symbols.firstIndex(of: symbol))) }
    let (a, ri) = (try number("a"), try number("ri"))
    func probabilities(_ tokens: [Int32]) throws -> [Int32: Double] {
      logProbabilities(try tiny.logits(prompt + tokens)[prompt.count + tokens.count - 1]).mapValues(exp)
    }
    let (first, second, third) = (try probabilities([]), try probabilities([a]), try probabilities([a, ri]))
    let (righ, right, gh) = (try number("righ"), try number("right"), try number("gh"))
    func mass(_ probabilities: [Int32: Double], _ tokens: Int32...) -> Double {
      tokens.reduce(0) { $0 + (probabilities[$1] ?? 0) }
    }
    let spelled = mass(second, ri) * mass(third, TinyModel.end, gh)
    let exact = log(mass(first, a) * (spelled + mass(second, righ, right)))
    #expect(abs(try await model.completeLogWeights(of: [[a, ri]])[0] - exact) < 1e-3)
    // All mass but that of the begin token is left.
    let total = try await model.nextLogWeights(after: [[a]])[0].logSum
    #expect(abs(total - log(1 - mass(second, TinyModel.start))) < 1e-3)
    let impossible = try await model.prefixLogWeights(of: [[999_999], [-1, 3], [64], [a, righ]])
    #expect(impossible.allSatisfy { $0 == -.infinity })
    #expect(try await model.nextLogWeights(after: [[999_999]])[0].logSum == -.infinity)
  }

  /// The evidence of a constrained answer counts every way in which the model ends it. Exact, against enumeration.
  @TensorActor @Test func stopsEndConstrainedAnswers() async throws {
    let tiny = try TinyModel.shared()
    let prompt = TinyModel.text(9, seed: 2)
    let line = try #require(TinyModel.symbols.firstIndex(of: "Ċ")).asToken
    func logs(_ tokens: [Int32]) throws -> [Int32: Double] {
      logProbabilities(try tiny.logits(prompt + tokens)[prompt.count + tokens.count - 1])
    }
    let digits = (0...9).compactMap { digit in TinyModel.symbols.firstIndex(of: "\(digit)")?.asToken }
    let first = try logs([])
    for (constraint, ends) in [
      // After a digit the language has no line break, so that one is the end.
      (Constraint.regex("[0-9]"), [TinyModel.end, line]),
      // Here it belongs to the text.
      (.regex("[0-9]\\n?"), [TinyModel.end]),
    ] {
      let model = try SteeredModel(tiny, steering: AnswerSteering(constraint: constraint, particles: 2_000))
      let posterior = try await model.posterior(
        SteeredModel.Question(prompt: prompt, limit: 1, stops: ["\n"]), seed: Seed(1))
      let exact = try digits.reduce(0) { sum, digit in
        let next = try logs([digit])
        return sum + exp(first[digit] ?? 0) * ends.reduce(0) { $0 + exp(next[$1] ?? 0) }
      }
      // The weights of 2,000 particles vary by less than a factor of e: 5 standard errors are below 0.1.
      #expect(abs(posterior.logEvidence - log(exact)) < 0.1, "\(constraint)")
    }
  }

  /// A choice that begins no other one ends by itself; the others need the model's end.
  @TensorActor @Test func wholeChoicesEndByThemselves() async throws {
    let tiny = try TinyModel.shared()
    let prompt = TinyModel.text(9, seed: 2)
    func logs(_ tokens: [Int32]) throws -> [Int32: Double] {
      logProbabilities(try tiny.logits(prompt + tokens)[prompt.count + tokens.count - 1])
    }
    let (three, four) = (
      try #require(TinyModel.symbols.firstIndex(of: "3")).asToken,
      try #require(TinyModel.symbols.firstIndex(of: "4")).asToken
    )
    let (first, second) = (try logs([]), try logs([three]))
    let weights = [
      "3": exp((first[three] ?? 0) + (second[TinyModel.end] ?? 0)), "4": exp(first[four] ?? 0),
      "33": exp((first[three] ?? 0) + (second[three] ?? 0)),
    ]
    let total = weights.values.reduce(0, +)
    let choices = ["3", "4", "33"]
    for constraint in [Constraint.choices(choices), .regex("x")] {
      let model = try SteeredModel(tiny, steering: AnswerSteering(constraint: constraint, particles: 4_000))
      let posterior = try await model.posterior(
        SteeredModel.Question(prompt: prompt, limit: 3, choices: constraint == .regex("x") ? choices : nil),
        seed: Seed(2))
      #expect(abs(posterior.logEvidence - log(total)) < 0.1)
      for (text, weight) in weights {
        let found = posterior.distribution.first { $0.text == text }?.probability ?? 0
        // Over 5 standard errors of a share of 4,000 draws.
        #expect(abs(found - weight / total) < 0.05, "\(text) \(found), exact \(weight / total)")
      }
    }
  }

  /// A text that does not fit into the cache, and a foreign token, fail their own calls alone.
  @TensorActor @Test(arguments: [false, true]) func badCallsFailAlone(isLast: Bool) async throws {
    let next = try Self.next(TinyModel.shared(), blocks: 10)
    let long = Task { try await next.logits(after: [TinyModel.text(200, seed: 1)]) }
    let short = (0..<3).map { seed in
      Task { try await next.logits(after: [TinyModel.text(40, seed: UInt64(10 + seed))]) }
    }
    let longer = Task { try await next.logits(after: [TinyModel.text(isLast ? 300 : 30, seed: 2)]) }
    let stranger = Task { try await next.logits(after: [[1, 9_999]]) }
    for call in short { #expect(try await call.value.count == 1) }
    if isLast {
      await #expect(throws: ModelError.self) { try await longer.value }
    } else {
      #expect(try await longer.value.count == 1)
    }
    do {
      _ = try await long.value
      Issue.record("200 tokens in 80 places")
    } catch let error as ModelError { #expect(error.isTooLong) }
    await #expect(throws: ModelError.self) { try await stranger.value }
    #expect(try await next.logits(after: [TinyModel.text(70, seed: 3)]).count == 1)
  }

  @TensorActor @Test func aCancelledCallLeavesTheQueue() async throws {
    let next = try Self.next(TinyModel.shared(), rows: 8)
    let call = Task { try await next.logits(after: [TinyModel.text(2_000, seed: 1)]) }
    while next.rows == 0 { await Task.yield() }
    call.cancel()
    await #expect(throws: CancellationError.self) { try await call.value }
    #expect(next.rows < 2_000)
    #expect(try await next.logits(after: [TinyModel.text(20, seed: 2)]).count == 1)
  }
}

extension Int {
  fileprivate var asToken: Int32 { Int32(self) }
}
