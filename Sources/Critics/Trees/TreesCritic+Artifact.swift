import Agents
import Foundation

extension TreesCritic {
  /// The stored form of a critic: everything that its values depend on.
  struct Artifact: Sendable, Codable {
    static let format = "coxswain-trees"
    static let version = 2

    var format = Self.format
    var version = Self.version
    var record: Record
    var features: FeatureMap
    var bins: ReturnBins
    /// Nil if the critic is the marginal.
    var trees: Trees?

    /// Trees that learn the scaled return-to-go, and the distributions that follow from it.
    struct Trees: Sendable, Codable {
      /// The margin before any tree: the log-odds of the mean.
      var baseMargin: Float
      /// XGBoost's JSON.
      var model: String
      var links: StepLinks
    }
  }

  /// The critic as one JSON file.
  public func encoded() throws(CriticError) -> Data { try artifact.encoded() }

  /// Reads a critic that ``encoded()`` wrote, for use in `environment`.
  ///
  /// - Throws: `CriticError` of kind `unreadable` for a file that is damaged or of another version, `wrongEnvironment`
  ///   for a critic of another world.
  public init(decoding data: Data, for environment: WorldIdentity) throws(CriticError) {
    struct Header: Decodable {
      let format: String
      let version: Int
    }
    struct Origin: Decodable {
      struct Record: Decodable {
        let environment: WorldIdentity
      }
      let record: Record
    }

    // The header is checked first, since another version may have another structure.
    let header = try Self.decode(Header.self, from: data)
    guard header.format == Artifact.format else {
      throw CriticError(
        .unreadable,
        "The file's format is “\(header.format.prefix(40))”, not “\(Artifact.format)”. Give a critic's file.")
    }
    guard header.version == Artifact.version else {
      throw CriticError(
        .unreadable,
        """
        The critic is of version \(header.version); this program reads version \(Artifact.version). Train it \
        again\(header.version > Artifact.version ? ", or update this program" : "").
        """)
    }
    let origin = try Self.decode(Origin.self, from: data).record.environment
    guard origin == environment else {
      throw CriticError(
        .wrongEnvironment,
        """
        The critic was trained on \(origin) and cannot judge \(environment). Train one for it, or \
        choose another file.
        """)
    }
    try self.init(Self.decode(Artifact.self, from: data))
  }

  private static func decode<Value: Decodable>(_ type: Value.Type, from data: Data) throws(CriticError) -> Value {
    do {
      return try JSONDecoder().decode(type, from: data)
    } catch {
      throw CriticError(
        .unreadable,
        "The critic's file (\(data.count) bytes) is damaged, or is not a critic: \(error). Train it again.")
    }
  }
}

extension TreesCritic.Artifact {
  func encoded() throws(CriticError) -> Data {
    let encoder = JSONEncoder()
    // Sorted keys make the digest depend on the critic alone.
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    do {
      return try encoder.encode(self)
    } catch {
      throw CriticError(.failed, "The critic cannot be written as JSON: \(error)")
    }
  }

  /// Rejects parts that would later fail a precondition or crash XGBoost.
  func check() throws(CriticError) {
    if let fault { throw CriticError(.unreadable, "The critic's file is damaged: \(fault). Train it again.") }
    if let trees { try BoosterModel.check(trees.model, columns: features.columns, rounds: record.rounds) }
  }

  private var fault: String? {
    guard (1...FeatureMap.bucketLimit).contains(features.hashBuckets) else { return "features.hashBuckets" }
    guard bins.isValid else { return "bins" }
    let marginal = record.marginal
    guard marginal.returns == bins.values, marginal.probabilities.count == bins.count,
      marginal.probabilities.allSatisfy({ (0...1).contains($0) }),
      abs(marginal.probabilities.reduce(0, +) - 1) < 1e-6
    else { return "record.marginal" }
    guard record.rounds >= 0, record.rollouts >= 0, (record.rounds > 0) == (trees != nil) else {
      return "record.rounds"
    }
    if let trees {
      guard bins.count > 1, trees.baseMargin.isFinite, trees.links.isValid(bins: bins.count) else { return "trees" }
    }
    return nil
  }
}
