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
    self.world = world.flatMap { $0.identity == run.environment && !($0 is any QuestionWorld) ? $0 : nil }
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
    var previous: ModelQuestion?
    for step in 0..<trajectory.count {
      if let parts = parts[step], !parts.isEmpty {
        exported.prompts[step] = Self.prompt(parts)
      } else if let asked = questions[step], let question = try? asked.question(after: previous) {
        previous = question
        exported.prompts[step] = Self.prompt(question)
      } else if let world {
        exported.prompts[step] = prompt(after: trajectory.prefix(step), in: world)
      }
    }
    let last = trajectory.count - 1
    guard last >= 0, let prompt = exported.prompts[last] else {
      (exported.messages, exported.places) = Self.plain(trajectory, tools: tools(of: trajectory))
      return
    }
    exported.tools = prompt.tools
    exported.messages = prompt.messages
    exported.messages += answer(to: prompt, trajectory.steps[last], exported.answers[last], questions[last] != nil)
    exported.places = (0...last).map { step in
      if step == last { return prompt.messages.count }
      guard let earlier = exported.prompts[step]?.messages, earlier.count < prompt.messages.count else { return nil }
      // The present turn may list the admissible actions, and a turn of the past does not.
      let common = zip(earlier, prompt.messages).prefix { $0 == $1 }.count
      let isAnswer = prompt.messages[earlier.count]["role"]?.text == "assistant"
      return isAnswer && common >= earlier.count - 1 ? earlier.count : nil
    }
  }

  // MARK: - Prompts

  private static func prompt(_ parts: [PromptPart]) -> ExportedTrajectory.Prompt {
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
    return ExportedTrajectory.Prompt(
      messages: Transcript(entries: entries).chatMessages(tools: tools), tools: tools.map(\.chatTool))
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

  private func prompt(after trajectory: Trajectory, in world: any World) -> ExportedTrajectory.Prompt {
    let tools =
      format == .tools ? format.tools(world.tools(for: trajectory.task), choices: trajectory.observation.choices) : []
    return ExportedTrajectory.Prompt(
      messages: format.applied(to: world.transcript(for: trajectory)).chatMessages(tools: tools),
      tools: tools.map(\.chatTool))
  }

  // MARK: - Answers

  /// The answer to a prompt as messages: one.
  private func answer(
    to prompt: ExportedTrajectory.Prompt, _ step: Step, _ stored: AnswerRecord?, _ isQuestion: Bool
  ) -> [OrderedJSON] {
    if isQuestion || isConversation {
      let answer = stored?.response.continuation.flatMap(ModelAnswer.init) ?? .plain(step.response)
      if let neutral = try? NeutralAnswer(answer.body, answer.dialect) { return [neutral.parts.chatMessage] }
    }
    // A call's id is made of its place in the transcript.
    var entries = prompt.messages.map { _ in Transcript.Entry.prompt("") }
    entries.append(.response(step.response))
    let tools = prompt.tools.compactMap(ActionTool.init(chatTool:))
    return Transcript(entries: entries).chatMessages(tools: tools).suffix(1)
  }

  /// The tools that a trajectory without stored prompts has called.
  private func tools(of trajectory: Trajectory) -> [ActionTool] {
    guard format == .tools else { return [] }
    return Set(trajectory.steps.compactMap { ToolCall.last(in: $0.response)?.call.name }).sorted().map {
      ActionTool($0, "", template: "")
    }
  }

  /// Observations and answers in turn, without the observation after the last answer.
  private static func plain(_ trajectory: Trajectory, tools: [ActionTool]) -> ([OrderedJSON], [Int?]) {
    var entries: [Transcript.Entry] = [.prompt(trajectory.opening.text)]
    for (number, step) in trajectory.steps.enumerated() {
      entries.append(.response(step.response))
      if number + 1 < trajectory.count { entries.append(.prompt(step.outcome.observation.text)) }
    }
    let messages = Transcript(entries: entries).chatMessages(tools: tools)
    return (messages, (0..<trajectory.count).map { 2 * $0 + 1 })
  }
}
