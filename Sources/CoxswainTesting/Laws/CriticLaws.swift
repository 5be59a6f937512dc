import Agents
import Foundation

/// The laws of a ``Critic``, on which weights, stored values and plans rely.
///
/// ```swift
/// @Test func myCriticKeepsTheLaws() async throws {
///   try await CriticLaws(MyCritic()).hold()
///   try await CriticLaws(MyCritic(), on: WorldLaws(MyWorld()).trajectories(), maximalReward: 1).hold()
/// }
/// ```
public struct CriticLaws: Sendable {
  private let critic: any Critic
  private let states: [CriticState]
  private let maximalReward: Double?
  private let tolerance: Double

  /// - Parameters:
  ///   - trajectories: the critic predicts every unfinished prefix of these; nil for built-in samples.
  ///   - maximalReward: the world's maximal reward, in reward units; nil if unknown.
  ///   - tolerance: the largest difference between two predictions for one state, in reward units and in probability. A
  ///     model rounds differently when it reads several states in one pass.
  public init(
    _ critic: any Critic, on trajectories: [Trajectory]? = nil, maximalReward: Double? = nil, tolerance: Double = 1e-6
  ) {
    self.critic = critic
    self.maximalReward = maximalReward
    self.tolerance = tolerance
    let prefixes = trajectories.map { $0.flatMap(\.unfinishedPrefixes) } ?? Trajectory.samples
    states = prefixes.map { CriticState($0) }
  }

  /// Checks every law.
  ///
  /// - Throws: the broken laws. An error of the critic counts as a broken law.
  public func hold() async throws(BrokenLaws) {
    let findings: [Finding]
    do throws(CriticError) { findings = try await self.findings() } catch {
      findings = [Finding("errors", .wrong, "the critic threw \(error.kind.rawValue): \(error.message)")]
    }
    try BrokenLaws.check(findings, of: "The critic \(critic.identity)")
  }

  /// Checks every law and returns the findings.
  ///
  /// - Returns: one finding for each law.
  /// - Throws: the errors of the critic.
  public func findings() async throws(CriticError) -> [Finding] {
    let identity = critic.identity
    let counts = try await counts()
    // The other laws assume one value per state.
    guard counts.verdict != .wrong else { return [counts] }
    return [
      counts, try await distributions(), try await equalStates(), try await batches(), self.identity(since: identity),
    ]
  }

  /// The critic returns one entry for each state, and an empty list for an empty list.
  public func counts() async throws(CriticError) -> Finding {
    for asked in [states, Array(states.prefix(1)), []] {
      let answered = try await critic.returnsToGo(from: asked).count
      guard answered == asked.count else {
        return Finding("counts", .wrong, "\(answered) values for \(asked.count) states")
      }
    }
    return Finding("counts", .fine, "one value for each of \(states.count) states")
  }

  /// Probabilities are at least 0 and sum to 1. Returns are finite and not so large that rewards are rounded away.
  public func distributions() async throws(CriticError) -> Finding {
    let values = try await critic.returnsToGo(from: states)
    for (state, value) in zip(states, values) {
      if let problem = value.flatMap(problem) {
        return Finding("distributions", .wrong, "\(problem), at \(state.place)")
      }
    }
    let missing = values.count { $0 == nil }
    return Finding(
      "distributions", missing == states.count ? .warning : .fine,
      missing == 0 ? "finite, with probabilities that sum to 1" : "\(missing) of \(states.count) states have no value")
  }

  private func problem(_ value: ReturnDistribution) -> String? {
    guard !value.returns.isEmpty, value.returns.count == value.probabilities.count else {
      return "\(value.returns.count) returns have \(value.probabilities.count) probabilities"
    }
    if let low = value.probabilities.first(where: { !($0 >= 0) }) { return "a probability is \(low)" }
    let sum = value.probabilities.reduce(0, +)
    guard abs(sum - 1) <= 1e-6 else { return "the probabilities sum to \(sum)" }
    if let bad = value.returns.first(where: { !Magnitude.isValue($0, besideRewardsUpTo: maximalReward) }) {
      return "a return is \(bad), which is not finite, or so large that rewards are rounded away"
    }
    return nil
  }

  /// Equal states have equal values, within one call and across calls.
  public func equalStates() async throws(CriticError) -> Finding {
    let twice = try await critic.returnsToGo(from: states + states)
    let (first, second) = (twice.prefix(states.count), twice.dropFirst(states.count))
    let again = try await critic.returnsToGo(from: states)
    return difference(Array(first), Array(second), "in one call")
      ?? difference(Array(first), again, "in two calls")
      ?? Finding("equal states", .fine, "have equal values")
  }

  private func difference(_ first: [ReturnDistribution?], _ second: [ReturnDistribution?], _ when: String) -> Finding? {
    guard let place = differingPlace(first, second) else { return nil }
    return Finding("equal states", .wrong, "the same state had two values \(when), at \(states[place].place)")
  }

  /// Values are in the order of the states and do not depend on the batch: all at once, in reverse, one by one.
  public func batches() async throws(CriticError) -> Finding {
    let together = try await critic.returnsToGo(from: states)
    let reversed = Array(try await critic.returnsToGo(from: states.reversed()).reversed())
    if let place = differingPlace(together, reversed) {
      return Finding("batches", .wrong, "the order of the states changed a value, at \(states[place].place)")
    }
    var singles: [ReturnDistribution?] = []
    for state in states { singles += try await critic.returnsToGo(from: [state]) }
    if let place = differingPlace(together, singles) {
      return Finding("batches", .wrong, "a state had another value in a call of its own, at \(states[place].place)")
    }
    return Finding("batches", .fine, "all at once or one by one, the values are the same")
  }

  /// The identity is not empty and does not change with use.
  private func identity(since before: String) -> Finding {
    Finding.identity(before, after: critic.identity)
  }

  /// The first index at which two lists of values differ; nil if they are equal.
  private func differingPlace(_ a: [ReturnDistribution?], _ b: [ReturnDistribution?]) -> Int? {
    guard a.count == b.count else { return min(a.count, b.count, max(states.count - 1, 0)) }
    return a.indices.first { !isSame(a[$0], b[$0]) }
  }

  private func isSame(_ a: ReturnDistribution?, _ b: ReturnDistribution?) -> Bool {
    guard let a, let b else { return a == nil && b == nil }
    func isNear(_ a: [Double], _ b: [Double]) -> Bool {
      a.count == b.count && zip(a, b).allSatisfy { $0 == $1 || abs($0 - $1) <= tolerance }
    }
    return isNear(a.returns, b.returns) && isNear(a.probabilities, b.probabilities)
  }
}

extension CriticState {
  fileprivate var place: String { "step \(step) of \"\(request.prefix(60))\"" }
}

extension Finding {
  /// Answers are stored under the identity, so it must never change.
  static func identity(_ before: String, after: String) -> Finding {
    guard !before.isEmpty else { return Finding("identity", .wrong, "the identity is empty") }
    return before == after
      ? Finding("identity", .fine, "the same after it was used")
      : Finding("identity", .wrong, "the identity was \"\(before)\" and became \"\(after)\"")
  }
}
