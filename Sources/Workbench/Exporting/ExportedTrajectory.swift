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
  /// The answer of each step as a message.
  var said: [OrderedJSON] = []
  /// The last prompt and the answer to it, or else, if that prompt does not show the past, the first prompt and then
  /// answers and observations in turn.
  var messages: [OrderedJSON] = []
  /// Whether `messages` are the last prompt and the answer to it.
  var isAsSent = false
  /// The place in `messages` of the answer of each step; nil where it is not shown.
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

  /// A prompt and the answer to it, and where they show the answers of steps.
  struct Conversation: Sendable {
    var messages: [OrderedJSON]
    /// The places of answers by step.
    var places: [Int: Int]
  }

  /// The prompt of a step and its answer; nil if the prompt is unknown.
  func conversation(endingAt step: Int) -> Conversation? {
    guard let prompt = prompts[step]?.messages else { return nil }
    var places = [step: prompt.count]
    for earlier in 0..<step {
      guard let before = prompts[earlier]?.messages, before.count < prompt.count else { continue }
      // The present turn may list the admissible actions, and a turn of the past does not.
      let common = zip(before, prompt).prefix { $0 == $1 }.count
      let isAnswer = prompt[before.count]["role"]?.text == "assistant"
      if isAnswer, common >= before.count - 1 { places[earlier] = before.count }
    }
    return Conversation(messages: prompt + [said[step]], places: places)
  }

  /// The fewest conversations in which every step's answer follows what the model was shown, the longest first. One if
  /// prompts show the whole past.
  var conversations: [Conversation] {
    guard !prompts.isEmpty else {
      let known = places.enumerated().compactMap { step, place in place.map { (step, $0) } }
      return [Conversation(messages: messages, places: Dictionary(uniqueKeysWithValues: known))]
    }
    var conversations: [Conversation] = []
    var covered: Set<Int> = []
    for step in (0..<trajectory.count).reversed() where !covered.contains(step) {
      guard let conversation = conversation(endingAt: step) else { continue }
      covered.formUnion(conversation.places.keys)
      conversations.append(conversation)
    }
    return conversations
  }
}
