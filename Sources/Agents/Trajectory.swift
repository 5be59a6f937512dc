/// One step of a trajectory: the policy's answer, the action read from it, and the world's outcome.
public struct Step: Sendable, Hashable, Codable {
  /// The policy's whole answer, ``PolicyResponse/text``, a thought before the action included.
  public var response: String
  /// The action read from the answer, as the world received it.
  public var action: Action
  /// The world's response: observation, reward and whether the episode ended.
  public var outcome: Outcome
  /// See ``PolicyResponse/continuation``.
  public var continuation: String?

  /// A step taken; ``continuation`` is set separately.
  public init(response: String, action: Action, outcome: Outcome) {
    self.response = response
    self.action = action
    self.outcome = outcome
  }

  /// The entries of later prompts that show this answer.
  var answer: [Transcript.Entry] { (continuation.map { [.continuation($0)] } ?? []) + [.response(response)] }
}

/// A sequence of observations, actions and rewards at one task.
///
/// Copies share their past: copying or forking a trajectory is O(1) in time and memory at any length, because steps
/// form a linked list from the newest to the oldest and are never changed.
public struct Trajectory: Sendable {
  private let origin: Origin
  private var tip: Link?

  /// A trajectory without a step. `opening` is the observation with which the world began the episode.
  public init(task: AgentTask, opening: Observation) {
    origin = Origin(task: task, opening: opening)
  }

  /// The task that the trajectory attempts.
  public var task: AgentTask { origin.task }
  /// The observation before the first step.
  public var opening: Observation { origin.opening }
  /// The task's request; the first observation if the task states none.
  public var request: String { task.request.isEmpty ? opening.text : task.request }

  /// The number of steps taken.
  public var count: Int { tip?.count ?? 0 }
  /// The sum of the rewards of all steps, R(τ), in reward units.
  public var reward: Double { tip?.reward ?? 0 }
  /// Whether the world ended the episode.
  public var isDone: Bool { tip?.step.outcome.isDone ?? false }
  /// Whether nothing is still to come: the episode ended or the step limit is reached.
  public var isFinished: Bool { isDone || count >= task.stepLimit }
  /// How many actions the world could not carry out.
  public var invalidActions: Int { tip?.invalidActions ?? 0 }
  /// The newest step.
  public var last: Step? { tip?.step }
  /// The newest observation.
  public var observation: Observation { tip?.step.outcome.observation ?? opening }

  /// Adds the newest step. O(1); copies made before are unaffected.
  public mutating func append(_ step: Step) {
    tip = Link(step, after: tip)
  }

  /// All steps, oldest first. O(count).
  public var steps: [Step] { map(\.step) }

  /// The text of every action, oldest first. O(count).
  public var actions: [String] { map(\.step.action.text) }

  /// Maps every link, oldest first.
  private func map<T>(_ body: (Link) -> T) -> [T] {
    Array(unsafeUninitializedCapacity: count) { buffer, initialised in
      // The list runs from the newest to the oldest, so the array is filled from its end.
      var link = tip
      while let current = link {
        buffer.initializeElement(at: current.count - 1, to: body(current))
        link = current.past
      }
      initialised = count
    }
  }

  /// The first `length` steps, sharing them with this trajectory. O(count − length).
  public func prefix(_ length: Int) -> Trajectory {
    var result = self
    while let link = result.tip, link.count > max(length, 0) {
      result.tip = link.past
    }
    return result
  }
}

extension Trajectory {
  /// A trajectory of recorded steps, oldest first.
  public init(task: AgentTask, opening: Observation, steps: some Sequence<Step>) {
    self.init(task: task, opening: opening)
    for step in steps { append(step) }
  }
}

/// The beginning of a trajectory, shared by all its copies.
private final class Origin: Sendable {
  let task: AgentTask
  let opening: Observation

  init(task: AgentTask, opening: Observation) {
    self.task = task
    self.opening = opening
  }
}

/// A step and its past.
private final class Link: @unchecked Sendable {
  let step: Step
  let count: Int
  let reward: Double
  let invalidActions: Int
  // Unchecked: only `deinit` changes this, when there is no other reference to the link.
  private(set) var past: Link?

  init(_ step: Step, after past: Link?) {
    self.step = step
    self.past = past
    count = (past?.count ?? 0) + 1
    reward = (past?.reward ?? 0) + step.outcome.reward
    invalidActions = (past?.invalidActions ?? 0) + (step.outcome.isInvalid ? 1 : 0)
  }

  deinit {
    // Releases link by link: releasing a long list at once would recurse once per step.
    var link = past.take()
    while isKnownUniquelyReferenced(&link), let current = link {
      link = current.past.take()
    }
  }
}
