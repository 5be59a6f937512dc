import Agents

/// The features of one state: strictly increasing column indices and their values. A column that is not listed is
/// missing, which for a hashed word means that it does not occur.
struct FeatureRow: Sendable, Hashable {
  let indices: [UInt32]
  let values: [Float]
}

/// Maps a critic's state to numbers, in training and in serving alike.
///
/// Columns 0..<``Dense/count`` are always present. After them come three blocks of ``hashBuckets`` columns: hashed
/// counts of the words and of the pairs of neighbouring words in the request, the last action and the observation
/// (feature hashing: Weinberger et al., ICML 2009). The hash is FNV-1a over UTF-8, so a row is the same on every
/// machine. If the map has an embedder, its columns come last; see ``StateEmbeddings``.
struct FeatureMap: Sendable, Hashable, Codable {
  /// The dense features; the raw value is the column.
  enum Dense: Int, CaseIterable {
    /// The number of words in the agent's actions, repetitions included, that occur in the request.
    case overlapCount
    /// Their share of all words in the actions; 0 without words.
    case overlapShare
    /// The same for the last action alone.
    case lastOverlapCount, lastOverlapShare
    /// Steps taken, as a share of the step limit.
    case progress
    case step
    case rewardSoFar
    case repeats
    case invalidActions

    static var count: Int { allCases.count }
  }

  /// Columns that carry the same kind of information.
  enum Group: String, CaseIterable {
    case overlap = "words of the actions that occur in the request"
    case time = "steps taken"
    case reward = "reward so far"
    case faults = "repeated and invalid actions"
    case request = "words of the request"
    case action = "words of the last action"
    case observation = "words of the observation"
    case embedding = "embeddings of the request and the present"
  }

  /// The groups that this map has.
  var groups: [Group] { Group.allCases.filter { $0 != .embedding || embedder != nil } }

  /// The group of a column.
  func group(of column: Int) -> Group {
    guard let dense = Dense(rawValue: column) else {
      return [.request, .action, .observation, .embedding][min((column - Dense.count) / hashBuckets, 3)]
    }
    return switch dense {
    case .overlapCount, .overlapShare, .lastOverlapCount, .lastOverlapShare: .overlap
    case .progress, .step: .time
    case .rewardSoFar: .reward
    case .repeats, .invalidActions: .faults
    }
  }

  /// The largest number of buckets that an artifact may declare.
  static let bucketLimit = 1 << 20

  /// Columns per text: request, last action, observation.
  let hashBuckets: Int

  /// The identity of the embedder; nil without embeddings.
  let embedder: String?

  init(hashBuckets: Int = 1024, embedder: String? = nil) {
    (self.hashBuckets, self.embedder) = (hashBuckets, embedder)
  }

  private var firstEmbedding: Int { Dense.count + 3 * hashBuckets }

  var columns: Int { firstEmbedding + (embedder == nil ? 0 : 2 * ProjectedEmbedder.dimensions + 1) }

  fileprivate func row(for state: CriticState, words: (String) -> [String]) -> FeatureRow {
    let request = words(state.request)
    let wanted = Set(request)
    let last = words(state.lastAction)
    var chosen = Overlap()
    for action in state.actions.dropLast() { chosen.add(words(action), wanted: wanted) }
    chosen.add(last, wanted: wanted)
    var lastChosen = Overlap()
    lastChosen.add(last, wanted: wanted)

    var dense = [Float](repeating: 0, count: Dense.count)
    func set(_ feature: Dense, _ value: Double) { dense[feature.rawValue] = Float(value) }
    set(.overlapCount, Double(chosen.hits))
    set(.overlapShare, chosen.share)
    set(.lastOverlapCount, Double(lastChosen.hits))
    set(.lastOverlapShare, lastChosen.share)
    set(.progress, Double(state.step) / Double(max(state.stepLimit, 1)))
    set(.step, Double(state.step))
    set(.rewardSoFar, state.rewardSoFar)
    set(.repeats, Double(state.repeats))
    set(.invalidActions, Double(state.invalidActions))

    var counts: [UInt32: Float] = [:]
    for (block, text) in [request, last, words(state.observation)].enumerated() {
      count(text, block: block, into: &counts)
    }
    let hashed = counts.keys.sorted()
    return FeatureRow(
      indices: (0..<Dense.count).map(UInt32.init) + hashed,
      values: dense + hashed.map { counts[$0] ?? 0 })
  }

  fileprivate func adding(_ embedding: [Float], to row: FeatureRow) -> FeatureRow {
    FeatureRow(
      indices: row.indices + embedding.indices.map { UInt32(firstEmbedding + $0) }, values: row.values + embedding)
  }

  private func count(_ words: [String], block: Int, into counts: inout [UInt32: Float]) {
    let first = Dense.count + block * hashBuckets
    for (index, word) in words.enumerated() {
      var hash = FNV1a()
      hash.add(word)
      counts[UInt32(first + hash.bucket(of: hashBuckets)), default: 0] += 1
      guard index + 1 < words.count else { continue }
      hash.add(words[index + 1])
      counts[UInt32(first + hash.bucket(of: hashBuckets)), default: 0] += 1
    }
  }

  private struct Overlap {
    var hits = 0
    var total = 0

    var share: Double { total == 0 ? 0 : Double(hits) / Double(total) }

    mutating func add(_ words: [String], wanted: Set<String>) {
      total += words.count
      for word in words where wanted.contains(word) { hits += 1 }
    }
  }
}

/// Makes the rows of many states and splits each text only once.
struct FeatureReader {
  private let map: FeatureMap
  private let embeddings: StateEmbeddings?
  private var known: [String: [String]] = [:]

  /// - Parameter embeddings: needed if the map has an embedder.
  init(_ map: FeatureMap, embeddings: StateEmbeddings? = nil) { (self.map, self.embeddings) = (map, embeddings) }

  /// - Throws: ``CriticError`` if the state's embedding is missing.
  mutating func row(for state: CriticState) throws(CriticError) -> FeatureRow {
    let map = map
    let row = map.row(for: state) { text in
      if let words = known[text] { return words }
      let words = Words.split(text)
      known[text] = words
      return words
    }
    guard let embedder = map.embedder else { return row }
    guard let embeddings, embeddings.embedder == embedder else {
      throw CriticError(
        .failed,
        "This critic uses \(embedder): give the same critic.embeddings as when it was trained, or train it again.")
    }
    return map.adding(try embeddings.columns(state), to: row)
  }
}
