/// What the world shows the agent: a text and, if the world lists them, the admissible actions.
public struct Observation: Sendable, Hashable, Codable {
  /// The observation in words, shown to the policy as it is.
  public var text: String
  /// The admissible actions; nil if any text is admissible.
  public var choices: [String]?
  /// The question that an agent's own program asks its model; nil in other worlds.
  package var question: AskedQuestion?

  /// An observation; `choices` also restrict the policies whose server can enforce them.
  public init(_ text: String, choices: [String]? = nil) {
    self.text = text
    self.choices = choices
  }
}

/// A question of an agent's own program, in the form in which it is stored.
package struct AskedQuestion: Sendable, Hashable, Codable {
  /// A digest of the whole question without what may differ between an attempt and its replay.
  package let digest: String
  /// The question relative to the one before it, as JSON.
  package let record: String

  package init(digest: String, record: String) {
    self.digest = digest
    self.record = record
  }
}

/// The agent's action: the text read from the policy's answer, or an answer that could not be read.
public enum Action: Sendable, Hashable, Codable {
  /// The action's text, as ``ActionFormat`` read it from the answer.
  case act(String)
  /// The whole answer, from which no action could be read. The world decides what an invalid action costs.
  case unparsable(String)
  /// A model's answer to an agent's own program: in words, and in full as it is handed to the program. Nil if the policy
  /// gives only a text.
  case answer(String, inFull: String?)

  /// The action's text, or the whole unparsable answer.
  public var text: String {
    switch self {
    case .act(let text), .unparsable(let text), .answer(let text, inFull: _): text
    }
  }

  /// Whether an action could be read from the answer.
  public var isParsed: Bool {
    if case .unparsable = self { false } else { true }
  }
}

/// The world's response to an action.
public struct Outcome: Sendable, Hashable, Codable {
  /// What the agent sees next; shown at the end of the episode, too.
  public var observation: Observation
  /// The reward of this step alone, in reward units. A trajectory's reward is the sum over its steps. Must be finite.
  public var reward: Double
  /// Whether the episode ends here. The soft value of a terminal state is 0.
  public var isDone: Bool
  /// Whether the world could not carry out the action. Counted in ``Trajectory/invalidActions``.
  public var isInvalid: Bool
  /// Named parts of the reward, for readers; empty if the world names none. They need not add up to ``reward``.
  public var rewards: [String: Double] = [:]

  /// The response to one action; by default it pays nothing and continues.
  public init(_ observation: Observation, reward: Double = 0, isDone: Bool = false, isInvalid: Bool = false) {
    self.observation = observation
    self.reward = reward
    self.isDone = isDone
    self.isInvalid = isInvalid
  }
}

/// One attempt at one task, in progress.
///
/// A world whose state is a value conforms with a struct and returns `self` from ``fork()``. A world behind a
/// connection conforms with a class or an actor and keeps the default, so that a fork replays the actions in a fresh
/// episode.
public protocol Episode: Sendable {
  /// Carries one action out.
  mutating func step(_ action: Action) async throws(WorldError) -> Outcome

  /// An independent copy that continues from here, or nil if the world cannot copy itself.
  func fork() async throws(WorldError) -> (any Episode)?

  /// The number of observations whose text changed when the lost episode was opened again and its actions replayed.
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

  /// An episode that starts in `state`.
  ///
  /// - Parameters:
  ///   - state: copied at each fork.
  ///   - body: changes the state by one action and returns the outcome. It must depend on its arguments alone.
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
