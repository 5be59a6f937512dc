import Agents
import Foundation
import TokenSteering

/// The law of a ``TokenSampler``: its tokens are properly weighted for its target. Checked by Monte Carlo.
public struct SamplerLaws: Sendable {
  private let sampler: any TokenSampler
  private let prefixes: [[TokenID]]
  private let draws: Int

  /// - Parameters:
  ///   - prefixes: where tokens are drawn.
  ///   - draws: the number of draws after each prefix, at least 2. Frequent tokens are checked to about 4 / √draws.
  public init(_ sampler: any TokenSampler, prefixes: [[TokenID]] = [[]], draws: Int = 4_000) {
    (self.sampler, self.prefixes, self.draws) = (sampler, prefixes, draws)
  }

  /// Checks the law.
  ///
  /// - Throws: the broken laws. An error of the sampler counts as a broken law.
  public func hold() async throws(BrokenLaws) {
    let findings: [Finding]
    do { findings = [try await properWeights()] } catch {
      findings = [Finding("errors", .wrong, "the sampler threw \(error)")]
    }
    try BrokenLaws.check(findings, of: "The sampler \(type(of: sampler))")
  }

  /// The mean of weight times indicator is each token's target weight, within 5 standard errors.
  public func properWeights() async throws -> Finding {
    guard draws >= 2 else {
      return Finding("proper weights", .wrong, "\(draws) draws show no variance; give 2 or more")
    }
    for (number, prefix) in prefixes.enumerated() {
      let target = try await sampler.target.nextLogWeights(after: [prefix])[0]
      let seeds = (0..<draws).map { Seed(21).split(number).split($0) }
      let drawn = try await sampler.draw(after: Array(repeating: prefix, count: draws), seeds: seeds)
      guard drawn.count == draws else {
        return Finding("proper weights", .wrong, "\(drawn.count) tokens for \(draws) prefixes")
      }
      let again = try await sampler.draw(after: [prefix], seeds: [seeds[draws - 1]])
      guard again == [drawn[draws - 1]] else {
        return Finding("proper weights", .wrong, "the same seed gave another token in a batch of its own")
      }
      for place in target.values.indices {
        let token = place == target.values.count - 1 ? nil : TokenID(place)
        let values = drawn.map { $0.token == token ? exp($0.logWeight) : 0 }
        let mean = values.reduce(0, +) / Double(draws)
        let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(draws - 1)
        let expected = exp(target.values[place])
        // A token that was never drawn shows no variance; then its weight has to be too small to expect one.
        let error = max(5 * (variance / Double(draws)).squareRoot(), 12 * exp(target.logSum) / Double(draws), 1e-12)
        guard abs(mean - expected) <= error else {
          return Finding(
            "proper weights", .wrong,
            "token \(token.map(String.init) ?? "end") has the mean weight \(mean) for \(expected) in the target, more than \(error) away"
          )
        }
      }
    }
    return Finding(
      "proper weights", .fine, "\(draws) draws after each of \(prefixes.count) prefixes agree with the target")
  }
}
