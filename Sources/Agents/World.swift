/// Identifies the world that a rollout comes from. A critic serves the world it was trained on and rejects another.
public struct WorldIdentity: Sendable, Hashable, Codable, CustomStringConvertible {
  /// The kind as the configuration names it, such as `orders`.
  public let kind: String
  /// Everything else that changes the world's rules or texts, in a readable and stable form. The choice of tasks is not
  /// part of it, since a critic is meant for unseen tasks.
  public let rules: String

  /// - Parameter rules: every setting that changes rules or texts; empty if there is none.
  public init(kind: String, rules: String = "") {
    self.kind = kind
    self.rules = rules
  }

  public var description: String { rules.isEmpty ? kind : "\(kind) (\(rules))" }

  /// How the rules of a ``QuestionWorld`` that is no agent end.
  package static let speaking = ", conversation"
  /// Whether attempts are conversations: messages and tool calls.
  package var isConversation: Bool { kind == "agent" || rules.hasSuffix(Self.speaking) }
}

/// The world that an agent acts in: tasks, observations, rewards.
public protocol World: Sendable {
  /// Everything that changes the rules or texts. Rollouts, critics and plans belong to an identity.
  var identity: WorldIdentity { get }

  /// The largest reward that a trajectory can have, in reward units; nil if unknown. A search stops once it is reached.
  var maximalReward: Double? { get }

  /// The tasks of a split, in a stable order; empty if the split has none.
  func tasks(in split: Split) throws(WorldError) -> [AgentTask]

  /// The task of this name, listed by ``tasks(in:)`` or not.
  ///
  /// - Throws: ``WorldError`` of kind `unknownTask` if there is none.
  func task(_ id: TaskID) throws(WorldError) -> AgentTask

  /// Opens an episode and returns it with the first observation.
  func begin(_ task: AgentTask) async throws(WorldError) -> (episode: any Episode, observation: Observation)

  /// Whether outcomes are stored before they are used and read when a stopped run resumes: for worlds that are slow,
  /// remote or not deterministic. The default, false, suits a world that computes its outcomes at once.
  var storesOutcomes: Bool { get }

  /// The prompt that the policy is shown after `trajectory`: a pure function of the trajectory. Its last prompt names
  /// the admissible actions (see ``Transcript/listing(_:)``), since not every policy's server enforces them.
  func transcript(for trajectory: Trajectory) -> Transcript

  /// The world's actions as tools, for policies that call tools; nil for one tool that takes the action as a text.
  func tools(for task: AgentTask) -> [ActionTool]?

  /// The usual cause of divergences in replays, and the remedy; nil if none is known.
  var divergenceAdvice: String? { get }

  /// Releases what the world holds, such as processes and connections.
  func close() async
}

extension World {
  public var maximalReward: Double? { nil }
  public var storesOutcomes: Bool { false }
  public var divergenceAdvice: String? { nil }

  public func tools(for task: AgentTask) -> [ActionTool]? { nil }
  public func close() async {}

  /// The request, then every observation and answer, then the admissible actions.
  public func transcript(for trajectory: Trajectory) -> Transcript {
    Transcript(instructions: trajectory.task.request, history: trajectory).listing(trajectory.offeredChoices)
  }
}

/// Why a world could not carry out a request.
public struct WorldError: Error, Sendable, Hashable, CustomStringConvertible {
  /// What failed. Losses (`unavailable`, `displaced`) may be recovered by a replay; the other kinds fail the attempt or
  /// stop the run.
  public enum Kind: String, Sendable, Hashable {
    /// No task has this name.
    case unknownTask
    /// The environment is set up wrongly, or something it needs is missing.
    case misconfigured
    /// The connection or process behind the environment failed.
    case unavailable
    /// The same, but caused by another episode: its step took the process or connection down.
    case displaced
    /// A replayed episode ended differently or paid a different reward than the recorded one.
    case diverged
    /// A step paid a reward that is not admissible; see ``Magnitude/isReward(_:)``.
    case badReward
    /// The environment itself says that this attempt failed. It is not tried again, and the run goes on.
    case failed
    /// The run was stopped while it waited.
    case cancelled
  }

  /// What failed; decides whether the attempt is recovered, fails, or the run ends.
  public let kind: Kind
  /// What was tried, with what, and what to do next.
  public let message: String

  /// An error of a world of your own, with a message that states what was tried and what to do next.
  public init(_ kind: Kind, _ message: String) {
    self.kind = kind
    self.message = message
  }

  public var description: String { message }

  /// Whether the connection or process behind the episode is gone, so that opening it again may recover it.
  public var isLoss: Bool { kind == .unavailable || kind == .displaced }
}
