/// What a critic is shown of a trajectory in progress. This initialiser is the one place where it is made, for training
/// and for serving alike.
public struct CriticState: Sendable, Hashable, Codable {
  public let request: String
  /// Steps taken.
  public let step: Int
  public let stepLimit: Int
  /// Every action so far, oldest first.
  public let actions: [String]
  public let observation: String
  /// What was paid so far, except a last reward that is hidden.
  public let rewardSoFar: Double
  public let invalidActions: Int

  /// - Parameter hidingLastReward: shows a finished trajectory as a user without a verifier sees it: the last action and
  ///   its observation, not what they paid. The return-to-go of that state is the hidden reward.
  public init(_ trajectory: Trajectory, hidingLastReward: Bool = false) {
    request = trajectory.request
    step = trajectory.count
    stepLimit = trajectory.task.stepLimit
    actions = trajectory.actions
    observation = trajectory.observation.text
    rewardSoFar = trajectory.reward - (hidingLastReward ? trajectory.last?.outcome.reward ?? 0 : 0)
    invalidActions = trajectory.invalidActions
  }

  public var lastAction: String { actions.last ?? "" }

  /// How many actions had been taken before, word for word.
  public var repeats: Int { actions.count - Set(actions).count }

  /// The state in words, for critics that read. What grows comes before what changes: a state begins as those before it do,
  /// and whoever reads many of them reads their common beginnings once.
  public var text: String {
    var lines = ["Task: \(request)"]
    if !actions.isEmpty { lines.append("Actions so far:") }
    for (number, action) in actions.enumerated() { lines.append("\(number + 1). \(action)") }
    lines.append("Step \(step) of at most \(stepLimit). Reward so far: \(rewardSoFar).")
    if repeats > 0 { lines.append("Repeated actions: \(repeats).") }
    if invalidActions > 0 { lines.append("Invalid actions: \(invalidActions).") }
    lines.append("Now: \(observation)")
    return lines.joined(separator: "\n")
  }
}

/// Guidance: what is still to come from a state under the frozen policy. A wrong critic costs efficiency, never
/// correctness, because the target of the filter is the reward alone.
public protocol Critic: Sendable {
  /// Names the critic and what it was trained on.
  var identity: String { get }

  /// The distribution of the return-to-go of each state, in order; nil where the critic has none to give, which is not 0: such
  /// a particle keeps its share of the weight. Terminal states are not asked about: theirs is 0.
  func returnsToGo(from states: [CriticState]) async throws(CriticError) -> [ReturnDistribution?]
}

/// A critic made from a closure that gives the expected return-to-go of one state.
public struct ClosureCritic: Critic {
  public let identity: String
  private let body: @Sendable (CriticState) -> ReturnDistribution?

  public init(_ identity: String, returnToGo body: @escaping @Sendable (CriticState) -> ReturnDistribution?) {
    self.identity = identity
    self.body = body
  }

  public init(_ identity: String, value: @escaping @Sendable (CriticState) -> Double) {
    self.init(identity) { .point(value($0)) }
  }

  public func returnsToGo(from states: [CriticState]) -> [ReturnDistribution?] { states.map(body) }
}

/// The critic that knows nothing. Weights stay equal, nothing is resampled, and the run is best-of-N.
public struct ConstantCritic: Critic {
  public let returnToGo: ReturnDistribution

  public init(_ returnToGo: ReturnDistribution = .point(0)) { self.returnToGo = returnToGo }

  public var identity: String { "constant" }

  public func returnsToGo(from states: [CriticState]) -> [ReturnDistribution?] {
    states.map { _ in returnToGo }
  }
}

/// Why a critic gave no values.
public struct CriticError: Error, Sendable, Hashable, CustomStringConvertible {
  public enum Kind: String, Sendable, Hashable {
    /// The artifact cannot be read, or is of another version.
    case unreadable
    /// The artifact was trained on another environment.
    case wrongEnvironment
    /// There is not enough to train on.
    case tooLittleData
    /// The library or service behind the critic failed.
    case failed
    /// A limit of calls, money or time was reached while the critic was asked.
    case limitReached
    /// The run was stopped while the critic was asked.
    case cancelled
    /// The critic's values could not be stored or read again.
    case storeFailed
  }

  public let kind: Kind
  public let message: String

  public init(_ kind: Kind, _ message: String) {
    self.kind = kind
    self.message = message
  }

  /// What an error of the model behind a critic is to the critic: the ends of a run stay what they are.
  public init(_ error: PolicyError) {
    switch error.kind {
    case .limitReached: self.init(.limitReached, error.message)
    case .cancelled: self.init(.cancelled, error.message)
    case .storeFailed: self.init(.storeFailed, error.message)
    default: self.init(.failed, "The model behind the critic gave no value: \(error.message)")
    }
  }

  public var description: String { message }
}
