import Agents
import ParticleFilter

/// One run: everything that decides its answers.
public struct RunRecord: Sendable, Hashable {
  /// A digest of what decides the answers, so that two verbs that would ask the same share what is stored.
  public let id: String
  public let verb: String
  public let method: String
  public let environment: WorldIdentity
  public let policy: String
  /// How the policy's actions are written.
  public let format: ActionFormat
  public let critic: String?
  /// Its trajectories are draws from the frozen policy alone, fit to train a critic on.
  public let isPrior: Bool
  public let seed: UInt64
  /// The settings as JSON, for people.
  public let settings: String

  public init(
    id: String, verb: String, method: String, environment: WorldIdentity, policy: String,
    format: ActionFormat, critic: String?,
    isPrior: Bool, seed: UInt64, settings: String
  ) {
    self.id = id
    self.verb = verb
    self.method = method
    self.environment = environment
    self.policy = policy
    self.format = format
    self.critic = critic
    self.isPrior = isPrior
    self.seed = seed
    self.settings = settings
  }
}

/// An answer as it was paid for.
public struct AnswerRecord: Sendable, Hashable {
  public let key: CallKey
  /// Tells whether the question is still the one that was answered.
  public let promptDigest: String
  public let response: PolicyResponse
  public let seconds: Double
  /// The policy refused to answer; `response` holds why, and was not paid for.
  public let isRefusal: Bool

  public init(
    key: CallKey, promptDigest: String, response: PolicyResponse, seconds: Double, isRefusal: Bool = false
  ) {
    self.key = key
    self.promptDigest = promptDigest
    self.response = response
    self.seconds = seconds
    self.isRefusal = isRefusal
  }
}

/// What a world answered, and to what.
public struct OutcomeRecord: Sendable, Hashable {
  /// Of the action; its step is counted from 1, and 0 is the opening.
  public let key: CallKey
  /// A digest of everything before the action.
  public let past: String
  public let action: String
  /// Of no meaning where there is a failure.
  public let outcome: Outcome
  /// The attempt failed over the action, and others went on without it.
  public let failure: AttemptFailure?

  public init(key: CallKey, past: String, action: String, outcome: Outcome, failure: AttemptFailure? = nil) {
    self.key = key
    self.past = past
    self.action = action
    self.outcome = outcome
    self.failure = failure
  }
}

/// A trajectory and its place in a population.
public struct TrajectoryRecord: Sendable {
  public enum Standing: Sendable, Hashable, RawRepresentable {
    /// At the end of the run.
    case final
    /// Finished, and culled later.
    case banked
    /// Culled at the checkpoint after so many steps, before it had finished.
    case culled(after: Int)

    public init?(rawValue: String) {
      let words = rawValue.split(separator: " ")
      switch (words.first, words.count == 2 ? Int(words[1]) : nil) {
      case ("final", nil): self = .final
      case ("banked", nil): self = .banked
      case ("culled", let step?): self = .culled(after: step)
      default: return nil
      }
    }

    public var rawValue: String {
      switch self {
      case .final: "final"
      case .banked: "banked"
      case .culled(let step): "culled \(step)"
      }
    }
  }

  public let particle: Int
  public let standing: Standing
  public let trajectory: Trajectory
  /// Up to the evidence; nil where the population has no weights.
  public let logWeight: Double?
  /// Why the particle could not go on, or nil.
  public let failure: AttemptFailure?

  public init(
    particle: Int, standing: Standing = .final, trajectory: Trajectory, logWeight: Double? = nil,
    failure: AttemptFailure? = nil
  ) {
    self.particle = particle
    self.standing = standing
    self.trajectory = trajectory
    self.logWeight = logWeight
    self.failure = failure
  }
}
