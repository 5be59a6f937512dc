import Agents
import Foundation
import Tensors
import TestTraits
import Testing

@testable import OpenWeights

/// Teacher-forced figures, compared with a softmax of each text by itself.
@Suite(.modelsInProcess) struct ScorerTests {
  /// Texts with shared beginnings, some long and some too short for a segment of their own. One text is the beginning
  /// of another, and two are equal.
  static func sequences(confined: Bool) -> [TokenSequence] {
    let common = TinyModel.text(20, seed: 1)
    var texts = (0..<4).map { common + TinyModel.text(3 + $0, seed: UInt64(10 + $0)) }
    texts.append(common)
    texts.append(texts[0] + TinyModel.text(9, seed: 20))
    texts.append(texts[0] + TinyModel.text(12, seed: 21))
    texts.append(Array(common.prefix(4)) + TinyModel.text(7, seed: 22))
    texts.append(texts[3])
    texts.append([5, 6])
    return texts.enumerated().map { number, tokens in
      let drawn = tokens.indices.filter { $0 > 0 && ($0 + number) % 3 != 0 }
      let allowed = drawn.map { place -> [Int32] in
        place % 2 == 0 ? [] : Array(Set([tokens[place], 3, 40, 63])).sorted()
      }
      return TokenSequence(tokens: tokens, drawn: drawn, allowed: confined && number % 2 == 0 ? allowed : [])
    }
  }

  @TensorActor @Test(arguments: [(1.0, false, 4096), (0.7, true, 4096), (1.5, true, 1)])
  func figuresAreThoseByHand(temperature: Double, confined: Bool, rows: Int) async throws {
    let tiny = try TinyModel.shared()
    let adapter = try TinyModel.adapter(for: tiny)
    let sequences = Self.sequences(confined: confined)
    for adapter in [nil, adapter] {
      var scorer = Scorer(model: tiny.model, adapter: adapter, temperature: temperature)
      scorer.rows = rows
      let figures = try await scorer.figures(of: sequences, top: 5)
      for (sequence, figures) in zip(sequences, figures) {
        #expect(figures.count == sequence.drawn.count)
        let logits = try tiny.logits(sequence.tokens, adapter: adapter)
        for (number, (place, figure)) in zip(sequence.drawn, figures).enumerated() {
          let shares = logProbabilities(
            logits[place - 1], temperature: temperature, allowed: sequence.lists[number])
          #expect(abs(Double(figure.logProbability) - (shares[sequence.tokens[place]] ?? 0)) < 1e-4)
          #expect(abs(Double(figure.entropy) + shares.values.reduce(0) { $0 + exp($1) * $1 }) < 1e-4)
          let best = shares.values.sorted(by: >).prefix(5)
          expectClose(figure.best.map(\.logProbability), best.map { Float($0) }, 1e-4)
          #expect(figure.best.allSatisfy { abs(Double($0.logProbability) - (shares[$0.token] ?? 9)) < 1e-4 })
        }
      }
    }
  }

  @TensorActor @Test func whatTextsBeginWithIsThereOnce() throws {
    let sequences = Self.sequences(confined: false)
    let packed = try PackedSequences(sequences)
    #expect(packed.tokens.count < sequences.reduce(0) { $0 + $1.tokens.count } - 5 * 20)
    #expect(packed.count == sequences.reduce(0) { $0 + $1.drawn.count })
    #expect(packed.targets == sequences.flatMap { sequence in sequence.drawn.map { sequence.tokens[$0] } })
    // The rows before a drawn token, followed back through the segments, give the text before it.
    var (starts, start) = ([Int](), 0)
    for segment in packed.segments {
      starts.append(start)
      start += segment.count
    }
    func text(endingAt row: Int) -> [Int32] {
      guard let number = starts.lastIndex(where: { $0 <= row }) else { return [] }
      let own = Array(packed.tokens[starts[number]...row])
      return (packed.segments[number].parent.map { text(endingAt: starts[$0] + packed.segments[$0].count - 1) } ?? [])
        + own
    }
    let expected = sequences.flatMap { sequence in sequence.drawn.map { Array(sequence.tokens[..<$0]) } }
    #expect(packed.rows.map { text(endingAt: Int($0)) } == expected)
    // Each sequence can be read back along its path.
    #expect(packed.paths.map { $0.map { packed.tokens[Int($0)] } } == sequences.map(\.tokens))
    // A text that is the beginning of others, and a text that occurs twice.
    let short = Array(sequences[0].tokens.prefix(12))
    let texts = [sequences[0].tokens, short, sequences[0].tokens].map { TokenSequence(tokens: $0, drawn: []) }
    let twice = try PackedSequences(texts)
    #expect(twice.tokens.count == sequences[0].tokens.count)
    #expect(twice.paths.map { $0.map { twice.tokens[Int($0)] } } == texts.map(\.tokens))
  }

  @TensorActor @Test func sequencesThatCannotBeAreRefused() async throws {
    let scorer = Scorer(model: try TinyModel.shared().model)
    for sequence in [
      TokenSequence(tokens: [], drawn: []), TokenSequence(tokens: [1, 2], drawn: [0]),
      TokenSequence(tokens: [1, 2], drawn: [2]), TokenSequence(tokens: [1, 2], drawn: [-1]),
      TokenSequence(tokens: [1, 2], drawn: [1], allowed: [[], []]), TokenSequence(tokens: [1, 64], drawn: [1]),
    ] {
      await #expect(throws: ModelError.self) { try await scorer.figures(of: [sequence]) }
    }
    await #expect(throws: TensorError.self) {
      try await scorer.figures(of: [TokenSequence(tokens: [1, 2], drawn: [1], allowed: [[64]])])
    }
    #expect(try await scorer.figures(of: []).isEmpty)
    #expect(try await scorer.figures(of: [TokenSequence(tokens: [1, 2], drawn: [])]) == [[]])
  }

  @Test func aDialogueIsContinued() {
    let first = TokenSequence(prompt: [1, 2], answer: [3, 4])
    let second = TokenSequence(prompt: [1, 2, 3, 4, 5], answer: [6], allowed: [[6, 7]])
    let both = TokenSequence(tokens: [1, 2, 3, 4, 5, 6], drawn: [2, 3, 5], allowed: [[], [], [6, 7]])
    #expect(first.continued(by: second) == both)
    #expect(both.continued(by: TokenSequence(prompt: both.tokens, answer: [9]))?.drawn == [2, 3, 5, 6])
    // Not continued: another text, a shorter one, one whose drawn tokens are already in the sequence, and one without
    // drawn tokens.
    #expect(first.continued(by: TokenSequence(prompt: [1, 9, 3, 4], answer: [6])) == nil)
    #expect(first.continued(by: TokenSequence(prompt: [1, 2], answer: [3, 4, 5])) == nil)
    #expect(first.continued(by: TokenSequence(prompt: [1, 2, 3], answer: [4])) == nil)
    #expect(first.continued(by: TokenSequence(prompt: [1, 2, 3, 4, 5], answer: [])) == nil)
  }
}
