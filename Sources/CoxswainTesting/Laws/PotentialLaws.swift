import Agents
import Foundation
import TokenSteering

/// The laws of a ``Potential``, on which weights and evidence of token-level steering rely.
///
/// ```swift
/// @Test func myPotentialKeepsTheLaws() async throws {
///   try await PotentialLaws(MyPotential(), limit: 6).hold()
/// }
/// ```
public struct PotentialLaws: Sendable {
  private let potential: any Potential
  private let given: [[TokenID]]?
  private let walks, limit, tried: Int
  private let tolerance: Double

  /// - Parameters:
  ///   - prefixes: the prefixes to try; nil for random walks through tokens that are not excluded.
  ///   - walks: the number of random walks.
  ///   - limit: the tokens of a walk.
  ///   - tried: the number of next tokens whose weights are compared after each prefix.
  ///   - tolerance: the largest difference of two log-weights, in nats. A model rounds differently in other batches.
  public init(
    _ potential: any Potential, prefixes: [[TokenID]]? = nil, walks: Int = 4, limit: Int = 8, tried: Int = 32,
    tolerance: Double = 1e-6
  ) {
    (self.potential, given, self.walks, self.limit) = (potential, prefixes, walks, limit)
    (self.tried, self.tolerance) = (tried, tolerance)
  }

  /// Checks every law.
  ///
  /// - Throws: the broken laws. An error of the potential counts as a broken law.
  public func hold() async throws(BrokenLaws) {
    var findings: [Finding]
    do { findings = try await self.findings() } catch {
      findings = [Finding("errors", .wrong, "the potential threw \(error)")]
    }
    try BrokenLaws.check(findings, of: "The potential \(type(of: potential))")
  }

  /// Checks every law and returns the findings.
  ///
  /// - Returns: one finding for each law.
  /// - Throws: the errors of the potential.
  public func findings() async throws -> [Finding] {
    let prefixes: [[TokenID]]
    if let given { prefixes = given } else { prefixes = try await walk() }
    let next = try await potential.nextLogWeights(after: prefixes)
    let weights = try await potential.prefixLogWeights(of: prefixes)
    let complete = try await potential.completeLogWeights(of: prefixes)
    let counts = try await counts(prefixes, next, weights, complete)
    guard counts.verdict != .wrong else { return [counts] }
    return [
      counts, numbers(next, weights, complete), try await differences(prefixes, next, weights),
      ends(prefixes, next, weights, complete), try await exclusion(prefixes, next, weights, complete),
      try await batches(prefixes, next, weights, complete),
    ]
  }

  /// Prefixes drawn from the potential's own next weights, and one that goes on after an excluded token if there is one.
  private func walk() async throws -> [[TokenID]] {
    var found: [[TokenID]] = [[]]
    var excluded: [TokenID]?
    for number in 0..<walks {
      var generator = Seed(11).split(number).generator()
      var prefix: [TokenID] = []
      for _ in 0..<limit {
        let next = try await potential.nextLogWeights(after: [prefix])[0]
        let tokens = (0..<TokenID(potential.vocabulary.count)).filter { Int($0) < next.values.count - 1 }
        excluded = excluded ?? tokens.first { next[$0] == -.infinity }.map { prefix + [$0] }
        let open = tokens.filter { next[$0] > -.infinity }
        guard !open.isEmpty else { break }
        prefix.append(open[generator.number(below: open.count)])
        found.append(prefix)
      }
    }
    return Array(Set(found + [excluded].compactMap(\.self))).sorted { $0.lexicographicallyPrecedes($1) }
  }

  private func counts(
    _ prefixes: [[TokenID]], _ next: [NextLogWeights], _ weights: [Double], _ complete: [Double]
  ) async throws -> Finding {
    for count in [next.count, weights.count, complete.count] where count != prefixes.count {
      return Finding("counts", .wrong, "\(count) results for \(prefixes.count) prefixes")
    }
    let wanted = potential.vocabulary.count + 1
    if let bad = next.first(where: { $0.values.count != wanted }) {
      return Finding("counts", .wrong, "\(bad.values.count) next weights for \(wanted - 1) tokens and the end")
    }
    guard try await potential.nextLogWeights(after: []).isEmpty, try await potential.prefixLogWeights(of: []).isEmpty,
      try await potential.completeLogWeights(of: []).isEmpty
    else { return Finding("counts", .wrong, "an empty batch has results") }
    return Finding("counts", .fine, "one result for each of \(prefixes.count) prefixes")
  }

