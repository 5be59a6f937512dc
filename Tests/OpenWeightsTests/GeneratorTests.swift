import Agents
import Foundation
import ModelFiles
import Tensors
import TestTraits
import Testing

@testable import OpenWeights

/// One generator that answers many requests at once.
@Suite(.modelsInProcess) struct GeneratorTests {
  @TensorActor
  static func generator(
    _ model: LoadedModel, sequences: Int = 64, rows: Int = 512, blocks: Int = 4096, adapter: AdapterWeights? = nil,
    intervention: Intervention? = nil
  ) throws -> Generator {
    // A block holds keys and values for 8 tokens: two layers, two shared heads, 8 dimensions.
    try Generator(
      model: model.model, tokenizer: model.files.tokenizer, adapter: adapter, intervention: intervention,
      settings: .init(sequences: sequences, rows: rows, cacheBytes: blocks * 2 * 2 * 8 * 2 * 8 * 4))
  }

  static func request(
    _ prompt: [Int32], _ sampling: Sampling = Sampling(temperature: 1, maxTokens: 24), seed: UInt64 = 1,
    stops: [String] = [], choices: [String]? = nil
  ) -> GenerationRequest {
    GenerationRequest(prompt: prompt, sampling: sampling, seed: Seed(seed), stops: stops, choices: choices)
  }

  /// Sends all requests at once. The results are in the order of the requests.
  static func all(
    _ requests: [GenerationRequest], _ generator: Generator
  ) async -> [Result<Generation, any Error>] {
    await withTaskGroup(of: (Int, Result<Generation, any Error>).self) { group in
      for (number, request) in requests.enumerated() {
        group.addTask {
          do { return (number, .success(try await generator.generate(request))) } catch {
            return (number, .failure(error))
          }
        }
      }
      return await group.reduce(into: [Int: Result<Generation, any Error>]()) { $0[$1.0] = $1.1 }
        .sorted { $0.key < $1.key }.map(\.value)
    }
  }

  /// Prompts of several lengths and temperatures. Some share a beginning.
  static let mixed: [GenerationRequest] = (0..<17).map { number in
    let common = TinyModel.text(20, seed: 3)
    let own = TinyModel.text(3 + number * 4, seed: UInt64(100 + number))
    return request(
      number % 3 == 0 ? common + own : own,
      Sampling(temperature: [0, 1, 0.7][number % 3], topP: number % 4 == 1 ? 0.8 : 1, maxTokens: 10 + number),
      seed: UInt64(number))
  }

