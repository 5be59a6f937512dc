import Agents

/// A world for tests, made from a script or a closure.
///
/// ```swift
/// let world = ScriptedWorld(
///   outcomes: [Outcome(Observation("warmer")), Outcome(Observation("there"), reward: 1, isDone: true)])
/// ```
///
/// An episode that is done, or at the end of its script, throws `diverged` for further steps. An episode is a value, so
/// a fork is a copy.
public struct ScriptedWorld: World {
  /// Opens an episode of a task, with the first observation.
  public typealias Begin =
    @Sendable (AgentTask) async throws(WorldError) -> (episode: any Episode, observation: Observation)

  public let identity: WorldIdentity
  public let maximalReward: Double?
  private let tasks: [Split: [AgentTask]]
  private let opened: Begin

  /// A world whose episodes are made by a closure.
  ///
  /// - Parameters:
  ///   - name: the world's identity.
  ///   - tasks: the tasks of each split, for example from ``tasks(_:stepLimit:)``.
  public init(
    _ name: String = "scripted", tasks: [Split: [AgentTask]], maximalReward: Double? = nil, begin: @escaping Begin
  ) {
    identity = WorldIdentity(kind: name)
    self.tasks = tasks
    self.maximalReward = maximalReward
    opened = begin
  }

  /// A world with the same outcomes in every attempt, whatever the actions.
  ///
  /// - Parameters:
  ///   - tasks: the number of tasks in each split.
  ///   - outcomes: the outcomes of the steps, in order. Their number is the step limit of every task.
  public init(
    _ name: String = "scripted", tasks: Int = 2, opening: Observation = Observation("start"), outcomes: [Outcome],
    maximalReward: Double? = nil
  ) {
    self.init(
      name, tasks: tasks, stepLimit: max(outcomes.count, 1), opening: opening, state: 0, maximalReward: maximalReward
    ) { (step: inout Int, _) throws(WorldError) in
      guard step < outcomes.count else { throw WorldError(.diverged, "The script is over.") }
      step += 1
      return outcomes[step - 1]
    }
  }

  /// A world whose episode state is a value.
  ///
  /// - Parameters:
  ///   - tasks: the number of tasks in each split.
  ///   - stepLimit: the step limit of each task.
  ///   - state: the state at the start of every episode.
  ///   - step: changes the state by one action and returns the outcome. It is not called after the end.
  public init<State: Sendable>(
    _ name: String = "scripted", tasks: Int = 2, stepLimit: Int, opening: Observation = Observation("start"),
    state: State, maximalReward: Double? = nil,
    step: @escaping @Sendable (inout State, Action) throws(WorldError) -> Outcome
  ) {
    self.init(name, tasks: Self.tasks(tasks, stepLimit: stepLimit), maximalReward: maximalReward) {
      _ throws(WorldError) in
      let start = (state: state, isOver: false)
      let episode = ClosureEpisode(state: start) {
        (now: inout (state: State, isOver: Bool), action) throws(WorldError) in
        guard !now.isOver else { throw WorldError(.diverged, "A step was taken after the end of an episode.") }
        let outcome = try step(&now.state, action)
        now.isOver = outcome.isDone
        return outcome
      }
      return (episode, opening)
    }
  }

  /// Tasks named by split and number: `train-0`, `train-1` and so on.
  ///
  /// - Parameter count: the number of tasks in each split.
  public static func tasks(_ count: Int, stepLimit: Int) -> [Split: [AgentTask]] {
    var tasks: [Split: [AgentTask]] = [:]
    for split in Split.allCases {
      tasks[split] = (0..<count).map { number in
        AgentTask(
          id: TaskID("\(split.rawValue)-\(number)"), request: "Solve \(split.rawValue) task \(number).",
          stepLimit: stepLimit)
      }
    }
    return tasks
  }

  public func tasks(in split: Split) -> [AgentTask] { tasks[split] ?? [] }

  public func task(_ id: TaskID) throws(WorldError) -> AgentTask {
    guard let task = tasks.values.joined().first(where: { $0.id == id }) else {
      throw WorldError(.unknownTask, "There is no task \(id) in the scripted world.")
    }
    return task
  }

  public func begin(_ task: AgentTask) async throws(WorldError) -> (episode: any Episode, observation: Observation) {
    try await opened(task)
  }
}
