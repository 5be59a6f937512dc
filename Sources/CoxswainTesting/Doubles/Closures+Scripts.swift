import Agents

extension ClosurePolicy {
  /// A policy that answers from a list: the first answer at step 0, the second at step 1, whatever it is shown. The same key has
  /// the same answer at any concurrency. Past the end of the list it throws `notRecorded`.
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
  /// A critic that looks expected returns-to-go up, in reward units.
  ///
  /// - Parameters:
  ///   - values: by what `key` makes of a state; states that are not listed have no value.
  ///   - key: the current observation, unless another part of the state is named.
  public static func lookup(
    _ values: [String: Double], identity: String = "lookup",
    by key: @escaping @Sendable (CriticState) -> String = { $0.observation }
  ) -> ClosureCritic {
    ClosureCritic(identity) { state -> ReturnDistribution? in values[key(state)].map { .point($0) } }
  }
}
