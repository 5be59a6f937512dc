import Agents

/// The states of stored rollouts, each distinct state of a task once, with the returns-to-go of the rollouts that
/// visited it.
///
/// The mean over the visits of a state is already the bootstrapped return of every state before it that leads only
/// there, so sharing states needs no further treatment in the targets.
struct TrainingSet: Sendable {
  /// A distinct state.
  struct State: Sendable {
    /// An index into ``TrainingSet/tasks``.
    let task: Int
    /// The number of steps before it.
    let step: Int
    let features: FeatureRow
    /// The return-to-go of every visit by a rollout that counts, in reward units; empty for a state that is only judged.
    fileprivate(set) var returns: [Double] = []
  }

  /// A rollout that counts: its states after 0, 1, … steps, and last the finished state with its last reward hidden.
  struct Path: Sendable {
    let states: [Int]
    /// The reward of each step, in reward units.
    let rewards: [Double]
  }

  /// A step that was taken from a state chosen by a critic. The next state is an unbiased draw of the prior; the return
  /// after it is not.
  struct Transition: Sendable {
    let from: Int
    let reward: Double
    /// Nil if the step ended the episode.
    let to: Int?
  }

  /// Sorted.
  let tasks: [TaskID]
  private(set) var states: [State] = []
  private(set) var paths: [Path] = []
  private(set) var transitions: [Transition] = []
  /// For each rollout given, in order, its states after 0 ..< count steps.
  private(set) var prefixes: [[Int]] = []

  private struct Key: Hashable {
    let task: Int
    let state: CriticState
    let isAnswer: Bool
  }

  /// - Parameters:
  ///   - rollouts: rollouts of the frozen policy. Unfinished ones are only judged, since their return is not known.
  ///   - judged: tasks that are only judged.
  ///   - steered: steps from states that a method chose; see ``Transition``.
  init(
    _ rollouts: [Trajectory], judged: Set<TaskID> = [], steered: [SteeredStep] = [], features: FeatureMap,
    embeddings: StateEmbeddings? = nil
  ) throws(CriticError) {
    tasks = Set(rollouts.map(\.task.id) + steered.map(\.from.task.id)).sorted()
    let indexOfTask = Dictionary(uniqueKeysWithValues: tasks.enumerated().map { ($1, $0) })
    var reader = FeatureReader(features, embeddings: embeddings)
    var known: [Key: Int] = [:]
    func place(_ state: CriticState, _ task: Int, isAnswer: Bool = false) throws(CriticError) -> Int {
      let key = Key(task: task, state: state, isAnswer: isAnswer)
      if let place = known[key] { return place }
      known[key] = states.count
      states.append(State(task: task, step: state.step, features: try reader.row(for: state)))
      return states.count - 1
    }
    // Sorted by task, so that the order in which tasks are given does not change the critic.
    var order = Array(rollouts.indices)
    order.sort { (rollouts[$0].task.id, $0) < (rollouts[$1].task.id, $1) }
    prefixes = Array(repeating: [], count: rollouts.count)
    func counts(_ rollout: Trajectory) -> Bool {
      rollout.isFinished && rollout.count > 0 && !judged.contains(rollout.task.id)
    }
    // Rollouts that are only judged come last, so that they do not change the order of the others' states.
    for index in order.filter({ counts(rollouts[$0]) }) + order.filter({ !counts(rollouts[$0]) }) {
      let rollout = rollouts[index]
      let task = indexOfTask[rollout.task.id] ?? 0
      var path: [Int] = []
      for step in 0..<rollout.count { path.append(try place(CriticState(rollout.prefix(step)), task)) }
      prefixes[index] = path
      guard counts(rollout) else { continue }
      guard rollout.reward.isFinite else {
        throw CriticError(
          .failed, "A rollout of task \(rollout.task.id) has the reward \(rollout.reward), which is not a number.")
      }
      path.append(try place(CriticState(rollout, hidingLastReward: true), task, isAnswer: true))
      let rewards = rollout.steps.map(\.outcome.reward)
      var left = rollout.reward
      for (step, state) in path.enumerated() {
        states[state].returns.append(step < rewards.count ? left : rewards[step - 1])
        if step < rewards.count { left -= rewards[step] }
      }
      paths.append(Path(states: path, rewards: rewards))
    }
    for step in steered {
      let task = indexOfTask[step.from.task.id] ?? 0
      transitions.append(
        Transition(
          from: try place(CriticState(step.from), task), reward: step.reward,
          to: step.to.isFinished ? nil : try place(CriticState(step.to), task)))
    }
  }

  /// Every state that a training or a judgement of these rollouts and steps needs, for ``StateEmbeddings``.
  static func states(of rollouts: [Trajectory], steered: [SteeredStep] = []) -> [CriticState] {
    rollouts.flatMap { rollout in (0...rollout.count).map { CriticState(rollout.prefix($0)) } }
      + steered.flatMap { [CriticState($0.from), CriticState($0.to)] }
  }

  /// The number of visits of all states.
  var visits: Int { states.reduce(0) { $0 + $1.returns.count } }
}

/// A step from a state that a critic chose to extend.
public struct SteeredStep: Sendable {
  /// The trajectory before the step.
  public let from: Trajectory
  /// The trajectory after it.
  public let to: Trajectory

  /// The step's reward, in reward units.
  public var reward: Double { to.reward - from.reward }

  /// - Precondition: `to` has one step more than `from`.
  public init(from: Trajectory, to: Trajectory) {
    precondition(to.count == from.count + 1, "one step")
    (self.from, self.to) = (from, to)
  }
}
