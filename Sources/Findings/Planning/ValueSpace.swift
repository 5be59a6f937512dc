import Agents

/// Stored rollouts as a world in which populations are simulated without a model. A state is described by its history,
/// the critics' predictions, and the continuations of the rollouts that passed it or a similar state.
struct ValueSpace: Sendable {
  /// A stored rollout.
  struct Path: Sendable {
    let task: Int
    /// The number of steps.
    let length: Int
    /// The reward so far after 0...length steps.
    let rewards: [Double]
    /// For each prefix of 0..<length steps, the group of rollouts of the same task with the same actions and
    /// observations.
    let groups: [Int]
    /// For each prefix, its position among the states after as many steps: the expected return-to-go, the soft value at
    /// a small temperature, and the reward so far, in reward units.
    let positions: [SIMD3<Double>]
    /// For each prefix, nearby paths of other tasks that continue.
    var neighbours: [[Int32]] = []
  }

  let tasks: [TaskID]
  let stepLimits: [Int]
  private(set) var paths: [Path]
  /// The paths in each group.
  let members: [[Int]]
  /// The paths of each task.
  let pathsOfTask: [[Int]]
  /// α by step for draws from the same state; see ``Concentration``.
  var ofState: [Double]
  /// α by step for other states of the same task.
  let ofTask: [Double]
  /// The distance up to which two states count as similar, by step, in reward units.
  let reach: [Double]
  /// The largest difference in rewards so far between similar states.
  let paidReach: Double

  /// The number of neighbouring paths of other tasks that are kept for each state.
  static let neighbourCount = 16

  /// - Parameter rollouts: finished rollouts in a stable order.
  init(_ rollouts: [ValuedRollout]) {
    let tasks = Set(rollouts.map(\.trajectory.task.id)).sorted()
    let indexOfTask = Dictionary(uniqueKeysWithValues: tasks.enumerated().map { ($1, $0) })
    let returns = rollouts.map(\.trajectory.reward)
    let scale = max((returns.max() ?? 0) - (returns.min() ?? 0), 1e-9)
    var groups = Groups()
    var limits = Array(repeating: 1, count: tasks.count)
    let regression = PositionRegression(rollouts)
    let paths = rollouts.enumerated().map { index, rollout in
      let trajectory = rollout.trajectory
      let task = indexOfTask[trajectory.task.id] ?? 0
      limits[task] = trajectory.task.stepLimit
      var rewards = [0.0]
      for step in trajectory.steps { rewards.append(rewards[rewards.count - 1] + step.outcome.reward) }
      return Path(
        task: task, length: trajectory.count, rewards: rewards,
        groups: groups.add(index, task: task, steps: trajectory.steps),
        positions: (0..<trajectory.count).map { step in
          SIMD3(
            regression.expected(rollout, after: step), rollout.reference[step].softValue(temperature: 0.05 * scale),
            rewards[step])
        })
    }
    let longest = paths.map(\.length).max() ?? 0
    let near = Neighbourhood(paths: paths, steps: longest, scale: scale)
    var settled = paths
    for index in paths.indices { settled[index].neighbours = near.ofOtherTasks(index) }
    let concentration = Concentration(paths: paths, members: groups.members, steps: longest)
    self.tasks = tasks
    stepLimits = limits
    self.paths = settled
    members = groups.members
    pathsOfTask = tasks.indices.map { task in paths.indices.filter { paths[$0].task == task } }
    ofState = concentration.ofState
    ofTask = concentration.ofTask
    reach = near.reach
    paidReach = near.paidReach
  }

  /// Paths of `task` that are near `path` after `step` steps, have a similar reward so far but another history, and
  /// continue.
  func sameTask(_ task: Int, near path: Int, after step: Int) -> [Int] {
    let (position, group) = (paths[path].positions[step], paths[path].groups[step])
    return pathsOfTask[task].filter { other in
      paths[other].length > step && paths[other].groups[step] != group
        && abs(paths[other].positions[step].z - position.z) <= paidReach
        && distance(paths[other].positions[step], position) <= reach[step]
    }
  }
}

/// |Δx| + |Δy| + |Δz|, in reward units. The reward so far has the same weight as the return-to-go: if it differs, the
/// reward that the world can still pay differs too.
func distance(_ a: SIMD3<Double>, _ b: SIMD3<Double>) -> Double {
  abs(a.x - b.x) + abs(a.y - b.y) + abs(a.z - b.z)
}

/// Groups paths by shared states: the same actions, observations and rewards in the same task.
private struct Groups {
  private struct Key: Hashable {
    let parent: Int
    let action: String
    let observation: String
    let reward: Double
  }

  private(set) var members: [[Int]] = []
  private var roots: [Int: Int] = [:]
  private var children: [Key: Int] = [:]

  /// The groups of a path's prefixes of 0..<count steps.
  mutating func add(_ path: Int, task: Int, steps: [Step]) -> [Int] {
    var groups: [Int] = []
    for place in steps.indices {
      let group: Int
      if place == 0 {
        group = roots[task] ?? members.count
        roots[task] = group
      } else {
        let step = steps[place - 1]
        let key = Key(
          parent: groups[place - 1], action: step.action.text, observation: step.outcome.observation.text,
          reward: step.outcome.reward)
        group = children[key] ?? members.count
        children[key] = group
      }
      if group == members.count { members.append([]) }
      members[group].append(path)
      groups.append(group)
    }
    return groups
  }
}
