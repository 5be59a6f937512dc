import Agents
import Foundation
import RolloutStore

/// An embedder whose vectors are stored before use and read when they are needed again.
public struct RecordedEmbedder: Embedder {
  public let identity: String
  private let answers: DigestedAnswers
  private let ask: @Sendable ([String]) async throws(CriticError) -> [[Float]]

  /// - Parameters:
  ///   - identity: that of the embedder behind `ask`.
  ///   - environment: the world whose texts are embedded, recorded with the vectors.
  ///   - ask: asks the embedder, which is opened only if a vector is missing.
  public init(
    _ identity: String, store: RolloutStore, environment: WorldIdentity,
    asking ask: @escaping @Sendable ([String]) async throws(CriticError) -> [[Float]]
  ) {
    self.identity = identity
    self.ask = ask
    answers = DigestedAnswers(of: identity, verb: "embeddings", store: store, environment: environment)
  }

  public func vectors(of texts: [String]) async throws(CriticError) -> [[Float]] {
    try await answers.values(of: texts, read: Self.vector, text: Self.text) {
      (missing: [Int]) async throws(CriticError) in
      try await ask(missing.map { texts[$0] })
    }
  }

  /// The numbers in base 64, as little-endian bits of Float32.
  private static func text(_ vector: [Float]) -> String? {
    guard vector.allSatisfy(\.isFinite) else { return nil }
    return vector.map(\.bitPattern.littleEndian).withUnsafeBytes { Data($0).base64EncodedString() }
  }

  private static func vector(_ text: String) -> [Float]? {
    guard let data = Data(base64Encoded: text), data.count.isMultiple(of: 4), !data.isEmpty else { return nil }
    let vector = data.withUnsafeBytes { bytes in
      (0..<(bytes.count / 4)).map {
        Float(bitPattern: UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 4 * $0, as: UInt32.self)))
      }
    }
    return vector.allSatisfy(\.isFinite) ? vector : nil
  }
}