  @TensorActor @Test func whatIsDrawnHasTheProbabilityThatTheWholeTextSays() async throws {
    let tiny = try TinyModel.shared()
    let adapter = try TinyModel.adapter(for: tiny)
    for adapter in [nil, adapter] {
      let generator = try Self.generator(tiny, rows: 16, adapter: adapter)
      for (request, result) in zip(Self.mixed, await Self.all(Self.mixed, generator)) {
        let answer = try result.get()
        let temperature = request.sampling.temperature
        let logits = try tiny.logits(request.prompt + answer.tokens, adapter: adapter)
        for (place, token) in answer.tokens.enumerated() {
          let row = logits[request.prompt.count - 1 + place]
          let expected = logProbabilities(row, temperature: temperature > 0 ? temperature : 1)[token] ?? 0
          #expect(abs(Double(answer.logProbabilities[place]) - expected) < 2e-4)
          if temperature == 0 { #expect(row[Int(token)] > (row.max() ?? 0) - 1e-4) }
        }
        #expect(answer.tokens.count <= request.sampling.maxTokens)
        #expect((answer.ending == .stop) == (answer.tokens.last == TinyModel.end))
        #expect(answer.ending == .stop || answer.tokens.count == request.sampling.maxTokens)
      }
    }
  }

  /// The answers are the same alone, among sixteen others, in small passes, and with a cache so small that blocks are
  /// evicted all the time.
  @TensorActor
  @Test(arguments: [(64, 512, 4096), (64, 9, 4096), (3, 40, 4096), (64, 512, 40), (2, 16, 24), (64, 64, 26)])
  func companyChangesNothing(sequences: Int, rows: Int, blocks: Int) async throws {
    let tiny = try TinyModel.shared()
    var alone: [Generation] = []
    for request in Self.mixed { alone.append(try await Self.generator(tiny).generate(request)) }
    let generator = try Self.generator(tiny, sequences: sequences, rows: rows, blocks: blocks)
    for _ in 0..<2 {
      let together = try await Self.all(Self.mixed, generator).map { try $0.get() }
      let differing = zip(alone, together).map {
        $0.tokens != $1.tokens || $0.text != $1.text || $0.ending != $1.ending
      }
      #expect(!zip(Self.mixed, differing).contains { $0.sampling.temperature == 0 && $1 })
      // A draw within round-off of the border between two tokens may give either token.
      #expect(differing.count { $0 } <= 1)
    }
  }

  @TensorActor @Test func beginningsAreReadFromTheCache() async throws {
    let generator = try Self.generator(TinyModel.shared(), rows: 16)
    let prompt = TinyModel.text(40, seed: 9)
    let together = await Self.all((0..<8).map { Self.request(prompt, seed: $0) }, generator)
    // One request computes the prompt in pieces, and the others wait for each piece. At most 32 tokens are cached,
    // since the last token is always computed.
    let cached = try together.map { try $0.get().cachedTokens }.sorted()
    #expect(cached == [0] + [Int](repeating: 32, count: 7))
    let answer = try together[0].get()
    let longer = try await generator.generate(
      Self.request(prompt + answer.tokens + TinyModel.text(5, seed: 1), Sampling(temperature: 0, maxTokens: 1)))
    // The last token of the answer was drawn but never computed.
    #expect(longer.cachedTokens == (prompt.count + answer.tokens.count - 1) / 8 * 8)
  }

  @TensorActor @Test func onlyWhatDoesNotFitFails() async throws {
    let tiny = try TinyModel.shared()
    let small = (0..<5).map { Self.request(TinyModel.text(9, seed: UInt64($0)), seed: UInt64($0)) }
    var alone: [Generation] = []
    for request in small { alone.append(try await Self.generator(tiny).generate(request)) }
    let large = Self.request(TinyModel.text(100, seed: 50))
    for rows in [512, 8] {
      for place in [0, 3, 5] {
        // Twelve blocks: 96 tokens.
        let generator = try Self.generator(tiny, rows: rows, blocks: 12)
        var requests = small
        requests.insert(large, at: place)
        var results = await Self.all(requests, generator)
        let failed = results.remove(at: place)
        let error = #expect(throws: ModelError.self) { try failed.get() }
        #expect(error?.description.contains("policy.cacheMegabytes") == true)
        #expect(try results.map { try $0.get().tokens } == alone.map(\.tokens))
        // All blocks were released.
        let again = try await generator.generate(Self.request(TinyModel.text(60, seed: 51)))
        #expect(again.tokens.count > 0)
      }
    }
  }

  @TensorActor @Test func whatIsWrongWithARequestIsItsOwn() async throws {
    let generator = try Self.generator(TinyModel.shared())
    let good = Self.request(TinyModel.text(9, seed: 1))
    let bad = [
      Self.request([]), Self.request([1, 64]), Self.request([-1, 3]),
      Self.request([1], Sampling(temperature: -1)), Self.request([1], Sampling(temperature: .nan)),
      Self.request([1], Sampling(topP: 0)), Self.request([1], Sampling(topP: .nan)),
      Self.request([1], Sampling(maxTokens: 0)), Self.request([1], Sampling(maxTokens: .max)),
      Self.request(TinyModel.text(4000, seed: 1), Sampling(maxTokens: 97)),
    ]
    let results = await Self.all([good] + bad + [good], generator)
    for (number, result) in results.enumerated() {
      if number == 0 || number == bad.count + 1 {
        #expect(throws: Never.self) { try result.get() }
      } else {
        #expect(throws: ModelError.self, "\(number)") { try result.get() }
      }
    }
  }

  @TensorActor @Test func stopsEndAnAnswerWhereTheyBegin() async throws {
    let tiny = try TinyModel.shared()
    let generator = try Self.generator(tiny)
    var found = 0
    for seed in 0..<30 {
      let prompt = TinyModel.text(8, seed: UInt64(seed))
      let sampling = Sampling(temperature: 1, maxTokens: 30)
      let free = try await generator.generate(Self.request(prompt, sampling, seed: UInt64(seed)))
      // One stop text that occurs, across tokens, and one that does not.
      let letters = Array(free.text)
      guard letters.count > 12 else { continue }
      let stop = String(letters[7..<10])
      let stopped = try await generator.generate(
        Self.request(prompt, sampling, seed: UInt64(seed), stops: ["zzzzz", stop, ""]))
      #expect(stopped.ending == .stop && free.tokens.starts(with: stopped.tokens))
      let expected = free.text.range(of: stop).map { String(free.text[..<$0.lowerBound]) }
      #expect(stopped.text == expected)
      found += 1
    }
    #expect(found > 10)
  }

  @TensorActor @Test func aVocabularyLargerThanItsTokenizerIsNoCrash() async throws {
    // Rows without a token, as in Qwen's models.
    let tiny = try TinyModel.make(changes: ["vocab_size": 200])
    let generator = try Self.generator(tiny)
    let answer = try await generator.generate(
      Self.request([1, 2, 3], Sampling(temperature: 3, maxTokens: 40)))
    #expect(answer.tokens.contains { $0 >= 64 })
    #expect(answer.text == tiny.files.tokenizer.decode(answer.tokens.map(Int.init)))
  }

  @TensorActor @Test func cancellationEndsItsOwnRequestAlone() async throws {
    let tiny = try TinyModel.shared()
    let others = Array(Self.mixed.prefix(4))
    var alone: [Generation] = []
    for request in others { alone.append(try await Self.generator(tiny).generate(request)) }
    for sequences in [64, 2] {
      let generator = try Self.generator(tiny, sequences: sequences)
      // Greedy, so that an answer does not end by chance. With five requests, some run and some wait.
      let long = (0..<5).map { number in
        Task { @TensorActor in
          try await generator.generate(
            Self.request(
              TinyModel.text(30, seed: UInt64(number)), Sampling(temperature: 0, maxTokens: 4000),
              choices: [String(repeating: "ab", count: 2000)]))
        }
      }
      let rest = Task { await Self.all(others, generator) }
      for _ in 0..<20 { await Task.yield() }
      for task in long { task.cancel() }
      for task in long { await #expect(throws: CancellationError.self) { try await task.value } }
      #expect(try await rest.value.map { try $0.get().tokens } == alone.map(\.tokens))
      let before = Task { @TensorActor in
        while !Task.isCancelled { await Task.yield() }
        return try await generator.generate(others[0])
      }
      before.cancel()
      await #expect(throws: CancellationError.self) { try await before.value }
      #expect(try await generator.generate(others[1]).tokens == alone[1].tokens)
    }
  }
}
