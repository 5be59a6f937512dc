import Agents

/// The protocol of one kind of AgentGym environment server: routes, keys of requests, and paths in answers. Servers
/// differ in these fields only.
///
/// A path such as `info.score` leads to a value in an answer: keys of objects or places in lists, separated by dots.
/// The empty path is the whole answer.
public struct Dialect: Sendable, Hashable, Codable {
  /// How the number in an answer relates to what a step pays.
  public enum Payment: String, Sendable, Codable, CaseIterable {
    /// The number is what this step pays.
    case perStep
    /// The number is what was paid so far; a step pays the difference.
    case cumulative
    /// The number may fall again; a step pays what it adds to the highest so far.
    case highest
  }

  /// The name of the dialect and the prefix of its task names.
  public var name: String

  /// Creates an environment; the answer holds its name at ``createdID``.
  public var create: Route
  /// Starts a task in an environment.
  public var reset: Route
  /// Takes one action.
  public var step: Route
  /// Closes an environment; nil if the server cannot. A server that answers 404 or 405 counts as unable.
  public var close: Route?
  /// Asked after a reset, with the environment's name as a query, if its answer and not the reset's holds the
  /// observation.
  public var look: Route?

  /// The key of the environment's name in requests.
  public var idKey: String
  /// The path of the environment's name in the answer to a create.
  public var createdID: String
  /// The key of the task's number in a reset.
  public var taskKey: String
  /// The key of the action's text in a step.
  public var actionKey: String
  /// Written before the action's text in a step; empty for most servers.
  public var actionPrefix: String
  /// Further fields of the create request.
  public var createFields: [String: JSONValue]
  /// Further fields of the reset request.
  public var resetFields: [String: JSONValue]

  /// The path of the task's request in the answer to a reset; nil if the observation holds it.
  public var taskText: String?
  /// The path of the first observation in the answer to a reset, or to ``look``.
  public var openingObservation: String
  /// The path of the observation in the answer to a step.
  public var observation: String
  /// The path of the reward in the answer to a step; see ``payment``.
  public var reward: String
  /// The path of the flag that the episode has ended.
  public var done: String
  /// The path of the admissible actions; nil if answers list none.
  public var choices: String?
  /// Whether the list of actions is complete and binding, so that a policy may be restricted to it.
  public var offersChoices: Bool

  /// How the number at ``reward`` relates to what a step pays.
  public var payment: Payment
  /// The number of the server's units that make a reward of 1.
  public var rewardScale: Double
  /// The largest reward of a trajectory, in reward units; nil if unknown.
  public var maximalReward: Double?
  /// The maximal number of steps, unless the configuration states one.
  public var stepLimit: Int
  /// The number of tasks; nil if unknown. Some servers map a number past the last to another task.
  public var taskCount: Int?
  /// Beginnings of observations that mean that the action could not be carried out.
  public var invalidPrefixes: [String]
  /// Phrases in errors that mean that the server no longer knows the environment.
  public var lostPhrases: [String]

  /// How many episodes one environment plays before it is closed; 0 for no limit.
  public var episodesPerEnvironment: Int
  /// How many environments a server keeps apart; one more would be shared between two episodes.
  public var environmentsPerServer: Int?

  /// A phrase in the server's answer to `GET /` that identifies it; nil for no check.
  public var greeting: String?
  /// The command that starts a server, for the message that none is running.
  public var startCommand: String?

  /// The changes to a built-in dialect, as `key: value`.
  var changes: [String] = []

  package enum CodingKeys: String, CodingKey, CaseIterable {
    case name, create, reset, step, close, look, idKey, createdID, taskKey, actionKey, actionPrefix, createFields,
      resetFields, taskText
    case openingObservation, observation, reward, done, choices, offersChoices, payment, rewardScale, maximalReward
    case stepLimit, taskCount, invalidPrefixes, lostPhrases, episodesPerEnvironment, environmentsPerServer
    case greeting, startCommand
  }

  /// A dialect with the most common protocol: `id` and `data_idx` in requests, objects with `observation`, `reward` and
  /// `done` in answers.
  public init(_ name: String, stepLimit: Int) {
    self.name = name
    self.stepLimit = stepLimit
    create = "POST /create"
    reset = "POST /reset"
    step = "POST /step"
    close = "POST /close"
    idKey = "id"
    createdID = "id"
    taskKey = "data_idx"
    actionKey = "action"
    actionPrefix = ""
    createFields = [:]
    resetFields = [:]
    openingObservation = "observation"
    observation = "observation"
    reward = "reward"
    done = "done"
    offersChoices = false
    payment = .perStep
    rewardScale = 1
    invalidPrefixes = []
    lostPhrases = ["The id ", "has been deleted"]
    episodesPerEnvironment = 1
  }

  /// The dialect's part of a world's identity. Includes changes to rules and texts, but not to how a server is reached.
  var summary: String { ([name] + changes).joined(separator: ", ") }
}
