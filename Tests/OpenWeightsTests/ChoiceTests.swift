import Agents
import Foundation
import ModelFiles
import Tensors
import TestTraits
import Testing

@testable import OpenWeights

/// Answers restricted to choices, compared with exact enumeration.
@Suite(.modelsInProcess) struct ChoiceTests {
  /// The probability of each choice, summed over all its spellings, under the model restricted token by token.
  @TensorActor
  static func distribution(
    _ model: LoadedModel, _ prompt: [Int32], _ choices: [String], temperature: Double, adapter: AdapterWeights? = nil
  ) throws -> [String: Double] {
    let tokenizer = model.files.tokenizer
    var result: [String: Double] = [:]
    func follow(_ tokens: [Int32], _ written: String, _ probability: Double) throws {
      let open = choices.filter { $0.hasPrefix(written) }
      if !written.isEmpty, open == [written] {
        result[written, default: 0] += probability
        return
      }
      // Any token that continues an open choice. The end token, if a choice is complete.
      let allowed = (0..<Int32(TinyModel.vocabulary)).filter { token in
        if token == TinyModel.end { return open.contains(written) }
        if token == TinyModel.start { return false }
        let text = String(decoding: tokenizer.bytes(of: Int(token)), as: UTF8.self)
        return open.contains { $0.hasPrefix(written + text) }
      }
      let row = try model.logits(prompt + tokens, adapter: adapter).last ?? []
      for (token, logProbability) in logProbabilities(row, temperature: temperature, allowed: allowed) {
        let next = probability * exp(logProbability)
        if token == TinyModel.end {
          result[written, default: 0] += next
        } else {
          try follow(
            tokens + [token], written + String(decoding: tokenizer.bytes(of: Int(token)), as: UTF8.self), next)
        }
      }
    }
    try follow([], "", 1)
    return result
  }

  @TensorActor @Test(arguments: [1.0, 0.6])
  func theDistributionIsTheConfinedOne(temperature: Double) async throws {
    let tiny = try TinyModel.make(seed: 3, spread: 0.2)
    let choices = ["left", "right", "no", "north", "up", "le"]
    let prompt = TinyModel.text(13, seed: 4)
    let exact = try Self.distribution(tiny, prompt, choices, temperature: temperature)
    #expect(Set(exact.keys) == Set(choices) && abs(exact.values.reduce(0, +) - 1) < 1e-6)
    let generator = try GeneratorTests.generator(tiny)
    let count = 3_000
    let requests = (0..<count).map {
      GeneratorTests.request(
        prompt, Sampling(temperature: temperature, maxTokens: 12), seed: UInt64($0), choices: choices)
    }
    var counts: [String: Int] = [:]
    for result in await GeneratorTests.all(requests, generator) {
      let answer = try result.get()
      counts[answer.text, default: 0] += 1
      #expect(answer.ending == .stop)
    }
    #expect(Set(counts.keys).isSubset(of: choices))
    for (choice, share) in exact {
      let error = (share * (1 - share) / Double(count)).squareRoot()
      #expect(abs(Double(counts[choice] ?? 0) / Double(count) - share) < 4 * error, "\(choice): \(share)")
    }
    // Otherwise one choice could have all the probability, and the test could not fail.
    #expect(exact.values.count { $0 > 0.03 } >= 4)
  }

  /// The probability of a stored answer equals that of drawing it, including its end token.
  @TensorActor @Test(arguments: ["left", "no", "north", "right"])
  func aStoredChoiceHasTheProbabilityOfBeingDrawn(choice: String) async throws {
    let tiny = try TinyModel.make(seed: 3, spread: 0.2)
    let choices = ["left", "right", "no", "north"]
    let encoder = try PromptEncoder(tiny.files, api: .chat, format: .plain)
    let transcript = Transcript(entries: [.instructions("go"), .prompt("where?")])
    let generator = try GeneratorTests.generator(tiny)
    let prompt = try encoder.prompt(transcript)
    let sequence = try encoder.exchange(transcript, response: choice, choices: choices)
    #expect(Array(sequence.tokens.prefix(sequence.drawn[0])) == prompt)
    let figures = try await Scorer(model: tiny.model).figures(of: [sequence])[0]
    // Draws until the same tokens occur.
    let answer = Array(sequence.tokens[sequence.drawn[0]...])
    for seed in 0..<4_000 {
      let drawn = try await generator.generate(
        GeneratorTests.request(prompt, Sampling(maxTokens: 12), seed: UInt64(seed), choices: choices))
      guard drawn.text == choice, drawn.tokens.first == answer.first, drawn.tokens.count <= answer.count else {
        continue
      }
      #expect(drawn.tokens == answer)
      expectClose(drawn.logProbabilities, figures.map(\.logProbability), 2e-4)
      return
    }
    Issue.record("\(choice) was never drawn")
  }

  @TensorActor @Test func aChoiceMayBeTheBeginningOfAnother() async throws {
    let generator = try GeneratorTests.generator(TinyModel.shared())
    for seed in 0..<40 {
      let answer = try await generator.generate(
        GeneratorTests.request(
          TinyModel.text(5, seed: UInt64(seed)), Sampling(temperature: 2, maxTokens: 40), seed: UInt64(seed),
          choices: ["a", "ab", "abc", "a b"]))
      #expect(["a", "ab", "abc", "a b"].contains(answer.text) && answer.ending == .stop)
      // An end token follows only answers that another choice continues.
      #expect((answer.tokens.last == TinyModel.end) == ["a", "ab"].contains(answer.text))
    }
  }

  @TensorActor @Test func whatCannotBeSpelledIsAnError() async throws {
    let generator = try GeneratorTests.generator(TinyModel.shared())
    for choices in [[], ["Größe"], ["left", "Ω"]] as [[String]] {
      await #expect(throws: ModelError.self, "\(choices)") {
        try await generator.generate(GeneratorTests.request([1, 2], choices: choices))
      }
    }
  }
}
