import Agents

/// How one kind of AgentGym environment server is spoken to, and how its answers are read. Data only: what differs
/// between servers is a field here.
///
/// A path such as `info.score` leads to a value inside an answer: keys of objects, or places in lists, with dots
/// between them. The empty path is the whole answer.
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

  /// Names the dialect and its tasks.
  public var name: String

  public var create: Route
  public var reset: Route
  public var step: Route
  /// Nil where the server has none. A server that answers 404 or 405 is taken to have none.
  public var close: Route?
  /// Asked after a reset, with the environment's name as a query, where its answer and not the reset's holds the
  /// observation.
  public var look: Route?

  /// The key of the environment's name in requests.
  public var idKey: String
  /// Where the answer to create has that name.
  public var createdID: String
  /// The key of the task's number in a reset.
  public var taskKey: String
  public var actionKey: String
  /// What create and reset are told besides.
  public var createFields: [String: JSONValue]
  public var resetFields: [String: JSONValue]

  /// Where the answer to a reset has the task's words; nil where the observation holds them.
  public var taskText: String?
  public var openingObservation: String
  public var observation: String
  public var reward: String
  public var done: String
  /// Where answers list the admissible actions.
  public var choices: String?
  /// The list is complete and the world insists on it, so that a policy may be held to it.
  public var offersChoices: Bool

  public var payment: Payment
  /// How many of the server's units make a reward of 1.
  public var rewardScale: Double
  /// The largest reward of a trajectory, in reward units, where it is known.
  public var maximalReward: Double?
  /// Steps after which an attempt is cut, unless the configuration says.
  public var stepLimit: Int
  /// How many tasks there are, where that is known: some servers take a number past the last for another task.
  public var taskCount: Int?
  /// An observation that starts with one of these says that the action could not be carried out.
  public var invalidPrefixes: [String]
  /// An error that has one of these says that the server knows no such environment (any more).
  public var lostPhrases: [String]

  /// How many episodes one environment plays before it is closed; 0 for no limit.
  public var episodesPerEnvironment: Int
  /// How many environments a server keeps apart; one more would be shared between two episodes.
  public var environmentsPerServer: Int?

  /// What the server's answer to `GET /` has in it, as most call themselves; nil for no check.
  public var greeting: String?
  /// What starts a server, for the message that there is none.
  public var startCommand: String?

  /// What was changed of a built-in dialect, as `key: value`.
  var changes: [String] = []

  public enum CodingKeys: String, CodingKey, CaseIterable {
    case name, create, reset, step, close, look, idKey, createdID, taskKey, actionKey, createFields, resetFields,
      taskText
    case openingObservation, observation, reward, done, choices, offersChoices, payment, rewardScale, maximalReward
    case stepLimit, taskCount, invalidPrefixes, lostPhrases, episodesPerEnvironment, environmentsPerServer
    case greeting, startCommand
  }

  /// A dialect with what most servers have in common: `id` and `data_idx` in requests, objects with `observation`,
  /// `reward` and `done` in answers.
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

  /// The part of a world's identity that names this: what changes the rules or the texts, not how a server is reached.
  var summary: String { ([name] + changes).joined(separator: ", ") }
}
