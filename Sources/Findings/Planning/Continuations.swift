import Agents

/// How simulated particles go on: nested Pólya urns (Blackwell and MacQueen, 1973) over stored rollouts.
///
/// A particle in a state draws from the rollouts that passed it, and what was drawn before counts once more; with weight α from
/// fresh ones, that is, from rollouts of its task that were near it, and with weight α of their own from rollouts of other tasks
/// that were. So clones share what their state decides, a task that is hard for reasons no critic sees stays hard, and the best
/// of N draws is not better than what few rollouts can tell.
struct Continuations {
  private let space: ValueSpace
  private let task: Int
  private var drawn: [Int: [Int]] = [:]

  /// - Parameter task: the task that is simulated.
  init(_ space: ValueSpace, task: Int) {
    self.space = space
    self.task = task
  }

  /// A path of a fresh attempt at the task.
  mutating func attempt(using generator: inout SplitMix64) -> Int {
    continuation(of: space.pathsOfTask[task][0], after: 0, using: &generator)
  }

  /// A path that an independent copy of a particle follows from here.
  ///
  /// - Parameters:
  ///   - path: the path that the particle followed up to here; it goes on.
  ///   - step: how many steps it has taken.
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

  /// nil where no other state is near.
  private func fresh(like path: Int, after step: Int, using generator: inout SplitMix64) -> Int? {
    let own = space.sameTask(task, near: path, after: step)
    let others = space.paths[path].neighbours[step]
    let isOwn = generator.uniform() * (Double(own.count) + space.ofTask[step]) < Double(own.count)
    if !own.isEmpty, isOwn || others.isEmpty { return own[generator.number(below: own.count)] }
    return others.isEmpty ? nil : Int(others[generator.number(below: others.count)])
  }
}
