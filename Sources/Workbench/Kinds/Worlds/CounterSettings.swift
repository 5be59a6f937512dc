import Agents

/// A world that needs no cleverness: the tests of a new policy or method are short in it.
package struct CounterSettings: WorldKind {
  package static let name = "counter"
  package static let summary = "Counting up to a number, one action for each number."
  /// The request says all there is.
  package static let takesPrompts = false

  private let limit: Int

  package init(_ yaml: inout YAMLMapping) throws {
    limit = try yaml.count("limit", most: 1_000, default: 5, "the number that is counted to")
  }

  package func make(_ environment: WorldSettings, observer: any WorkObserver) throws -> any World {
    Counter(limit: limit, splits: try environment.splits)
  }
}

/// Every right number pays its share of 1; a wrong one ends the attempt.
private struct Counter: World {
  let limit: Int
  let splits: TaskSplits

  var identity: WorldIdentity { WorldIdentity(kind: CounterSettings.name, rules: "to \(limit)") }
  var maximalReward: Double? { 1 }

  func tasks(in split: Split) -> [AgentTask] { splits[split].map { task(TaskID("counter-\($0)")) } }

  func task(_ id: TaskID) -> AgentTask {
    AgentTask(id: id, request: "Count from 1 to \(limit), one number for each action.", stepLimit: limit)
  }

  func begin(_ task: AgentTask) -> (episode: any Episode, observation: Observation) {
    let episode = ClosureEpisode(state: 0) { [limit] count, action in
      guard Int(action.text) == count + 1 else { return Outcome(Observation("wrong"), reward: 0, isDone: true) }
      count += 1
      return Outcome(Observation("\(count)"), reward: 1 / Double(limit), isDone: count == limit)
    }
    return (episode, Observation("0"))
  }
}
