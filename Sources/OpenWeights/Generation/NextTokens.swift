import Agents
import ModelFiles
import Synchronization
import Tensors
import TokenSteering

/// What a model says about the next token after many sequences at once, for samplers that draw by themselves.
///
/// One pass serves all questions that wait, whoever asks. Keys and values of a sequence are released after four passes
/// without an extension, so that a particle costs one row a token; copies of a particle share the blocks of their common
/// beginning and compute at most one block anew.
@TensorActor
package final class NextTokens {
  /// The tokens with their bytes; special tokens have none.
  package nonisolated let vocabulary: TokenVocabulary
  /// The tokens that end a text, each once.
  package nonisolated let endTokens: [TokenID]
  /// What was found out about lists of stops. Policies have one list for all questions.
  private nonisolated let stopping = Mutex<[[String]: StopTokens]>([:])
  /// The most tokens of a prompt and its answer.
  package nonisolated let maximumPositions: Int
  private let model: LanguageModel
  private let adapter: AdapterWeights?
  private let settings: Generator.Settings
  private let cache: PrefixCache
  private var queue: [Question] = []
  private var isRunning = false
  /// Sequences whose tokens are all in the cache, by these tokens, with the pass that computed them.
  private var held: [[Int32]: (sequence: PrefixCache.Sequence, pass: Int)] = [:]
  /// The logits of the last passes. A sampler may ask about the same sequence twice.
  private var recent: [[Int32]: (logits: [Float], pass: Int)] = [:]
  private var passes = 0
  /// Rows computed so far, for measurements.
  package private(set) var rows = 0

  /// One sequence that a call asks about.
  private struct Question {
    let tokens: [Int32]
    let place: Int
    let call: Call
    var sequence: PrefixCache.Sequence?
  }

  @TensorActor
  private final class Call {
    var answers: [[Float]]
    var left: Int
    var continuation: CheckedContinuation<[[Float]], any Error>?

    init(_ count: Int) {
      answers = Array(repeating: [], count: count)
      left = count
    }

    func answer(_ logits: [Float], at place: Int) {
      answers[place] = logits
      left -= 1
      if left == 0 {
        continuation?.resume(returning: answers)
        continuation = nil
      }
    }

    func fail(_ error: any Error) {
      continuation?.resume(throwing: error)
      continuation = nil
    }
  }

  package init(
    model: LanguageModel, tokenizer: Tokenizer, adapter: AdapterWeights? = nil,
    settings: Generator.Settings = Generator.Settings()
  ) throws {
    let shape = model.configuration
    (self.model, self.adapter, self.settings) = (model, adapter, settings)
    let ends = Set(shape.endTokens)
    vocabulary = TokenVocabulary(
      (0..<shape.vocabulary).map {
        tokenizer.isSpecial($0) || ends.contains($0) ? [] : tokenizer.bytes(of: $0)
      })
    endTokens = ends.compactMap { $0 < shape.vocabulary ? TokenID(exactly: $0) : nil }.sorted()
    maximumPositions = shape.maximumPositions
    cache = try PrefixCache(for: shape, bytes: settings.cacheBytes)
  }

  /// The tokens that write one of these stops.
  nonisolated func stopTokens(_ stops: [String]) -> StopTokens {
    stopping.withLock { known in
      if let found = known[stops] { return found }
      if known.count >= 16 { known.removeAll() }
      let found = StopTokens(vocabulary, stops: stops)
      known[stops] = found
      return found
    }
  }

  /// The logits of the next token after each sequence, [sequences][vocabulary].
  ///
  /// - Throws: `ModelError` for empty sequences, foreign tokens, and sequences that do not fit the model or the cache;
  ///   `TensorError`, `CancellationError`.
  package func logits(after sequences: [[Int32]]) async throws -> [[Float]] {
    guard !sequences.isEmpty else { return [] }
    for sequence in sequences {
      guard !sequence.isEmpty else { throw ModelError("The prompt is empty.") }
      guard sequence.count <= maximumPositions else {
        throw ModelError(
          "A prompt with its answer has \(sequence.count) tokens, and the model \(maximumPositions) positions.",
          isTooLong: true)
      }
      if let stranger = sequence.first(where: { !vocabulary.tokens.indices.contains(Int($0)) }) {
        throw ModelError(
          "A text has the token \(stranger), but the model's vocabulary has only \(vocabulary.count) tokens.")
      }
    }
    var places: [[Int32]: Int] = [:]
    var distinct: [[Int32]] = []
    let numbers = sequences.map { sequence in
      if let known = places[sequence] { return known }
      places[sequence] = distinct.count
      distinct.append(sequence)
      return distinct.count - 1
    }
    let known = distinct.map { recent[$0]?.logits }
    let missing = distinct.indices.filter { known[$0] == nil }
    var found: [[Float]] = []
    if !missing.isEmpty {
      let call = Call(missing.count)
      found = try await withTaskCancellationHandler {
        try await withCheckedThrowingContinuation { continuation in
          call.continuation = continuation
          queue += missing.enumerated().map { Question(tokens: distinct[$1], place: $0, call: call) }
          if !isRunning {
            isRunning = true
            Task { await run() }
          }
        }
      } onCancel: {
        Task { await self.fail(call, CancellationError()) }
      }
    }
    var answers = known.map { $0 ?? [] }
    for (place, logits) in zip(missing, found) { answers[place] = logits }
    return numbers.map { answers[$0] }
  }

  private func run() async {
    while !queue.isEmpty {
      // Lets other particles add their questions to the pass.
      await Task.yield()
      if queue.isEmpty { break }
      do { try pass() } catch {
        while let question = queue.first { fail(question.call, error) }
      }
    }
    isRunning = false
  }

  /// Drops what a call waits for.
  private func fail(_ call: Call, _ error: any Error) {
    for question in queue where question.call === call { question.sequence.map(cache.close) }
    queue.removeAll { $0.call === call }
    call.fail(error)
  }

  /// Opens a sequence where the previous token's question left it, or from the shared blocks.
  private func open(_ tokens: [Int32]) -> PrefixCache.Sequence {
    held.removeValue(forKey: Array(tokens.dropLast()))?.sequence ?? cache.open(tokens)
  }

  /// One pass over the waiting questions.
  private func pass() throws {
    passes += 1
    release(olderThan: passes - 4)
    var room = settings.rows
    var (tokens, members): ([Int32], [Int]) = ([], [])
    var sequences: [KeyValueStore.Sequence] = []
    var underway: Set<PrefixCache.Key> = []
    var full: (call: Call, error: ModelError)?
    let isFresh = queue.allSatisfy { $0.sequence == nil }
    for place in queue.indices where room > 0 {
      var sequence = queue[place].sequence ?? open(queue[place].tokens)
      let asked = queue[place].tokens
      // A prompt's next block is computed by one question; the others wait and then share it.
      if let key = cache.nextKey(of: asked, after: sequence), !underway.insert(key).inserted {
        cache.close(sequence)
        queue[place].sequence = nil
        continue
      }
      let piece = asked[sequence.tokens.count...].prefix(room)
      do throws(ModelError) { try extend(&sequence, by: piece.count) } catch {
        cache.close(sequence)
        queue[place].sequence = nil
        // The others go on and give their blocks back.
        full = (queue[place].call, error)
        continue
      }
      queue[place].sequence = sequence
      room -= piece.count
      tokens += piece
      sequences.append(.init(fresh: piece.count, past: sequence.tokens.count, blocks: sequence.blocks))
      members.append(place)
    }
    if let full, members.isEmpty {
      // By now all blocks are given back. If the questions held none before, each is too long even alone.
      return isFresh ? fail(full.call, full.error) : ()
    }
    rows += tokens.count
    let hidden = try model.hiddenStates(tokens, attending: .cached(cache.store, sequences), adapter: adapter)
    // Evaluated before the blocks are shared, so that a failed computation is never reused.
    try evaluate([hidden])
    var (row, ends, finished): (Int, [Int32], [Int]) = (0, [], [])
    for (place, part) in zip(members, sequences) {
      guard var sequence = queue[place].sequence else { continue }
      cache.fill(&sequence, with: Array(tokens[row..<row + part.fresh]))
      queue[place].sequence = sequence
      row += part.fresh
      if sequence.tokens.count == queue[place].tokens.count {
        ends.append(Int32(row - 1))
        finished.append(place)
      }
    }
    guard !ends.isEmpty else { return }
    let width = model.configuration.vocabulary
    let logits = try model.logits(hidden.rows(Tensor(ends))).values()
    recent = recent.filter { $0.value.pass >= passes - 1 }
    for (number, place) in finished.enumerated() {
      let question = queue[place]
      let own = Array(logits[number * width..<(number + 1) * width])
      if let sequence = question.sequence {
        // Another call may hold the same tokens.
        held.updateValue((sequence, passes), forKey: question.tokens).map { cache.close($0.sequence) }
      }
      recent[question.tokens] = (own, passes)
      question.call.answer(own, at: question.place)
    }
    let done = Set(finished)
    queue = queue.indices.filter { !done.contains($0) }.map { queue[$0] }
  }

  /// Extends a sequence. If the cache is full, sequences that nobody asked about in this pass are released.
  private func extend(_ sequence: inout PrefixCache.Sequence, by count: Int) throws(ModelError) {
    do throws(ModelError) { try cache.extend(&sequence, by: count) } catch {
      guard !held.isEmpty else { throw error }
      release(olderThan: .max)
      try cache.extend(&sequence, by: count)
    }
  }

  private func release(olderThan pass: Int) {
    for (tokens, entry) in held where entry.pass < pass {
      cache.close(entry.sequence)
      held[tokens] = nil
    }
  }
}
