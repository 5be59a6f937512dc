import Agents
import ModelFiles
import Tensors

/// A second adapter that draws some of the tokens instead of the frozen model. Shows which tokens matter.
@TensorActor
package struct Intervention {
  package enum Places: Sendable, Hashable {
    /// Tokens at which the likeliest tokens of the two models differ (the oracle).
    case disagreements
    /// A random choice of this share of the tokens (the control).
    case random(share: Double)

    var name: String {
      switch self {
      case .disagreements: "oracle"
      case .random(let share): "random \(share)"
      }
    }
  }

  package let adapter: AdapterWeights
  package let places: Places

  package init(_ adapter: AdapterWeights, at places: Places) {
    self.adapter = adapter
    self.places = places
  }
}

/// Continues many texts at once. Requests that arrive during a pass join the next one. A pass has one row for every
/// running answer and uses the other rows for new prompts.
@TensorActor
package final class Generator {
  package struct Settings: Sendable {
    /// The most answers generated at a time.
    package var sequences: Int
    /// The most rows of one pass. Long prompts are split, so that other answers do not wait for them.
    package var rows: Int
    /// Memory for keys and values, in bytes.
    package var cacheBytes: Int

    package init(sequences: Int = 64, rows: Int = 512, cacheBytes: Int = 1 << 30) {
      self.sequences = max(1, sequences)
      self.rows = max(1, rows)
      self.cacheBytes = cacheBytes
    }
  }

  /// A running answer.
  private struct Active {
    let id: Int
    let request: GenerationRequest
    let choices: [[UInt8]]?
    let continuation: CheckedContinuation<Generation, any Error>
    var sequence: PrefixCache.Sequence
    let cached: Int
    var answer: [Int32] = []
    var logProbabilities: [Float] = []
    var written: [UInt8] = []
    var isDone = false

    /// Tokens that are not yet in the cache.
    var waiting: ArraySlice<Int32> {
      let done = sequence.tokens.count
      return done < request.prompt.count ? request.prompt[done...] : answer[(done - request.prompt.count)...]
    }
  }

  private struct Waiting {
    let id: Int
    let request: GenerationRequest
    let continuation: CheckedContinuation<Generation, any Error>
  }

  package let model: LanguageModel
  private let adapter: AdapterWeights?
  private let vocabulary: Vocabulary
  private let settings: Settings
  private let cache: PrefixCache
  private let intervention: Intervention?
  /// The keys and values of the intervening model, in blocks with the same numbers.
  private let second: KeyValueStore?
  private var queue: [Waiting] = []
  private var active: [Active] = []
  private var cancelled: Set<Int> = []
  private var nextID = 0
  private var isRunning = false
  /// The cache was too small for all running answers. No request is admitted until one of them ends.
  private var isCrowded = false

  package init(
    model: LanguageModel, tokenizer: Tokenizer, adapter: AdapterWeights? = nil, intervention: Intervention? = nil,
    settings: Settings = Settings()
  ) throws {
    let shape = model.configuration
    self.model = model
    self.adapter = adapter
    self.settings = settings
    vocabulary = Vocabulary(tokenizer, endTokens: shape.endTokens)
    self.intervention = intervention
    second = try intervention.map { _ throws(TensorError) in try KeyValueStore(for: shape) }
    cache = try PrefixCache(for: shape, second: second, bytes: settings.cacheBytes)
  }

  /// - Throws: `ModelError` if the request cannot be answered, `TensorError`, `CancellationError`.
  package func generate(_ request: GenerationRequest) async throws -> Generation {
    try check(request)
    let id = nextID
    nextID += 1
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        queue.append(Waiting(id: id, request: request, continuation: continuation))
        if !isRunning {
          isRunning = true
          Task { await run() }
        }
      }
    } onCancel: {
      Task { await self.cancel(id) }
    }
  }

  private func check(_ request: GenerationRequest) throws {
    let longest = model.configuration.maximumPositions
    guard !request.prompt.isEmpty else { throw ModelError("The prompt is empty.") }
    guard request.sampling.maxTokens > 0, request.sampling.maxTokens <= longest - request.prompt.count else {
      throw ModelError(
        """
        A prompt of \(request.prompt.count) tokens and an answer of \(request.sampling.maxTokens) do not fit into the \
        model's \(longest) positions.
        """, isTooLong: true)
    }
    guard request.sampling.temperature >= 0, request.sampling.topP > 0 else {
      throw ModelError("The temperature must be 0 or more, and topP above 0.")
    }
    let vocabularySize = model.configuration.vocabulary
    if let stranger = request.prompt.first(where: { !(0..<vocabularySize).contains(Int($0)) }) {
      throw ModelError(
        "The prompt has the token \(stranger), but the model's vocabulary has only \(vocabularySize) tokens.")
    }
    if let choices = request.choices {
      if choices.isEmpty { throw ModelError("The list of choices is empty; the answer must be one of them.") }
      if let choice = choices.first(where: { !vocabulary.spells($0) }) {
        throw ModelError("The model's tokens cannot spell the choice \(choice.debugDescription).")
      }
    }
  }

  private func cancel(_ id: Int) {
    if queue.contains(where: { $0.id == id }) || active.contains(where: { $0.id == id }) { cancelled.insert(id) }
  }

  private func run() async {
    while !queue.isEmpty || !active.isEmpty {
      dropCancelled()
      admit()
      do { try step() } catch { fail(error) }
      // Lets waiting tasks add their requests.
      await Task.yield()
    }
    isRunning = false
  }

  private func dropCancelled() {
    guard !cancelled.isEmpty else { return }
    for waiting in queue where cancelled.contains(waiting.id) {
      waiting.continuation.resume(throwing: CancellationError())
    }
    queue.removeAll { cancelled.contains($0.id) }
    for entry in active where cancelled.contains(entry.id) {
      cache.close(entry.sequence)
      entry.continuation.resume(throwing: CancellationError())
    }
    active.removeAll { cancelled.contains($0.id) }
    cancelled = []
    isCrowded = false
  }

  private func fail(_ error: any Error) {
    for entry in active {
      cache.close(entry.sequence)
      entry.continuation.resume(throwing: error)
    }
    active = []
    isCrowded = false
  }

  /// Called if no answer can continue. The newest answer releases its blocks and starts again after another has
  /// ended. If it is the only one, it is too long.
  private func giveWay(_ full: ModelError) {
    guard let newest = active.popLast() else { return }
    cache.close(newest.sequence)
    isCrowded = !active.isEmpty
    if isCrowded {
      queue.insert(Waiting(id: newest.id, request: newest.request, continuation: newest.continuation), at: 0)
    } else {
      newest.continuation.resume(throwing: full)
    }
  }

  /// Admits requests in order. If a running answer is computing a prompt's next block, the prompt waits and then
  /// shares it.
  private func admit() {
    guard !isCrowded else { return }
    var underway = Set(active.compactMap { cache.nextKey(of: $0.request.prompt, after: $0.sequence) })
    var left: [Waiting] = []
    for waiting in queue {
      let sequence = active.count < settings.sequences ? cache.open(waiting.request.prompt) : PrefixCache.Sequence()
      let key = cache.nextKey(of: waiting.request.prompt, after: sequence)
      guard active.count < settings.sequences, key.map({ !underway.contains($0) }) ?? true else {
        cache.close(sequence)
        left.append(waiting)
        continue
      }
      if let key { underway.insert(key) }
      active.append(
        Active(
          id: waiting.id, request: waiting.request, choices: waiting.request.choices?.map { Array($0.utf8) },
          continuation: waiting.continuation, sequence: sequence, cached: sequence.tokens.count))
    }
    queue = left
  }

  /// One pass over the running answers.
  private func step() throws {
    var room = settings.rows
    var tokens: [Int32] = []
    var sequences: [KeyValueStore.Sequence] = []
    var members: [Int] = []
    var full: ModelError?
    // Generating answers come first, since they need only one row each.
    let order = active.indices.sorted { active[$0].waiting.count < active[$1].waiting.count }
    for place in order where room > 0 {
      let piece = active[place].waiting.prefix(room)
      do throws(ModelError) {
        try cache.extend(&active[place].sequence, by: piece.count)
      } catch {
        // The other answers continue, and free blocks when they end.
        full = error
        continue
      }
      room -= piece.count
      tokens += piece
      sequences.append(
        .init(
          fresh: piece.count, past: active[place].sequence.tokens.count, blocks: active[place].sequence.blocks))
      members.append(place)
    }
    guard !members.isEmpty else {
      if let full { giveWay(full) }
      return
    }
    let hidden = try model.hiddenStates(tokens, attending: .cached(cache.store, sequences), adapter: adapter)
    let intervening = try intervention.flatMap { intervention in
      try second.map {
        try model.hiddenStates(tokens, attending: .cached($0, sequences), adapter: intervention.adapter)
      }
    }
    // Evaluated before the blocks are shared, so that a failed computation is never reused.
    try evaluate([hidden] + [intervening].compactMap { $0 })
    var ends: [Int32] = []
    var finished: [Int] = []
    var row = 0
    for (place, sequence) in zip(members, sequences) {
      cache.fill(&active[place].sequence, with: Array(tokens[row..<row + sequence.fresh]))
      row += sequence.fresh
      if active[place].waiting.isEmpty {
        ends.append(Int32(row - 1))
        finished.append(place)
      }
    }
    guard !ends.isEmpty else { return }
    let last = try Tensor(ends)
    let draws = finished.map { draw(for: active[$0]) }
    let logits = try model.logits(hidden.rows(last))
    var drawn = try logits.sampled(draws)
    if let intervening, let intervention {
      let others = try model.logits(intervening.rows(last))
      let places = try places(of: intervention, logits, others, draws, finished)
      for (place, token) in try others.sampled(draws).enumerated() where places[place] { drawn[place] = token }
    }
    for (place, token) in zip(finished, drawn) { take(token.token, token.logProbability, at: place) }
    active.removeAll(where: \.isDone)
  }

  /// The rows at which the second model draws.
  private func places(
    of intervention: Intervention, _ logits: Tensor<Float>, _ others: Tensor<Float>, _ draws: [TokenDraw],
    _ finished: [Int]
  ) throws -> [Bool] {
    switch intervention.places {
    case .random(let share):
      return finished.map { place in
        var generator = active[place].request.seed.split("intervention").split(active[place].answer.count)
          .generator()
        return generator.uniform() < share
      }
    case .disagreements:
      let greedy = draws.map { TokenDraw(temperature: 0, topP: 1, uniform: 0, allowed: $0.allowed) }
      return zip(try logits.sampled(greedy), try others.sampled(greedy)).map { $0.token != $1.token }
    }
  }

  private func draw(for entry: Active) -> TokenDraw {
    var generator = entry.request.seed.split("token").split(entry.answer.count).generator()
    return TokenDraw(
      temperature: Float(entry.request.sampling.temperature), topP: Float(entry.request.sampling.topP),
      uniform: generator.uniform(),
      allowed: entry.choices.map { vocabulary.tokens(after: entry.written, towards: $0) } ?? [])
  }

  private func take(_ token: Int32, _ logProbability: Float, at place: Int) {
    active[place].answer.append(token)
    active[place].logProbabilities.append(logProbability)
    if !vocabulary.endTokens.contains(token) { active[place].written += vocabulary.bytes(of: token) }
    let entry = active[place]
    if vocabulary.endTokens.contains(token) || isWhole(entry) {
      end(place, text: entry.written, .stop)
    } else if let cut = stop(in: entry, after: vocabulary.bytes(of: token).count) {
      end(place, text: Array(entry.written[..<cut]), .stop)
    } else if entry.answer.count >= entry.request.sampling.maxTokens {
      end(place, text: entry.written, .length)
    }
  }

  /// Whether the answer is one of the choices and no longer choice begins with it.
  private func isWhole(_ entry: Active) -> Bool {
    guard let choices = entry.choices else { return false }
    return choices.contains(entry.written)
      && !choices.contains { $0.count > entry.written.count && $0.starts(with: entry.written) }
  }

  /// The position of the first stop text, if the newest `fresh` bytes completed one.
  private func stop(in entry: Active, after fresh: Int) -> Int? {
    entry.request.stops.compactMap { stop -> Int? in
      let bytes = Array(stop.utf8)
      let from = max(0, entry.written.count - fresh - bytes.count + 1)
      guard !bytes.isEmpty, entry.written.count - from >= bytes.count else { return nil }
      return (from...entry.written.count - bytes.count).first { entry.written[$0...].starts(with: bytes) }
    }.min()
  }

  private func end(_ place: Int, text: [UInt8], _ ending: Generation.Ending) {
    let entry = active[place]
    cache.close(entry.sequence)
    isCrowded = false
    active[place].isDone = true
    entry.continuation.resume(
      returning: Generation(
        text: String(decoding: text, as: UTF8.self), tokens: entry.answer,
        logProbabilities: entry.logProbabilities, ending: ending, cachedTokens: entry.cached))
  }
}
