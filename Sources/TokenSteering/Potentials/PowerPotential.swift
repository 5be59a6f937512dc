/// A potential raised to a power: its log-weights times α. α > 1 prefers likely texts as a whole, unlike a lower
/// temperature, which prefers likely tokens one by one.
///
/// Source: "Power sampling" by SMC (arXiv 2602.10273).
public struct PowerPotential<Base: Potential>: Potential {
  /// The potential that is raised.
  public let base: Base
  /// α, above 0.
  public let power: Double

  /// - Parameter power: α, above 0 and finite.
  /// - Throws: `TokenSteeringError` for other powers.
  public init(_ base: Base, power: Double) throws(TokenSteeringError) {
    guard power > 0, power.isFinite else {
      throw TokenSteeringError(.badSetting, "The power is \(power); it must be above 0 and finite.")
    }
    (self.base, self.power) = (base, power)
  }

  public var vocabulary: TokenVocabulary { base.vocabulary }

  public func prefixLogWeights(of prefixes: [[TokenID]]) async throws -> [Double] {
    try await base.prefixLogWeights(of: prefixes).map { $0 * power }
  }

  public func completeLogWeights(of texts: [[TokenID]]) async throws -> [Double] {
    try await base.completeLogWeights(of: texts).map { $0 * power }
  }

  public func nextLogWeights(after prefixes: [[TokenID]]) async throws -> [NextLogWeights] {
    try await base.nextLogWeights(after: prefixes).map { NextLogWeights($0.values.map { $0 * power }) }
  }
}

extension Potential {
  /// This potential to the power α.
  ///
  /// - Throws: `TokenSteeringError` unless α is above 0 and finite.
  public func raised(to power: Double) throws(TokenSteeringError) -> PowerPotential<Self> {
    try PowerPotential(self, power: power)
  }
}
