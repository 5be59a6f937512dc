/// The state that a critic predicts from: a trajectory up to the present step. Training and serving both build it with
/// this one initialiser, so that they cannot differ.
public struct CriticState: Sendable, Hashable, Codable {
  /// ``Trajectory/request``: the task in words.
  public let request: String
  /// The number of steps taken, 0 at the start.
  public let step: Int
  /// ``AgentTask/stepLimit``, so that `stepLimit - step` steps are left at most.
  public let stepLimit: Int
  /// The text of every action so far, oldest first; `step` of them.
  public let actions: [String]
  /// The text of the newest observation.
  public let observation: String
  /// The sum of the rewards so far, in reward units, without the last one if it is hidden.
  public let rewardSoFar: Double
  /// How many of the actions the world could not carry out.
  public let invalidActions: Int

  /// The state at the end of a trajectory.
  ///
  /// - Parameter hidingLastReward: leaves out the last step's reward, as for a user without a verifier. The
  ///   return-to-go of that state is the hidden reward.
  public init(_ trajectory: Trajectory, hidingLastReward: Bool = false) {
    request = trajectory.request
    step = trajectory.count
    stepLimit = trajectory.task.stepLimit
    actions = trajectory.actions
    observation = trajectory.observation.text
    rewardSoFar = trajectory.reward - (hidingLastReward ? trajectory.last?.outcome.reward ?? 0 : 0)
    invalidActions = trajectory.invalidActions
  }

  /// The newest action; empty before the first step.
  public var lastAction: String { actions.last ?? "" }

  /// How many actions repeat an earlier one word for word.
  public var repeats: Int { actions.count - Set(actions).count }

  /// The state as a text, for critics that are language models. Parts that grow come before parts that change, so that
  /// the states of one trajectory share a long prefix and a server can cache it.
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

/// Predicts the return-to-go of a state under the frozen policy. It is guidance, never the target: a wrong critic costs
/// efficiency, not correctness, since the weights telescope to the reward alone.
public protocol Critic: Sendable {
  /// Names the critic and what it was trained on.
  var identity: String { get }

  /// The distribution of the return-to-go of each state, in order; nil if the critic has none. Nil is not 0: such a
  /// particle keeps its share of the weight. Terminal states are never passed: their return-to-go is 0.
  func returnsToGo(from states: [CriticState]) async throws(CriticError) -> [ReturnDistribution?]
}

/// A critic made from a closure over one state.
///
/// ```swift
/// let critic = ClosureCritic("heads so far") { state in
///   Double(state.actions.count { $0 == "heads" }) / 10
/// }
/// ```
public struct ClosureCritic: Critic {
  public let identity: String
  private let body: @Sendable (CriticState) -> ReturnDistribution?

  /// A critic that predicts a distribution.
  ///
  /// - Parameters:
  ///   - identity: changes whenever the closure does, since stored values belong to it.
  ///   - body: the distribution of the return-to-go in reward units; nil if unknown, so that the particle keeps its
  ///     share of the weight.
  public init(_ identity: String, returnToGo body: @escaping @Sendable (CriticState) -> ReturnDistribution?) {
    self.identity = identity
    self.body = body
  }

  /// A scalar critic: all mass on one value.
  ///
  /// - Parameters:
  ///   - identity: changes whenever the closure does, since stored values belong to it.
  ///   - body: the expected return-to-go, in reward units.
  public init(_ identity: String, value: @escaping @Sendable (CriticState) -> Double) {
    self.init(identity) { .point(value($0)) }
  }

  public func returnsToGo(from states: [CriticState]) -> [ReturnDistribution?] { states.map(body) }
}

/// The critic with one prediction for every state. Weights stay equal, nothing is resampled, and the run is best-of-N.
public struct ConstantCritic: Critic {
  /// The prediction for every state; its soft value is the base of the evidence.
  public let returnToGo: ReturnDistribution

  /// A constant critic, by default with the return-to-go 0.
  public init(_ returnToGo: ReturnDistribution = .point(0)) { self.returnToGo = returnToGo }

  public var identity: String { "constant" }

  public func returnsToGo(from states: [CriticState]) -> [ReturnDistribution?] {
    states.map { _ in returnToGo }
  }
}

/// Why a critic gave no values.
public struct CriticError: Error, Sendable, Hashable, CustomStringConvertible {
  /// What failed. `limitReached`, `cancelled` and `storeFailed` end the run cleanly.
  public enum Kind: String, Sendable, Hashable {
    /// The artifact cannot be read, or is of another version.
    case unreadable
    /// The artifact was trained on another environment.
    case wrongEnvironment
    /// There is not enough to train on.
    case tooLittleData
    /// The library or service behind the critic failed.
    case failed
    /// A limit of calls, money or time was reached before the critic had its values.
    case limitReached
    /// The run was stopped before the critic had its values.
    case cancelled
    /// The critic's values could not be stored or read again.
    case storeFailed
  }

  /// What failed; decides whether the run ends cleanly.
  public let kind: Kind
  /// What was tried, with what, and what to do next.
  public let message: String

  /// An error of a critic of your own; use the kind `failed` unless another one fits.
  public init(_ kind: Kind, _ message: String) {
    self.kind = kind
    self.message = message
  }

  /// The critic's error for an error of the model behind it. Limits, cancellation and store failures keep their kind;
  /// all others become `failed`.
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
