/// One exchange: what the policy answered, and what the environment made of it.
public struct Step: Sendable, Hashable, Codable {
  /// The policy's whole answer, reasoning included.
  public var response: String
  public var action: Action
  public var outcome: Outcome
  /// See ``PolicyResponse/continuation``.
  public var continuation: String?

  public init(response: String, action: Action, outcome: Outcome) {
    self.response = response
    self.action = action
    self.outcome = outcome
  }

  /// The policy's answer as later questions show it.
  var answer: [Transcript.Entry] { (continuation.map { [.continuation($0)] } ?? []) + [.response(response)] }
}

/// The path of an agent through a task.
///
/// Trajectories share their past: copying one, or forking it, is O(1) in time and memory whatever its length, because
/// steps form a list linked from the newest to the oldest and a step is never changed once it is taken.
public struct Trajectory: Sendable {
  private let origin: Origin
  private var tip: Link?

  public init(task: AgentTask, opening: Observation) {
    origin = Origin(task: task, opening: opening)
  }

  public var task: AgentTask { origin.task }
  /// The observation before the first step.
  public var opening: Observation { origin.opening }
  /// The task's, or the first observation where the task has none.
  public var request: String { task.request.isEmpty ? opening.text : task.request }

  /// The number of steps taken.
  public var count: Int { tip?.count ?? 0 }
  /// The sum of what the steps paid.
  public var reward: Double { tip?.reward ?? 0 }
  /// The environment ended the episode.
  public var isDone: Bool { tip?.step.outcome.isDone ?? false }
  /// Nothing is still to come: the episode ended, or the step limit is reached.
  public var isFinished: Bool { isDone || count >= task.stepLimit }
  /// How many actions the environment could not carry out.
  public var invalidActions: Int { tip?.invalidActions ?? 0 }
  /// The newest step.
  public var last: Step? { tip?.step }
  /// The newest observation.
  public var observation: Observation { tip?.step.outcome.observation ?? opening }

  public mutating func append(_ step: Step) {
    tip = Link(step, after: tip)
  }

  /// All steps, oldest first. O(count).
  public var steps: [Step] { map(\.step) }

  /// The text of every action, oldest first. O(count).
  public var actions: [String] { map(\.step.action.text) }

  /// What `body` makes of every link, oldest first.
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
  public init(task: AgentTask, opening: Observation, steps: some Sequence<Step>) {
    self.init(task: task, opening: opening)
    for step in steps { append(step) }
  }
}

/// Where a trajectory begins, shared by all its copies.
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
  // Changed only by `deinit`, when nobody else holds this link: hence unchecked.
  private(set) var past: Link?

  init(_ step: Step, after past: Link?) {
    self.step = step
    self.past = past
    count = (past?.count ?? 0) + 1
    reward = (past?.reward ?? 0) + step.outcome.reward
    invalidActions = (past?.invalidActions ?? 0) + (step.outcome.isInvalid ? 1 : 0)
  }

  deinit {
    // Link by link, since releasing a long list in one go would recurse once a step.
    var link = past.take()
    while isKnownUniquelyReferenced(&link), let current = link {
      link = current.past.take()
    }
  }
}
