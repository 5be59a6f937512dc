import Agents
import Foundation

/// How many steps the attempts of a run still take, from those taken so far.
///
/// Short attempts end first, so that the mean of the finished ones is too low while others are under way. Lengths are
/// therefore estimated as lifetimes with right censoring (Kaplan and Meier, 1958): the chance that an attempt ends at a
/// step is the share of those that are known to have reached the step and what followed it.
///
/// Pure: no clock, no input or output.
package struct RemainingSteps: Sendable {
  private let tasks: Int
  /// Attempts at each task.
  private let attempts: Int
  /// The most steps of an attempt.
  private let stepLimit: Int
  /// Calls that a task makes at least.
  private let minimum: [TaskID: Int]
  /// The most calls of all tasks together.
  private let most: Int
  /// Whether all tasks share `most` and go on until it is spent.
  private let isBudget: Bool
  /// For tasks under way, the steps that each attempt has taken.
  private var open: [TaskID: [Int: Int]] = [:]
  private var done: Set<TaskID> = []
  /// Of the finished tasks, how many attempts took so many steps, by that number.
  private var ended: [Int]
  /// Steps of all attempts.
  package private(set) var taken = 0

  /// - Parameters:
  ///   - most: the most calls of all tasks together.
  ///   - isBudget: whether tasks go on until all of them have made `most` calls, or are solved.
  package init(
    tasks: Int, attempts: Int, stepLimit: Int, minimum: [TaskID: Int] = [:], most: Int, isBudget: Bool = false
  ) {
    self.tasks = tasks
    self.attempts = max(attempts, 1)
    self.stepLimit = max(stepLimit, 1)
    self.minimum = minimum
    self.most = most
    self.isBudget = isBudget
    ended = Array(repeating: 0, count: self.stepLimit + 1)
  }

  /// An attempt at a task has its answer for a step.
  ///
  /// - Parameter step: from 0.
  package mutating func answered(task: TaskID, attempt: Int, step: Int) {
    taken += 1
    guard !done.contains(task) else { return }
    open[task, default: [:]][attempt, default: 0] = min(step + 1, stepLimit)
  }

  /// A task is done.
  ///
  /// - Parameter lengths: the steps of its attempts.
  package mutating func finished(task: TaskID, lengths: [Int]) {
    guard done.insert(task).inserted else { return }
    open[task] = nil
    for length in lengths where length > 0 { ended[min(length, stepLimit)] += 1 }
  }

  /// What is to be expected.
  package struct Estimate: Sendable, Hashable {
    /// The steps still to be taken by all attempts together.
    package let steps: Double
    /// The steps that one attempt still takes after another, at the longest.
    package let longest: Double
    /// Whether it may be much less: no attempt has ended yet, or the tasks share a budget that they need not spend.
    package let isBound: Bool
  }

  package var estimate: Estimate {
    let left = Double(max(most - taken, 0))
    guard done.count < tasks else { return Estimate(steps: 0, longest: 0, isBound: false) }
    let ahead = ahead
    let fresh = ahead[0]
    let waiting = max(tasks - done.count - open.count, 0)
    var longest = waiting > 0 ? fresh : 0
    var steps = Double(waiting * attempts) * fresh
    for (task, own) in open {
      var rest = own.values.reduce(0.0) { sum, length in
        longest = max(longest, ahead[length])
        return sum + ahead[length]
      }
      rest += Double(max(attempts - own.count, 0)) * fresh
      if let minimum = minimum[task] { rest = max(rest, Double(minimum - own.values.reduce(0, +))) }
      steps += rest
    }
    guard !isBudget else { return Estimate(steps: left, longest: longest, isBound: true) }
    return Estimate(steps: min(steps, left), longest: longest, isBound: ended.allSatisfy { $0 == 0 })
  }

  /// The steps still expected of an attempt, by those that it is known to have taken: E[L − c | L ≥ c].
  private var ahead: [Double] {
    var reached = Array(repeating: 0, count: stepLimit + 2)
    // Of an attempt under way what follows its last step is unknown.
    for length in open.values.flatMap(\.values) where length > 0 { reached[length - 1] += 1 }
    for length in ended.indices { reached[length] += ended[length] }
    // How many are known to have taken at least so many steps, and what they did then.
    for length in stride(from: stepLimit, through: 0, by: -1) { reached[length] += reached[length + 1] }
    var ahead = Array(repeating: 0.0, count: stepLimit + 1)
    for length in stride(from: stepLimit - 1, through: 0, by: -1) {
      let hazard = length == 0 || reached[length] == 0 ? 0 : Double(ended[length]) / Double(reached[length])
      ahead[length] = (1 - hazard) * (1 + ahead[length + 1])
    }
    return ahead
  }
}
