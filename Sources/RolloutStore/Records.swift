import Agents
import ParticleFilter

/// One run: a method on tasks with everything that decides its answers.
public struct RunRecord: Sendable, Hashable {
  /// A digest of what decides the answers. Runs of different commands with equal ids share their stored answers.
  public let id: String
  /// The command that began the run, such as `collect`.
  public let verb: String
  /// The method's name, as `steering.method` has it.
  public let method: String
  /// The world's identity.
  public let environment: WorldIdentity
  /// The policy's identity.
  public let policy: String
  /// How the policy's actions are written.
  public let format: ActionFormat
  /// The critic's identity; nil for methods without one.
  public let critic: String?
  /// Whether the trajectories are draws from the frozen policy alone, so that a critic may be trained on them.
  public let isPrior: Bool
  /// The root of the run's randomness.
  public let seed: UInt64
  /// The settings as JSON, for display.
  public let settings: String

  package init(
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

/// An answer of the policy and the question that it answers.
package struct AnswerRecord: Sendable, Hashable {
  package let key: CallKey
  /// Compared on resume, to detect a question that has changed.
  package let promptDigest: String
  package let response: PolicyResponse
  package let seconds: Double
  /// The policy refused to answer. `response` then holds the reason, and nothing was paid.
  package let isRefusal: Bool
  /// What was sent, for an answer that is about to be stored; nil if it is not to be kept, and for an answer that was read.
  package var prompt: [PromptPart]?

  package init(
    key: CallKey, promptDigest: String, response: PolicyResponse, seconds: Double, isRefusal: Bool = false,
    prompt: [PromptPart]? = nil
  ) {
    self.key = key
    self.promptDigest = promptDigest
    self.response = response
    self.seconds = seconds
    self.isRefusal = isRefusal
    self.prompt = prompt
  }
}

/// The outcome of an action, with the past that led to it.
package struct OutcomeRecord: Sendable, Hashable {
  /// The place of the action. Steps count from 1; step 0 is the opening.
  package let key: CallKey
  /// A digest of everything before the action.
  package let past: String
  package let action: String
  /// Meaningless if `failure` is set.
  package let outcome: Outcome
  /// Why the attempt failed at the action, if it did while other attempts went on.
  package let failure: AttemptFailure?

  package init(key: CallKey, past: String, action: String, outcome: Outcome, failure: AttemptFailure? = nil) {
    self.key = key
    self.past = past
    self.action = action
    self.outcome = outcome
    self.failure = failure
  }
}

/// A stored trajectory with its place in a population.
public struct TrajectoryRecord: Sendable {
  /// When the trajectory left the population.
  public enum Standing: Sendable, Hashable, RawRepresentable {
    /// At the end of the run.
    case final
    /// Finished, and culled later.
    case banked
    /// Culled at the checkpoint after so many steps, before it had finished.
    case culled(after: Int)

    /// Reads `final`, `banked` or `culled STEP`; nil for any other text.
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

  /// The place in the population, from 0.
  public let particle: Int
  /// Whether it was in the population at the end.
  public let standing: Standing
  /// The steps from the start, those shared with ancestors included.
  public let trajectory: Trajectory
  /// The final log-weight, up to a constant common to the population; nil if the population has no weights.
  public let logWeight: Double?
  /// Why the attempt failed; nil if it did not.
  public let failure: AttemptFailure?

  package init(
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
