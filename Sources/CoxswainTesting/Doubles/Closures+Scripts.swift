import Agents

extension ClosurePolicy {
  /// A policy with a fixed list of answers: the first answer at step 0, the second at step 1, independent of the
  /// prompt. The same key has the same answer at any concurrency. After the end of the list it throws `notRecorded`.
  public static func scripted(
    _ answers: [String], identity: String = "scripted", format: ActionFormat = .plain
  ) -> ClosurePolicy {
    ClosurePolicy(identity, format: format) { request throws(PolicyError) in
      guard answers.indices.contains(request.key.step) else {
        throw PolicyError(.notRecorded, "The script has \(answers.count) answers, and none to \(request.key).")
      }
      return PolicyResponse(answers[request.key.step])
    }
  }
}

extension ClosureCritic {
  /// A critic with a table of expected returns-to-go, in reward units.
  ///
  /// - Parameters:
  ///   - values: the value for each key; states whose key is not listed have no value.
  ///   - key: the key of a state; by default its current observation.
  public static func lookup(
    _ values: [String: Double], identity: String = "lookup",
    by key: @escaping @Sendable (CriticState) -> String = { $0.observation }
  ) -> ClosureCritic {
    ClosureCritic(identity) { state -> ReturnDistribution? in values[key(state)].map { .point($0) } }
  }
}
