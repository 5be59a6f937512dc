import Agents

/// The continuations of simulated particles: nested Pólya urns (Blackwell and MacQueen, 1973) over stored rollouts.
///
/// A particle in a state draws from the rollouts that passed the state, and each earlier draw counts once more. With
/// weight α it draws from fresh rollouts: rollouts of its task that passed nearby states or, with another weight α,
/// rollouts of other tasks that did. Therefore clones share what their state determines. A task that is hard for
/// reasons no critic sees stays hard. The best of N draws is not better than a few rollouts can support.
struct Continuations {
  private let space: ValueSpace
  private let task: Int
  private var drawn: [Int: [Int]] = [:]

  /// - Parameter task: the simulated task.
  init(_ space: ValueSpace, task: Int) {
    self.space = space
    self.task = task
  }

  /// The path of a fresh attempt at the task.
  mutating func attempt(using generator: inout SplitMix64) -> Int {
    continuation(of: space.pathsOfTask[task][0], after: 0, using: &generator)
  }

  /// The path that an independent copy of a particle follows from here.
  ///
  /// - Parameters:
  ///   - path: the path that the particle has followed so far. It continues beyond `step`.
  ///   - step: the number of steps taken.
  mutating func continuation(of path: Int, after step: Int, using generator: inout SplitMix64) -> Int {
    let group = space.paths[path].groups[step]
    let members = space.members[group]
    let before = drawn[group] ?? []
    let known = members.count + before.count
    let isFresh = generator.uniform() * (Double(known) + space.ofState[step]) >= Double(known)
    let fresh = isFresh ? self.fresh(like: path, after: step, using: &generator) : nil
    let place = generator.number(below: known)
    let chosen = fresh ?? (place < members.count ? members[place] : before[place - members.count])
    drawn[group] = before + [chosen]
    return chosen
  }

  /// A rollout from a nearby state; nil if no other state is near.
  private func fresh(like path: Int, after step: Int, using generator: inout SplitMix64) -> Int? {
    let own = space.sameTask(task, near: path, after: step)
    let others = space.paths[path].neighbours[step]
    let isOwn = generator.uniform() * (Double(own.count) + space.ofTask[step]) < Double(own.count)
    if !own.isEmpty, isOwn || others.isEmpty { return own[generator.number(below: own.count)] }
    return others.isEmpty ? nil : Int(others[generator.number(below: others.count)])
  }
}
