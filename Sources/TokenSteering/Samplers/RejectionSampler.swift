import Agents
import Foundation

/// Adaptive weighted rejection sampling: tokens are drawn from the base without replacement until the condition allows
/// one. The mask of all tokens is never computed unless many draws in a row were refused.
///
/// The allowed token is a draw of the base conditioned on the allowed set A, whatever was refused before, and the
/// refused set R removes its mass exactly: Z = p(A) = (1 − p(R))·P(A | not R). What is left of Z is estimated by `checks`
/// further draws y₁, y₂, … without replacement. With a the known allowed mass and r the mass not yet drawn, each of
/// t_k = a + r·1[y_k ∈ A] has the expectation Z given all before it, so that their mean is an unbiased weight (Des Raj, JASA 1956).
/// It is never 0, since a contains the token's own mass.
///
/// Source of the method: Lipkin et al., "Fast Controlled Generation from Language Models with Adaptive Weighted Rejection
/// Sampling" (COLM 2025, arXiv 2504.05410). Their estimate of the weight is another one.
public struct RejectionSampler: TokenSampler {
  public let target: any Potential
  /// What tokens are drawn from.
  public let base: any Potential
  /// What refuses tokens.
  public let condition: any TokenCondition
  /// The further draws that estimate the weight; at least 1. More lower the variance of the weight.
  public let checks: Int
  /// After this many refusals in a row the whole mask is computed, which gives the exact weight.
  public let patience: Int

  /// - Throws: `TokenSteeringError` if the vocabularies differ, or `checks` or `patience` is below 1.
  public init(
    _ base: any Potential, condition: any TokenCondition, checks: Int = 4, patience: Int = 256
  ) throws(TokenSteeringError) {
    guard checks >= 1, patience >= 1 else {
      throw TokenSteeringError(.badSetting, "checks is \(checks) and patience \(patience); both must be 1 or more.")
    }
    target = try ProductPotential([base, condition])
    (self.base, self.condition, self.checks, self.patience) = (base, condition, checks, patience)
  }

  public func draw(after prefixes: [[TokenID]], seeds: [Seed]) async throws -> [WeightedToken] {
    let next = try await base.nextLogWeights(after: prefixes)
    var drawn: [WeightedToken] = []
    for (row, prefix) in prefixes.enumerated() {
      try next[row].check()
      var generator = seeds[row].generator()
      if let token = draw(from: next[row], after: prefix, using: &generator) {
        drawn.append(token)
        continue
      }
      // The condition is narrow here. Given that all draws were refused, a draw from the whole mask with its exact
      // mass is properly weighted, too.
      var masked = try await condition.nextLogWeights(after: [prefix])[0]
      for place in masked.values.indices { masked.values[place] += next[row].values[place] }
      let pool = Categorical(masked.values)
      drawn.append(
        pool.draw(using: &generator).map { WeightedToken(masked.token(at: $0), logWeight: pool.logTotal) }
          ?? .impossible)
    }
    return drawn
  }

  /// nil if the first `patience` draws were all refused, or all tokens in the pool.
  private func draw(
    from next: NextLogWeights, after prefix: [TokenID], using generator: inout SplitMix64
  ) -> WeightedToken? {
    var pool = Categorical(next.values)
    var chosen: Int?
    for _ in 0..<patience {
      // The pool forgets tokens far below the likeliest one; the mask is scaled to those that are allowed.
      guard let place = pool.draw(using: &generator) else { return nil }
      if condition.allows(next.token(at: place), after: prefix) {
        chosen = place
        break
      }
      pool.remove(place)
    }
    guard let chosen else { return nil }
    var known = pool[chosen]
    pool.remove(chosen)
    var sum = 0.0
    for check in 0..<checks {
      // What is decided before a draw may decide how much it counts. Once little is unknown, one more draw is enough.
      let isLast = pool.total <= 1e-4 * known
      let share = isLast ? Double(checks - check) : 1
      guard let place = pool.draw(using: &generator) else {
        sum += known * Double(checks - check)
        break
      }
      let isAllowed = condition.allows(next.token(at: place), after: prefix)
      sum += share * (isAllowed ? known + pool.total : known)
      if isAllowed { known += pool[place] }
      pool.remove(place)
      if isLast { break }
    }
    return WeightedToken(next.token(at: chosen), logWeight: pool.logScale + log(sum / Double(checks)))
  }
}
