import Agents
import Dialects
import Foundation
import Policies
import RolloutStore

/// The messages of a record: what the model was shown at each step, and what it answered.
struct SentMessages {
  /// Whether the record has messages.
  let isGiven: Bool
  private let messages: [OrderedJSON]
  /// The places of the answers, one for each step; nil where the messages do not show it.
  private let places: [Int?]
  private let tools: [OrderedJSON]

  init(_ record: AttemptRecord) throws {
    let given = record.json["messages"]
    isGiven = given.map { !$0.isNull } ?? false
    let messages = try given.map(Self.checked) ?? []
    self.messages = messages
    tools = record.json["tools"]?.items ?? []
    if let places = record.json["places"]?.items {
      self.places = places.map(\.integer)
      guard self.places.allSatisfy({ $0.map { messages.indices.contains($0) } ?? true }) else {
        throw BadRecord("places names a message that is not there")
      }
    } else {
      let answers = messages.indices.filter { messages[$0]["role"]?.text == "assistant" }
      // Other assistant's messages are worked examples, and which those are is unknown.
      places = record.json["steps"]?.items.map { $0.count == answers.count } ?? true ? answers : []
    }
  }

  private static func checked(_ value: OrderedJSON) throws -> [OrderedJSON] {
    guard !value.isNull else { return [] }
    guard let messages = value.items else { throw BadRecord("messages is no list") }
    for (number, message) in messages.enumerated() {
      guard let role = message["role"]?.text else { throw BadRecord("message \(number + 1) has no role") }
      guard ["system", "developer", "user", "assistant", "tool", "function"].contains(role) else {
        throw BadRecord("message \(number + 1) has the role \"\(role.clipped(to: 40))\"")
      }
    }
    return messages
  }

  /// What the agent read before its first answer, without instructions and worked examples.
  var opening: String {
    guard let first = places.first ?? nil else { return "" }
    let start = messages[..<first].lastIndex { $0["role"]?.text == "assistant" }.map { $0 + 1 } ?? 0
    return Self.observation(messages[start..<first])
  }

  /// Answers, each with what the agent read after it.
  var steps: [(response: String, observation: String)] {
    let known = places.compactMap(\.self)
    return known.enumerated().map { number, place in
      let end = number + 1 < known.count ? known[number + 1] : messages.count
      return (messages[place].readable, Self.observation(messages[(place + 1)..<max(end, place + 1)]))
    }
  }

  private static func observation(_ messages: ArraySlice<OrderedJSON>) -> String {
    messages.filter { !["system", "developer", "assistant"].contains($0["role"]?.text) }.map(\.readable)
      .joined(separator: "\n")
  }

  // MARK: - Answers and prompts

  /// The answers of the policy, with what it was shown.
  func answers(
    to trajectory: Trajectory, _ record: AttemptRecord, isConversation: Bool
  ) throws -> (answers: [AnswerRecord], questions: [AskedQuestion]) {
    let steps = trajectory.steps
    let given = record.json["steps"]?.items
    // A step that says of its usage that there is none was no call.
    let saysUsage = given?.contains { $0["usage"] != nil } ?? false
    let prompts = try steps.indices.map { try prompt(ofStep: $0, given?[$0]) }
    let parts = prompts.map { prompt in prompt.flatMap { PromptPart.parts(of: $0) } }
    let isRepresentable = !isConversation && zip(prompts, parts).allSatisfy { ($0 == nil) == ($1 == nil) }
    var questions: [AskedQuestion] = []
    if !isRepresentable, prompts.allSatisfy({ $0 != nil }) { questions = try asked(prompts.compactMap(\.self)) }
    var answers: [AnswerRecord] = []
    for (number, step) in steps.enumerated() {
      let usage = given?[number]["usage"]
      if saysUsage, usage?.isNull ?? true { continue }
      var response = PolicyResponse(step.response)
      response.reasoning = try given.flatMap { try AttemptRecord.text("reasoning", of: $0[number]) }
      var seconds = 0.0
      if let usage, saysUsage {
        response.usage = try Usage(exported: usage)
        response.attempts = max(1, try AttemptRecord.whole("attempts", of: usage) ?? 1)
        response.logProbability = try AttemptRecord.number("logProbability", of: usage)
        seconds = try AttemptRecord.number("seconds", of: usage) ?? 0
      } else if let whole = record.json["usage"], !whole.isNull {
        // The sum over all steps is known, and stands with the last.
        if number == steps.count - 1 {
          response.usage = try Usage(exported: whole)
          seconds = try AttemptRecord.number("seconds", of: whole) ?? 0
        }
      } else {
        response.usage = Self.estimated(prompts[number], step.response)
      }
      if !questions.isEmpty { response.continuation = self.whole(number, step) }
      let key = CallKey(run: "", task: trajectory.task.id, particle: 0, step: number)
      answers.append(
        AnswerRecord(
          key: key, promptDigest: "", response: response, seconds: max(0, seconds),
          isRefusal: try usage.flatMap { try AttemptRecord.flag("isRefusal", of: $0) } ?? false,
          prompt: questions.isEmpty ? parts[number] : nil))
    }
    return (answers, questions)
  }

