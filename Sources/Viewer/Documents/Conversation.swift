import Agents
import Dialects
import Foundation
import Reporting
import RolloutStore
import Steering

/// What one call took.
struct CallDocument: Encodable, Sendable {
  let particle, step, attempts: Int
  let tokens: TokensDocument
  let seconds: Double
  let cost, logProbability: Double?
  let answeredAt: String
  let isCutOff, isRefusal: Bool

  init(_ call: StoredCall, _ pricing: Pricing?) {
    let answer = call.answer
    (particle, step) = (answer.key.particle, answer.key.step + 1)
    attempts = answer.response.attempts
    tokens = TokensDocument(answer.response.usage)
    seconds = answer.seconds
    cost = pricing.flatMap { $0.isFree ? nil : $0.cost(of: answer.response.usage) }
    logProbability = answer.response.logProbability
    answeredAt = call.answeredAt
    isCutOff = answer.response.usage.cutOffAnswers > 0
    isRefusal = answer.isRefusal
  }
}

/// One step as a reader reads it.
struct StepDocument: Encodable, Sendable {
  struct Tool: Encodable, Sendable {
    let name, arguments: String
  }

  let step: Int
  let reasoning, thought: String?
  /// The answer, where it has more than thought and action.
  let answer: String?
  let action: String
  let isParsed: Bool
  let tools: [Tool]
  /// nil if it is not stored yet.
  let observation: String?
  let choices: [String]?
  /// nil if it is not stored yet.
  let reward, paid: Double?
  let rewards: [String: Double]
  /// What the critic expects to come after the step.
  let value: Double?
  let isDone, isInvalid: Bool
  let call: CallDocument?

  init(
    _ number: Int, _ step: Step, format: ActionFormat, isConversation: Bool, paid: Double, value: Double?,
    call: StoredCall?, pricing: Pricing?, isKnown: Bool = true, seen: String? = nil
  ) {
    func shown(_ text: String) -> String { visible(text.replacing("\r\n", with: "\n"), keepingLayout: true) }
    self.step = number
    reasoning = call?.answer.response.reasoning.map(shown)
    if isConversation {
      let (words, calls) = Readable.parts(of: step.action.text)
      action = shown(words)
      tools = calls.map { Tool(name: shown($0.name), arguments: shown($0.arguments)) }
      (thought, answer) = (nil, nil)
    } else {
      let thought = format.thought(in: step.response, action: step.action)
      self.thought = thought.map(shown)
      action = shown(step.action.text)
      tools = []
      let isMore = step.action.isParsed && step.response.trimmed != step.action.text.trimmed
      answer = isMore ? shown(step.response) : nil
    }
    isParsed = step.action.isParsed
    let outcome = step.outcome
    observation = isKnown ? shown(outcome.observation.text) : seen.map(shown)
    choices = outcome.observation.choices.map { $0.prefix(200).map(shown) }
    reward = isKnown ? outcome.reward : nil
    self.paid = isKnown ? paid : nil
    rewards = outcome.rewards
    self.value = value
    (isDone, isInvalid) = (outcome.isDone, outcome.isInvalid)
    self.call = call.map { CallDocument($0, pricing) }
  }
}

/// One trajectory in a list.
struct AttemptDocument: Encodable, Sendable {
  let task: TaskID
  let particle: Int
  /// `final`, `banked`, `culled STEP` or `running`.
  let standing: String
  let steps: Int
  let reward, logWeight: Double?
  let isDone: Bool
  let failure, failureKind: String?
  /// The newest action of a running attempt.
  let latest: String?

  init(_ row: AttemptRow) {
    (task, particle, standing, steps) = (row.task, row.particle, row.standing.rawValue, row.steps)
    reward = row.failure == nil ? row.reward : nil
    logWeight = row.logWeight
    isDone = row.isDone
    failure = row.failure.map { visible($0.message, keepingLayout: true) }
    failureKind = row.failure?.kind.rawValue
    latest = nil
  }

  init(_ attempt: RunningAttempt) {
    (task, particle, standing) = (attempt.trajectory.task.id, attempt.particle, "running")
    steps = attempt.trajectory.count
    reward = attempt.hasOutcomes ? attempt.trajectory.reward : nil
    logWeight = nil
    isDone = attempt.trajectory.isDone
    (failure, failureKind) = (nil, nil)
    latest = attempt.trajectory.last.map { String(visible($0.action.text).prefix(120)) }
  }
}

/// The attempts at a task.
struct AttemptsDocument: Encodable, Sendable {
  let task: TaskDocument
  /// `population`, `tree` or nil.
  let picture: String?
  let running: [AttemptDocument]
  let page: PageDocument<AttemptDocument>
}

/// One trajectory as a conversation.
struct ConversationDocument: Encodable, Sendable {
  let run: String
  let task: TaskDocument
  let attempt: AttemptDocument
  let isConversation: Bool
  let opening: String?
  let choices: [String]?
  /// What the critic expects to come from the start.
  let value: Double?
  let steps: [StepDocument]
  let calls: Int
  let tokens: TokensDocument
  let seconds: Double
  let cost: Double?
}

/// A prompt as it was sent.
struct PromptDocument: Encodable, Sendable {
  struct Part: Encodable, Sendable {
    let role, text: String
  }

  let parts: [Part]
  /// Why there are none.
  let note: String?
}

/// A picture of how a population or tree came about.
struct PictureDocument: Encodable, Sendable {
  struct Line: Encodable, Sendable {
    let particle: Int
    let standing: String
    /// The steps taken at a state of a tree.
    var step: Int?
  }

  let kind: String
  let svg: String
  /// The trajectory of each line, or of each state of a tree; nil where none is stored.
  let lines: [Line?]
}

/// Why attempts of a run failed.
struct FailuresDocument: Encodable, Sendable {
  struct Reason: Encodable, Sendable {
    let kind, clause, remedy, example: String
    let count: Int
  }

  let reasons: [Reason]
  let page: PageDocument<AttemptDocument>
}

/// Where words were found.
struct HitDocument: Encodable, Sendable {
  let task: TaskID
  let particle, step: Int
  /// nil for a task itself.
  let standing: String?
  let place: String
  /// The text around the words.
  let before, found, after: String

  init(_ hit: SearchHit, _ words: String) {
    (task, particle, step, place) = (hit.task, hit.particle, hit.step, hit.place.rawValue)
    standing = hit.place == .call ? "running" : hit.standing?.rawValue
    let text = hit.text
    guard let range = text.range(of: words, options: .caseInsensitive) else {
      (before, found, after) = (visible(String(text.prefix(160))), "", "")
      return
    }
    let start = text.index(range.lowerBound, offsetBy: -60, limitedBy: text.startIndex) ?? text.startIndex
    let end = text.index(range.upperBound, offsetBy: 100, limitedBy: text.endIndex) ?? text.endIndex
    before = (start > text.startIndex ? "… " : "") + visible(String(text[start..<range.lowerBound]))
    found = visible(String(text[range]))
    after = visible(String(text[range.upperBound..<end])) + (end < text.endIndex ? " …" : "")
  }
}
