/// What an agent sees: a text and, where the world lists them, the actions to choose from.
public struct Observation: Sendable, Hashable, Codable {
  public var text: String
  /// The admissible actions, or nil where any text may be one.
  public var choices: [String]?

  public init(_ text: String, choices: [String]? = nil) {
    self.text = text
    self.choices = choices
  }
}

/// What an agent does: the action read from its answer, or an answer no action could be read from.
public enum Action: Sendable, Hashable, Codable {
  case act(String)
  /// The whole answer. The environment is told, and decides what an invalid action costs.
  case unparsable(String)

  /// The action's text, or the unparsable answer's.
  public var text: String {
    switch self {
    case .act(let text), .unparsable(let text): text
    }
  }

  public var isParsed: Bool {
    if case .act = self { true } else { false }
  }
}

/// What the environment answers to an action.
public struct Outcome: Sendable, Hashable, Codable {
  public var observation: Observation
  /// What this step pays, in reward units; the reward of a trajectory is the sum over its steps.
  public var reward: Double
  public var isDone: Bool
  /// The environment could not carry the action out.
  public var isInvalid: Bool

  public init(_ observation: Observation, reward: Double = 0, isDone: Bool = false, isInvalid: Bool = false) {
    self.observation = observation
    self.reward = reward
    self.isDone = isDone
    self.isInvalid = isInvalid
  }
}

/// One attempt at one task, in progress.
///
/// A world whose state is a value conforms with a struct and returns `self` from ``fork()``; a world behind a
/// connection conforms with a class or an actor and keeps the default, so that a fork is a replay of its actions.
public protocol Episode: Sendable {
  /// Carries one action out.
  mutating func step(_ action: Action) async throws(WorldError) -> Outcome

  /// An independent copy that continues from here, or nil where the world cannot copy itself.
  func fork() async throws(WorldError) -> (any Episode)?

  /// How many texts read otherwise when the episode was lost, opened again and its actions taken once more.
  var recoveryMismatches: Int { get async }

  /// Releases what the episode holds. Called once, also after errors.
  func close() async
}

extension Episode {
  public func fork() async throws(WorldError) -> (any Episode)? { nil }
  public var recoveryMismatches: Int { 0 }
  public func close() async {}
}

/// An episode made from a closure over a copyable state.
///
/// ```swift
/// let episode = ClosureEpisode(state: 0) { count, action in
///   count += 1
///   return Outcome(Observation("\(count)"), reward: action.text == "up" ? 1 : 0, isDone: count == 3)
/// }
/// ```
public struct ClosureEpisode<State: Sendable>: Episode {
  private var state: State
  private let body: @Sendable (inout State, Action) async throws(WorldError) -> Outcome

  public init(
    state: State,
    step body: @escaping @Sendable (inout State, Action) async throws(WorldError) -> Outcome
  ) {
    self.state = state
    self.body = body
  }

  public mutating func step(_ action: Action) async throws(WorldError) -> Outcome {
    try await body(&state, action)
  }

  public func fork() -> (any Episode)? { self }
}