  /// What the model was shown at a step; nil if it is unknown.
  private func prompt(ofStep step: Int, _ json: OrderedJSON?) throws -> ExportedTrajectory.Prompt? {
    if let relative = json?["prompt"] {
      guard !relative.isNull else { return nil }
      guard let kept = relative["kept"]?.integer, (0...messages.count).contains(kept) else {
        throw BadRecord("step \(step + 1): prompt.kept is no number of messages")
      }
      let own = try relative["messages"].map(Self.checked) ?? []
      return ExportedTrajectory.Prompt(
        messages: messages[..<kept] + own, tools: relative["tools"]?.items ?? tools)
    }
    guard places.indices.contains(step), let place = places[step] else { return nil }
    return ExportedTrajectory.Prompt(messages: Array(messages[..<place]), tools: tools)
  }

  /// Prompts as the questions of a program, each relative to the one before it.
  private func asked(_ prompts: [ExportedTrajectory.Prompt]) throws -> [AskedQuestion] {
    var previous: ModelQuestion?
    return try prompts.map { prompt in
      var body: OrderedJSON = ["messages": .list(prompt.messages)]
      if !prompt.tools.isEmpty { body.set("tools", .list(prompt.tools)) }
      let question = ModelQuestion(dialect: .chat, body: body)
      var digest = Digest()
      digest.add(body.json)
      defer { previous = question }
      return try AskedQuestion(question, digest: digest.text, after: previous)
    }
  }

  /// The answer of a step in full.
  private func whole(_ number: Int, _ step: Step) -> String {
    guard places.indices.contains(number), let place = places[number] else {
      return ModelAnswer.plain(step.response, number: number).text
    }
    let hasCalls = messages[place]["tool_calls"]?.items?.isEmpty == false
    return ModelAnswer(
      dialect: .chat,
      body: [
        "object": "chat.completion",
        "choices": [
          ["index": 0, "message": messages[place], "finish_reason": hasCalls ? "tool_calls" : "stop"]
        ],
      ]
    ).text
  }

  private static func estimated(_ prompt: ExportedTrajectory.Prompt?, _ response: String) -> Usage {
    let input = max(1, (prompt?.messages ?? []).reduce(0) { $0 + Usage.estimatedTokens(in: $1.readable) })
    let output = max(1, Usage.estimatedTokens(in: response))
    return Usage(inputTokens: input, outputTokens: output, estimatedTokens: input + output)
  }
}

extension PromptPart {
  /// The parts that are sent as these messages; nil if there are none that are exactly the same.
  static func parts(of prompt: ExportedTrajectory.Prompt) -> [PromptPart]? {
    var parts: [PromptPart] = []
    for message in prompt.messages {
      switch message["role"]?.text {
      case "system": parts.append(PromptPart(.instructions, message.readable))
      case "assistant": parts.append(PromptPart(.response, message.readable))
      default: parts.append(PromptPart(.prompt, message.readable))
      }
    }
    if !prompt.tools.isEmpty {
      let tools = prompt.tools.compactMap(ActionTool.init(chatTool:))
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
      guard tools.count == prompt.tools.count, let data = try? encoder.encode(tools) else { return nil }
      parts.append(PromptPart(.tools, String(decoding: data, as: UTF8.self)))
    }
    let sent = ConversationRecord.prompt(parts)
    return sent.messages == prompt.messages && sent.tools == prompt.tools ? parts : nil
  }
}

extension Usage {
  /// Reads counts as `cox export` writes them. A missing one is 0.
  init(exported json: OrderedJSON) throws {
    func count(_ key: String) throws -> Int {
      let number = try AttemptRecord.whole(key, of: json) ?? 0
      guard (0...1 << 40).contains(number) else { throw BadRecord("\(key) is \(number)") }
      return number
    }
    try self.init(
      inputTokens: count("inputTokens"), cachedInputTokens: count("cachedInputTokens"),
      cacheWriteTokens: count("cacheWriteTokens"), outputTokens: count("outputTokens"),
      reasoningTokens: count("reasoningTokens"), savedInputTokens: count("savedInputTokens"),
      estimatedTokens: count("estimatedTokens"), cutOffAnswers: count("cutOffAnswers"))
  }
}
