import Agents
import Foundation
import ModelFiles
import Tensors
import TestTraits
import Testing

@testable import OpenWeights

/// Where a tuned model and its base prefer different tokens: counts worked out by hand, and tokens exchanged between
/// the models.
@Suite(.modelsInProcess) struct AnalysisTests {
  static func figures(_ entropy: Float, _ best: [Int32]) -> TokenFigures {
    TokenFigures(
      logProbability: -1, entropy: entropy,
      best: best.enumerated().map { (token: $1, logProbability: -Float($0 + 1)) })
  }

  @Test func countsAreThoseByHand() {
    let one = RolloutTokens(
      task: "a", reward: 1,
      sequences: [
        TokenSequence(tokens: [9, 1, 2], drawn: [1, 2]), TokenSequence(tokens: [9, 3, 4, 5], drawn: [1, 3]),
      ])
    let two = RolloutTokens(task: "b", reward: 0, sequences: [TokenSequence(tokens: [9, 7], drawn: [1])])
    let three = RolloutTokens(task: "a", reward: 0.5, sequences: [TokenSequence(tokens: [9, 8, 8], drawn: [1, 2])])
    let base = [
      [
        [Self.figures(1, [1, 2, 3, 4, 5, 6]), Self.figures(2, [1, 2, 3, 4, 5, 6])],
        [Self.figures(0.5, [3, 1, 2, 4, 5, 6]), Self.figures(3, [1, 2, 3, 4, 5, 6])],
      ], [[Self.figures(0, [7, 1, 2, 3, 4])]],
      [[Self.figures(0.25, [8, 1, 2, 3, 4]), Self.figures(1.25, [1, 8, 2, 3, 4])]],
    ]
    let tuned = [
      // The tuned model prefers the base's first, second, first and sixth token.
      [[Self.figures(1, [1]), Self.figures(1, [2])], [Self.figures(1, [3]), Self.figures(1, [6])]],
      [[Self.figures(1, [7])]], [[Self.figures(1, [8]), Self.figures(1, [8])]],
    ]
    let analysis = TokenAnalysis([one, two, three], base: base, tuned: tuned) { "t\($0)" }
    #expect(analysis.tokens == 7 && analysis.forks == 3)
    #expect(abs(analysis.agreement - 4.0 / 7) < 1e-12 && abs((analysis.nearShare ?? 0) - 2.0 / 3) < 1e-12)
    #expect(abs(analysis.meanEntropy - 8.0 / 7) < 1e-12 && abs((analysis.forkEntropy ?? 0) - 6.25 / 3) < 1e-12)
    // The forks are the second and the fourth of four tokens, and the second of two.
    #expect(
      analysis.forksByTenth.enumerated().allSatisfy { abs($1 - ([2, 7, 5].contains($0) ? 1.0 / 3 : 0)) < 1e-12 })
    #expect(zip(analysis.agreementByTask, [3.0 / 6, 1]).allSatisfy { abs($0 - $1) < 1e-12 })
    #expect(analysis.answers.map(\.task) == ["a", "b", "a"] && analysis.answers.map(\.reward) == [1, 0, 0.5])
    let second = analysis.answers[0].tokens[1]
    #expect(
      second.text == "t2" && second.basePrefers == "t1" && second.tunedPrefers == "t2" && second.isFork
        && second.isNear)
    #expect(analysis.answers[0].tokens[3].text == "t5" && !analysis.answers[0].tokens[3].isNear)
    let nothing = TokenAnalysis([], base: [], tuned: []) { _ in "" }
    #expect(
      nothing.tokens == 0 && nothing.nearShare == nil && nothing.forkEntropy == nil && nothing.agreementByTask.isEmpty
    )
  }

  /// A model and its own adapter, compared with the logits of each.
  @TensorActor @Test func forksAreWhereTheLikeliestTokensDiffer() async throws {
    let tiny = try TinyModel.shared()
    let adapter = try TinyModel.adapter(for: tiny, spread: 0.1)
    let rollouts = (0..<3).map { number in
      RolloutTokens(
        task: TaskID("\(number)"), reward: 0,
        sequences: [
          TokenSequence(
            prompt: TinyModel.text(5, seed: UInt64(number)), answer: TinyModel.text(20, seed: UInt64(60 + number)))
        ])
    }
    let sequences = rollouts.flatMap(\.sequences)
    let base = try await Scorer(model: tiny.model).figures(of: sequences, top: 5)
    let tuned = try await Scorer(model: tiny.model, adapter: adapter).figures(of: sequences, top: 1)
    let analysis = TokenAnalysis(rollouts, base: base.map { [$0] }, tuned: tuned.map { [$0] }) { "\($0)" }
    var forks = 0
    for sequence in sequences {
      let (old, new) = (try tiny.logits(sequence.tokens), try tiny.logits(sequence.tokens, adapter: adapter))
      forks += sequence.drawn.count { place in
        let best = { (row: [Float]) in row.indices.max { row[$0] < row[$1] } }
        return best(old[place - 1]) != best(new[place - 1])
      }
    }
    #expect(analysis.forks == forks && forks > 5 && forks < 60)
  }

  @TensorActor @Test func interventionsAreTheModelsAtTheirEnds() async throws {
    let tiny = try TinyModel.shared()
    let adapter = try TinyModel.adapter(for: tiny, spread: 0.1)
    func answers(
      _ temperature: Double, adapter: AdapterWeights? = nil, _ places: Intervention.Places? = nil, rows: Int = 512
    ) async throws -> [[Int32]] {
      let generator = try GeneratorTests.generator(
        tiny, rows: rows, adapter: adapter,
        intervention: places.map { Intervention(try TinyModel.adapter(for: tiny, spread: 0.1), at: $0) })
      let requests = (0..<6).map { number in
        GeneratorTests.request(
          TinyModel.text(4 + 9 * number, seed: UInt64(number)), Sampling(temperature: temperature, maxTokens: 30),
          seed: UInt64(number))
      }
      return try await GeneratorTests.all(requests, generator).map { try $0.get().tokens }
    }
    let (base, tuned) = (try await answers(0), try await answers(0, adapter: adapter))
    #expect(base != tuned)
    #expect(try await answers(0, .disagreements) == tuned)
    #expect(try await answers(0, .disagreements, rows: 7) == tuned)
    let (loose, looseTuned) = (try await answers(1), try await answers(1, adapter: adapter))
    #expect(try await answers(1, .random(share: 0)) == loose)
    #expect(try await answers(1, .random(share: 1)) == looseTuned)
    #expect(try await answers(0, .random(share: 1)) == tuned)
    let half = try await answers(0, .random(share: 0.5))
    #expect(half != base && half != tuned)
  }
}
