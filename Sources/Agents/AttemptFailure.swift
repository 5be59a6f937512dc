/// Why an attempt ended for a reason other than the task. A failed attempt has no reward: it is counted separately,
/// enters no mean and trains no critic.
public struct AttemptFailure: Sendable, Hashable, Codable {
  /// The reasons. They decide the remedy that is reported, not how the run goes on.
  public enum Kind: String, CaseIterable, Sendable, Codable {
    /// The prompt exceeds the model's context.
    case contextTooLong
    /// The model's server refused the content.
    case contentRefused
    /// The model gave no answer that can be used.
    case noAnswer
    /// A step or the opening of the environment failed or hung, after its retries.
    case environmentFailed
    /// A replayed episode ended differently or paid a different reward than the recorded one.
    case diverged
    /// The environment paid a reward that is not admissible; see ``Magnitude/isReward(_:)``.
    case badReward
    /// The reason is not recorded, as in files of older versions.
    case unknown
  }

  /// The reason, by which failures are counted.
  public let kind: Kind
  /// What was tried, with what, and what went wrong.
  public let message: String

  /// A failure of an attempt with a message that states what was tried and what went wrong.
  public init(_ kind: Kind, _ message: String) {
    self.kind = kind
    self.message = message
  }

  /// The failure of an attempt whose policy call threw this error.
  ///
  /// - Parameter error: an error for which ``PolicyError/concernsOneCall`` holds; other kinds become `noAnswer`.
  public init(_ error: PolicyError) {
    switch error.kind {
    case .contextTooLong: self.init(.contextTooLong, error.message)
    case .contentRefused: self.init(.contentRefused, error.message)
    default: self.init(.noAnswer, error.message)
    }
  }

  /// The failure that a world's error means for the attempt; kinds other than `diverged` and `badReward` become
  /// `environmentFailed`.
  public init(_ error: WorldError) {
    switch error.kind {
    case .diverged: self.init(.diverged, error.message)
    case .badReward: self.init(.badReward, error.message)
    default: self.init(.environmentFailed, error.message)
    }
  }
}

extension AttemptFailure.Kind {
  /// Whether the world failed, not the model.
  public var isOfEnvironment: Bool {
    switch self {
    case .environmentFailed, .diverged, .badReward: true
    case .contextTooLong, .contentRefused, .noAnswer, .unknown: false
    }
  }

  /// What happened, as a clause.
  public var clause: String {
    switch self {
    case .contextTooLong: "the prompt exceeded the model's context"
    case .contentRefused: "the model's server refused the content"
    case .noAnswer: "the model gave no usable answer"
    case .environmentFailed: "the environment or the agent's program failed or hung"
    case .diverged: "a replay in the environment differed from the recorded episode"
    case .badReward: "the environment paid an invalid reward"
    case .unknown: "of a reason that an older version did not store"
    }
  }

  /// What to change, as a clause in the imperative.
  public var remedy: String {
    switch self {
    case .contextTooLong:
      """
      lower environment.history, environment.maxSteps or an agent's environment.calls, or use a model with a longer context (for a local one, raise \
      policy.context)
      """
    case .contentRefused: "change environment.prompt, leave these tasks out, or use another provider"
    case .noAnswer: "check what the server sends, raise policy.maxTokens, or use another model or server"
    case .environmentFailed: "read what it said and its own log, and raise environment.timeout if it is slow"
    case .diverged:
      "check whether the world is deterministic, or set steering.divergence: keep to continue nevertheless"
    case .badReward:
      "correct the environment's rewards, or the maximum that it states (maximalReward in the tasks of an agent)"
    case .unknown: "run the command again"
    }
  }
}
