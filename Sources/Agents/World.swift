/// Which world a rollout comes from. A critic serves the world it was trained on and refuses another.
public struct WorldIdentity: Sendable, Hashable, Codable, CustomStringConvertible {
  /// The kind as the configuration names it, such as `orders`.
  public let kind: String
  /// Everything else that changes the world's rules or its texts, in a readable and stable form.
  /// The choice of tasks is not part of it: a critic is meant for tasks it has not seen.
  public let rules: String

  public init(kind: String, rules: String = "") {
    self.kind = kind
    self.rules = rules
  }

  public var description: String { rules.isEmpty ? kind : "\(kind) (\(rules))" }
}

/// A world and its tasks.
public protocol World: Sendable {
  var identity: WorldIdentity { get }

  /// The largest reward a trajectory can have, where it is known. A search stops once it is reached.
  var maximalReward: Double? { get }

  /// The tasks of a split, in a stable order; empty where the split has none.
  func tasks(in split: Split) throws(WorldError) -> [AgentTask]

  /// The task of a name that ``tasks(in:)`` may or may not list.
  func task(_ id: TaskID) throws(WorldError) -> AgentTask

  /// Opens an episode, with the first observation.
  func begin(_ task: AgentTask) async throws(WorldError) -> (episode: any Episode, observation: Observation)

  /// What the world answers is stored before it is used, and read where a stopped run goes on: for worlds that are slow, far
  /// away, or do not say the same twice. One that computes its answers at once keeps the default.
  var storesOutcomes: Bool { get }

  /// What the policy is shown after `trajectory`. A pure function of the trajectory. Its last prompt names the choices there are
  /// (see ``Transcript/listing(_:)``), since not every policy is held to them.
  func transcript(for trajectory: Trajectory) -> Transcript

  /// The world's actions as tools, for policies that call them; nil for one tool that takes the action as a text.
  func tools(for task: AgentTask) -> [ActionTool]?

  /// What commonly makes an episode that is opened again go otherwise than it did, and what to do about it; nil where nothing is
  /// known.
  var divergenceAdvice: String? { get }

  /// Releases what the world holds: processes, connections.
  func close() async
}

extension World {
  public var maximalReward: Double? { nil }
  public var storesOutcomes: Bool { false }
  public var divergenceAdvice: String? { nil }

  public func tools(for task: AgentTask) -> [ActionTool]? { nil }
  public func close() async {}

  /// The whole past: the request, then every observation and every answer, and the choices there are now.
  public func transcript(for trajectory: Trajectory) -> Transcript {
    Transcript(instructions: trajectory.task.request, history: trajectory).listing(trajectory.offeredChoices)
  }
}

/// Why an environment could not do what was asked.
public struct WorldError: Error, Sendable, Hashable, CustomStringConvertible {
  public enum Kind: String, Sendable, Hashable {
    /// No task has this name.
    case unknownTask
    /// The environment is set up wrongly, or something it needs is missing.
    case misconfigured
    /// The connection or process behind the environment failed.
    case unavailable
    /// The same, through no fault of the episode that asked: another one's step took the process or connection down.
    case displaced
    /// A replayed episode paid or ended otherwise than the recorded one.
    case diverged
    /// A step paid what no reward can be.
    case badReward
    /// The run was stopped while it waited.
    case cancelled
  }

  public let kind: Kind
  /// What was tried, with what, and what to do next.
  public let message: String

  public init(_ kind: Kind, _ message: String) {
    self.kind = kind
    self.message = message
  }

  public var description: String { message }

  /// What stood behind the episode is gone; opened again, it may go on.
  public var isLoss: Bool { kind == .unavailable || kind == .displaced }
}
