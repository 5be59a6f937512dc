import Agents
import Dialects
import Foundation
import RolloutStore

/// Makes trajectories of records.
struct AttemptReader {
  /// What the configured world says of a task.
  struct Known {
    var request = ""
    var stepLimit: Int?
    var split: Split?
    /// The world's tools; nil for one that takes the action as a text.
    var tools: [ActionTool]?
  }

  let request: ImportRequest
  /// How actions are written, where a record does not say.
  let format: ActionFormat
  /// The most that a trajectory of the configured world can pay; nil if unknown.
  let maximalReward: Double?

  /// Of a record: the steps, and the prompts and answers that belong to them.
  struct Attempt {
    var trajectory: Trajectory
    var answers: [AnswerRecord]
    var questions: [AskedQuestion]
  }

  /// - Parameters:
  ///   - isConversation: whether actions are a model's answers to a program.
  ///   - isOurs: whether the record is of the configured world.
  func attempt(
    _ record: AttemptRecord, task: TaskID, _ known: Known, format: ActionFormat, isConversation: Bool, isOurs: Bool
  ) throws -> Attempt {
    let sent = try SentMessages(record)
    let steps: [Step]
    if let given = record.json["steps"], !given.isNull {
      guard let items = given.items else { throw BadRecord("steps is no list") }
      steps = try items.enumerated().map { number, json in
        do { return try step(json, format: format, known, isConversation: isConversation) } catch let error as BadRecord
        {
          throw BadRecord("step \(number + 1): \(error.message)")
        }
      }
    } else {
      guard sent.isGiven else { throw BadRecord("it has neither messages nor steps") }
      steps = sent.steps.map { response, observation in
        Step(
          response: response, action: action(response, nil, format: format, known, isConversation: isConversation),
          outcome: Outcome(Observation(observation)))
      }
    }
    let failure = record.failure
    guard !steps.isEmpty || failure != nil else { throw BadRecord("it has no answer of a model") }
    let rewarded = try self.rewarded(steps, record, failure: failure, isOurs: isOurs)
    let limit = try record.whole("stepLimit") ?? known.stepLimit ?? max(steps.count, 1)
    guard limit >= 1, limit <= 1_000_000_000 else { throw BadRecord("its stepLimit is \(limit)") }
    let opening = try Observation(
      record.text("opening") ?? sent.opening, choices: AttemptRecord.texts("choices", of: record.json))
    let task = AgentTask(
      id: task, request: try record.text("request") ?? known.request, stepLimit: max(limit, steps.count))
    let trajectory = Trajectory(task: task, opening: opening, steps: rewarded)
    let (answers, questions) = try sent.answers(to: trajectory, record, isConversation: isConversation)
    return Attempt(trajectory: trajectory, answers: answers, questions: questions)
  }

  // MARK: - Steps

  private func step(
    _ json: OrderedJSON, format: ActionFormat, _ known: Known, isConversation: Bool
  ) throws -> Step {
    guard json.members != nil else { throw BadRecord("it is no object") }
    let said = try AttemptRecord.text("response", of: json)
    let done = try AttemptRecord.text("action", of: json)
    guard let response = said ?? done else { throw BadRecord("it has neither response nor action") }
    let choices = try AttemptRecord.texts("choices", of: json)
    let action: Action
    if let done {
      action = try AttemptRecord.flag("isParsed", of: json) ?? true ? .act(done) : .unparsable(done)
    } else {
      action = self.action(response, nil, format: format, known, isConversation: isConversation)
    }
    var outcome = Outcome(
      Observation(try AttemptRecord.text("observation", of: json) ?? "", choices: choices),
      reward: try AttemptRecord.number("reward", of: json) ?? 0,
      isDone: try AttemptRecord.flag("isDone", of: json) ?? false,
      isInvalid: try AttemptRecord.flag("isInvalid", of: json) ?? !action.isParsed)
    outcome.rewards = try AttemptRecord.numbers("rewards", of: json)
    return Step(response: response, action: action, outcome: outcome)
  }

  private func action(
    _ response: String, _ choices: [String]?, format: ActionFormat, _ known: Known, isConversation: Bool
  ) -> Action {
    if isConversation { return .act(response) }
    return format.action(in: response, choices: choices, tools: format.tools(known.tools, choices: choices))
  }

  /// The steps with the record's reward, and with an end.
  private func rewarded(
    _ steps: [Step], _ record: AttemptRecord, failure: AttemptFailure?, isOurs: Bool
  ) throws -> [Step] {
    var steps = steps
    guard !steps.isEmpty else { return steps }
    let last = steps.count - 1
    let sum = steps.reduce(0) { $0 + $1.outcome.reward }
    let saysRewards = record.json["steps"]?.items?.contains { $0["reward"].map { !$0.isNull } ?? false } ?? false
    if failure == nil {
      let whole = try record.reward ?? (saysRewards ? sum : request.reward)
      guard let whole else { throw BadRecord("it has no reward: give --reward for attempts without one") }
      if !saysRewards {
        steps[last].outcome.reward = whole
        steps[last].outcome.rewards = try AttemptRecord.numbers("rewards", of: record.json)
      } else if abs(whole - sum) > 1e-6 * max(1, abs(whole)) {
        throw BadRecord("its reward is \(whole), and its steps pay \(sum) together")
      }
      if isOurs, let maximalReward, whole > maximalReward + 1e-6 * max(abs(maximalReward), 1) {
        throw BadRecord("its reward is \(whole), above the world's maximal reward of \(maximalReward)")
      }
    }
    for step in steps where !Magnitude.isReward(step.outcome.reward) {
      throw BadRecord("it pays \(step.outcome.reward); a reward is a number of at most a billion")
    }
    if steps.dropLast().contains(where: \.outcome.isDone) { throw BadRecord("it goes on after its end") }
    // Where nothing is said, an attempt that did not fail has ended.
    let isEnded = try record.flag("isDone") ?? (steps[last].outcome.isDone || (failure == nil && !saysEnds(record)))
    if try record.flag("isDone") == false, steps[last].outcome.isDone {
      throw BadRecord("isDone is false, and its last step is the end")
    }
    steps[last].outcome.isDone = isEnded
    return steps
  }

  private func saysEnds(_ record: AttemptRecord) -> Bool {
    record.json["steps"]?.items?.contains { $0["isDone"] != nil } ?? false
  }
}
