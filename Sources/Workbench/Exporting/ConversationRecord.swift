import Agents
import Dialects
import Foundation
import Policies
import RolloutStore

/// Puts together what a model saw and answered in a trajectory, as messages of OpenAI's chat API.
struct ConversationRecord {
  private let format: ActionFormat
  private let isConversation: Bool
  /// The world in which the trajectory was made, if the configuration has it: it knows its prompts.
  private let world: (any World)?

  init(_ run: RunRecord, world: (any World)?) {
    format = run.format
    isConversation = run.environment.isConversation
    self.world = world.flatMap { world in
      let hasPrompts = !(world is any QuestionWorld) && !(world is RememberedWorld)
      return hasPrompts && world.identity == run.environment ? world : nil
    }
  }

  /// Fills in prompts, messages and places.
  ///
  /// - Parameters:
  ///   - parts: the stored prompts by step.
  ///   - questions: the stored questions of an agent's own program by step.
  func complete(
    _ exported: inout ExportedTrajectory, parts: [Int: [PromptPart]], questions: [Int: AskedQuestion]
  ) {
    let trajectory = exported.trajectory
    guard trajectory.count > 0 else { return }
    var transcripts: [Int: (Transcript, [ActionTool])] = [:]
    var previous: ModelQuestion?
    for step in 0..<trajectory.count {
      if let asked = questions[step], let question = try? asked.question(after: previous) {
        previous = question
        exported.prompts[step] = Self.prompt(question)
      } else {
        transcripts[step] =
          parts[step].flatMap { $0.isEmpty ? nil : Self.transcript($0) }
          ?? world.map { transcript(after: trajectory.prefix(step), in: $0) }
        exported.prompts[step] = transcripts[step].map(Self.prompt)
      }
    }
    exported.said = trajectory.steps.enumerated().map { number, step in
      let isQuestion = isConversation || questions[number] != nil
      return answer(step, to: exported.prompts[number], exported.answers[number], isQuestion: isQuestion)
    }
    let last = exported.conversation(endingAt: trajectory.count - 1)
    if let last { exported.tools = exported.prompts[trajectory.count - 1]?.tools ?? [] }
    if let last, !questions.isEmpty || last.places.count == trajectory.count {
      (exported.messages, exported.isAsSent) = (last.messages, true)
      exported.places = (0..<trajectory.count).map { last.places[$0] }
      return
    }
    // Where the last prompt does not show the past, the first goes on with answers and observations in turn.
    let start = transcripts[0] ?? (Transcript(entries: [.prompt(trajectory.opening.text)]), tools(of: trajectory))
    (exported.messages, exported.places) = Self.whole(trajectory, after: start)
  }

  // MARK: - Prompts

  static func prompt(_ parts: [PromptPart]) -> ExportedTrajectory.Prompt { prompt(transcript(parts)) }

  private static func prompt(_ sent: (Transcript, [ActionTool])) -> ExportedTrajectory.Prompt {
    ExportedTrajectory.Prompt(messages: sent.0.chatMessages(tools: sent.1), tools: sent.1.map(\.chatTool))
  }

  private static func transcript(_ parts: [PromptPart]) -> (Transcript, [ActionTool]) {
    var entries: [Transcript.Entry] = []
    var tools: [ActionTool] = []
    for part in parts {
      switch part.role {
      case .instructions: entries.append(.instructions(part.text))
      case .prompt: entries.append(.prompt(part.text))
      case .response: entries.append(.response(part.text))
      case .tools: tools = (try? JSONDecoder().decode([ActionTool].self, from: Data(part.text.utf8))) ?? []
      case .choices: break
      }
    }
    return (Transcript(entries: entries), tools)
  }

  private func transcript(after trajectory: Trajectory, in world: any World) -> (Transcript, [ActionTool]) {
    let tools =
      format == .tools ? format.tools(world.tools(for: trajectory.task), choices: trajectory.observation.choices) : []
    return (format.applied(to: world.transcript(for: trajectory)), tools)
  }

  /// A question of an agent's own program. One that cannot be translated is shown as text.
  private static func prompt(_ question: ModelQuestion) -> ExportedTrajectory.Prompt {
    if question.dialect == .chat, let messages = question.body["messages"]?.items {
      return ExportedTrajectory.Prompt(messages: messages, tools: question.body["tools"]?.items ?? [])
    }
    if question.dialect == .text {
      return ExportedTrajectory.Prompt(messages: [["role": "user", "content": .text(question.news(after: nil))]])
    }
    if let request = try? NeutralRequest(question), let body = try? request.body(in: .chat) {
      return ExportedTrajectory.Prompt(messages: body["messages"]?.items ?? [], tools: body["tools"]?.items ?? [])
    }
    return ExportedTrajectory.Prompt(messages: [["role": "user", "content": .text(question.news(after: nil))]])
  }

  // MARK: - Answers

  /// The answer to a prompt as a message.
  private func answer(
    _ step: Step, to prompt: ExportedTrajectory.Prompt?, _ stored: AnswerRecord?, isQuestion: Bool
  ) -> OrderedJSON {
    if isQuestion {
      let answer = stored?.response.continuation.flatMap(ModelAnswer.init) ?? .plain(step.response)
      if let neutral = try? NeutralAnswer(answer.body, answer.dialect) { return neutral.parts.chatMessage }
    }
    // A call's id is made of its place in the transcript.
    var entries = (prompt?.messages ?? []).map { _ in Transcript.Entry.prompt("") }
    entries.append(.response(step.response))
    let tools = prompt?.tools.compactMap(ActionTool.init(chatTool:)) ?? []
    return Transcript(entries: entries).chatMessages(tools: tools).last ?? ["role": "assistant", "content": ""]
  }

  /// The tools that a trajectory without stored prompts has called.
  private func tools(of trajectory: Trajectory) -> [ActionTool] {
    guard format == .tools else { return [] }
    return Set(trajectory.steps.compactMap { ToolCall.last(in: $0.response)?.call.name }).sorted().map {
      ActionTool($0, "", template: "")
    }
  }

  /// The first prompt, then answers and observations in turn, without the observation after the last answer.
  private static func whole(
    _ trajectory: Trajectory, after start: (Transcript, [ActionTool])
  ) -> ([OrderedJSON], [Int?]) {
    var entries = start.0.entries
    let first = entries.count
    for (number, step) in trajectory.steps.enumerated() {
      entries.append(.response(step.response))
      if number + 1 < trajectory.count { entries.append(.prompt(step.outcome.observation.text)) }
    }
    let messages = Transcript(entries: entries).chatMessages(tools: start.1)
    return (messages, (0..<trajectory.count).map { first + 2 * $0 })
  }
}
