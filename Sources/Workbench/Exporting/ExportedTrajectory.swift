import Agents
import RolloutStore

/// A stored trajectory with everything that an export says about it.
struct ExportedTrajectory: Sendable {
  /// A prompt as it was sent.
  struct Prompt: Sendable {
    var messages: [OrderedJSON]
    /// The tools that were offered; empty if there were none.
    var tools: [OrderedJSON] = []
  }

  let run: RunRecord
  let split: Split?
  let record: TrajectoryRecord
  /// The critic's values V by the number of steps taken.
  var values: [Int: Double] = [:]
  /// The answers by step, from 0.
  var answers: [Int: AnswerRecord] = [:]
  /// The prompts by step, from 0; empty if they are unknown.
  var prompts: [Int: Prompt] = [:]
  /// The last prompt and the answer to it.
  var messages: [OrderedJSON] = []
  /// The place in `messages` of the answer of each step; nil where the last prompt no longer shows it.
  var places: [Int?] = []
  /// The tools of the last prompt.
  var tools: [OrderedJSON] = []
  var pricing: Pricing?

  var trajectory: Trajectory { record.trajectory }
  var task: TaskID { record.trajectory.task.id }
  var reward: Double? { record.failure == nil ? trajectory.reward : nil }

  /// The place among the trajectories of its task, such as `3` or `3-banked`.
  var place: String {
    switch record.standing {
    case .final, .banked: record.name
    case .culled(let step): "\(record.particle)-culled-\(step)"
    }
  }

  /// The identity of the trajectory: run, task and place.
  var id: String { "\(run.id)/\(task)/\(place)" }

  /// The sums of the named parts of the reward.
  var rewards: [String: Double] {
    trajectory.steps.reduce(into: [:]) { sums, step in
      for (name, value) in step.outcome.rewards { sums[name, default: 0] += value }
    }
  }

  /// The tokens of all answers.
  var usage: Usage { answers.values.reduce(Usage()) { $0 + $1.response.usage } }

  /// Seconds in calls.
  var seconds: Double { answers.keys.sorted().reduce(0) { $0 + (answers[$1]?.seconds ?? 0) } }

  /// The prompt of a step as messages: as it was sent, otherwise what of the conversation comes before its answer.
  func prompt(ofStep step: Int) -> [OrderedJSON]? {
    prompts[step]?.messages ?? places[step].map { Array(messages[..<$0]) }
  }
}