  private func numbers(_ next: [NextLogWeights], _ weights: [Double], _ complete: [Double]) -> Finding {
    let bad = (next.flatMap(\.values) + weights + complete).first { !($0 < .infinity) }
    return bad.map { Finding("numbers", .wrong, "a log-weight is \($0)") }
      ?? Finding("numbers", .fine, "finite or −∞")
  }

  /// next(x)[t] = prefix(x·t) − prefix(x).
  private func differences(
    _ prefixes: [[TokenID]], _ next: [NextLogWeights], _ weights: [Double]
  ) async throws -> Finding {
    for (place, prefix) in prefixes.enumerated() where weights[place] > -.infinity {
      var generator = Seed(12).split(place).generator()
      let all = Array(0..<TokenID(potential.vocabulary.count))
      let tokens = generator.drawn(tried, from: all) + all.filter { next[place][$0] > -.infinity }.prefix(4)
      let extended = try await potential.prefixLogWeights(of: tokens.map { prefix + [$0] })
      for (token, weight) in zip(tokens, extended) where !isSame(weight - weights[place], next[place][token]) {
        return Finding(
          "differences", .wrong,
          "after \(name(prefix)) token \(token) has the next weight \(next[place][token]), and the prefixes' weights differ by \(weight - weights[place])"
        )
      }
    }
    return Finding("differences", .fine, "next weights are differences of prefix weights")
  }

  /// next(x)[end] = complete(x) − prefix(x).
  private func ends(
    _ prefixes: [[TokenID]], _ next: [NextLogWeights], _ weights: [Double], _ complete: [Double]
  ) -> Finding {
    for (place, prefix) in prefixes.enumerated() where weights[place] > -.infinity {
      guard isSame(complete[place] - weights[place], next[place].end) else {
        return Finding(
          "ends", .wrong,
          "after \(name(prefix)) the end has the next weight \(next[place].end), and the weights of text and prefix differ by \(complete[place] - weights[place])"
        )
      }
    }
    return Finding("ends", .fine, "the end's next weights are differences of complete and prefix weights")
  }

  /// An excluded prefix excludes what begins with it.
  private func exclusion(
    _ prefixes: [[TokenID]], _ next: [NextLogWeights], _ weights: [Double], _ complete: [Double]
  ) async throws -> Finding {
    let excluded = prefixes.indices.filter { weights[$0] == -.infinity }
    for place in excluded {
      let longer = (0..<TokenID(min(tried, potential.vocabulary.count))).map { prefixes[place] + [$0] }
      let extended = try await potential.prefixLogWeights(of: longer)
      guard complete[place] == -.infinity, next[place].values.allSatisfy({ $0 == -.infinity }),
        extended.allSatisfy({ $0 == -.infinity })
      else {
        return Finding("exclusion", .wrong, "\(name(prefixes[place])) is excluded, and a text that begins so is not")
      }
    }
    return Finding(
      "exclusion", .fine, excluded.isEmpty ? "no prefix that was tried is excluded" : "excluded prefixes stay excluded")
  }

  /// A batch gives what single questions give.
  private func batches(
    _ prefixes: [[TokenID]], _ next: [NextLogWeights], _ weights: [Double], _ complete: [Double]
  ) async throws -> Finding {
    for (place, prefix) in prefixes.enumerated() {
      let single = try await potential.nextLogWeights(after: [prefix])[0]
      guard zip(single.values, next[place].values).allSatisfy(isSame),
        isSame(try await potential.prefixLogWeights(of: [prefix])[0], weights[place]),
        isSame(try await potential.completeLogWeights(of: [prefix])[0], complete[place])
      else { return Finding("batches", .wrong, "\(name(prefix)) had other weights in a call of its own") }
    }
    return Finding("batches", .fine, "all at once or one by one, the weights are the same")
  }

  private func isSame(_ a: Double, _ b: Double) -> Bool { a == b || abs(a - b) <= tolerance }

  private func name(_ prefix: [TokenID]) -> String { potential.vocabulary.text(of: prefix).debugDescription }
}
