import Agents

/// The embeddings of what critics' states say, asked for once and then read by text.
public struct StateEmbeddings: Sendable {
  /// The embedder's identity.
  public let embedder: String
  private let vectors: [String: [Float]]

  /// Asks for every distinct text of the states.
  public init(of states: [CriticState], by embedder: any Embedder) async throws(CriticError) {
    self.embedder = embedder.identity
    let texts = Set(states.flatMap(Self.texts)).sorted()
    let found = texts.isEmpty ? [] : try await embedder.vectors(of: texts)
    guard found.count == texts.count else {
      throw CriticError(.failed, "The embedder gave \(found.count) vectors for \(texts.count) texts.")
    }
    vectors = Dictionary(uniqueKeysWithValues: zip(texts, found))
  }

  /// The request and the present situation: the last action and what it led to.
  static func texts(_ state: CriticState) -> [String] {
    [state.request, state.lastAction + "\n" + state.observation]
  }

  /// The columns of a state: both vectors, and the cosine of the angle between them.
  func columns(_ state: CriticState) throws(CriticError) -> [Float] {
    let found = Self.texts(state).compactMap { vectors[$0] }
    guard found.count == 2, found.allSatisfy({ $0.count == ProjectedEmbedder.dimensions }) else {
      throw CriticError(.failed, "A state has no embedding. Train the critic again with the same critic.embeddings.")
    }
    let (request, present) = (found[0], found[1])
    let product = zip(request, present).reduce(0) { $0 + $1.0 * $1.1 }
    return request + present + [product / max(Self.norm(request) * Self.norm(present), 1e-12)]
  }

  static func norm(_ vector: [Float]) -> Float { vector.reduce(0) { $0 + $1 * $1 }.squareRoot() }
}

/// Shorter vectors: each is scaled to length 1 and projected by a fixed matrix of random signs, which nearly keeps
/// angles and distances (Achlioptas, Journal of Computer and System Sciences 66, 2003).
///
/// Trees on a few thousand states cannot use a thousand columns, and the store keeps what is returned here.
public struct ProjectedEmbedder: Embedder {
  /// The length of the projected vectors.
  public static let dimensions = 64

  private let base: any Embedder

  /// Projects the vectors of another embedder.
  public init(_ base: any Embedder) { self.base = base }

  public var identity: String { "\(base.identity), \(Self.dimensions) signs" }

  public func vectors(of texts: [String]) async throws(CriticError) -> [[Float]] {
    let found = try await base.vectors(of: texts)
    guard let length = found.first?.count, length > 0, found.allSatisfy({ $0.count == length }) else {
      throw CriticError(.failed, "\(base.identity) gave vectors of different lengths, or empty ones.")
    }
    guard found.allSatisfy({ $0.allSatisfy(\.isFinite) }) else {
      throw CriticError(.failed, "\(base.identity) gave a vector with a number that is not finite.")
    }
    var generator = Seed(0).split("projection").split(length).generator()
    // One word of random bits holds the signs of one input column.
    let signs = (0..<length).map { _ in generator.next() }
    return found.map { vector in
      let scale = 1 / (max(StateEmbeddings.norm(vector), 1e-12) * Float(Self.dimensions).squareRoot())
      var sums = [Float](repeating: 0, count: Self.dimensions)
      for (value, bits) in zip(vector, signs) {
        for column in 0..<Self.dimensions { sums[column] += bits >> UInt64(column) & 1 == 1 ? value : -value }
      }
      return sums.map { $0 * scale }
    }
  }
}
