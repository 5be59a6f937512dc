import Agents
import Dialects
import WorldKit

/// A program's world that speaks in messages and tool calls (`Documentation/process-environment.md`).
///
/// Its observations are questions in the form of the chat API, which go to the policy as they are, and the program gets
/// the whole answer: several tool calls in one step, and nested arguments.
package final class ConversationWorld: QuestionWorld, DescribedWorld {
  private let program: ProgramWorld

  /// - Throws: `misconfigured` if the prompting has what a conversation cannot show.
  package init(_ program: ProgramWorld) throws(WorldError) {
    let prompting = try program.tasks(in: .train).first.map(program.prompting)
    guard prompting.map({ $0.examples.isEmpty && $0.historyLimit == nil }) ?? true else {
      throw WorldError(
        .misconfigured,
        """
        environment.examples and environment.history are for worlds of one text for each step. This program speaks in \
        messages: let it send the examples itself.
        """)
    }
    self.program = program
  }

  package var identity: WorldIdentity { program.identity }
  package var maximalReward: Double? { program.maximalReward }
  package var storesOutcomes: Bool { true }

  package func tasks(in split: Split) throws(WorldError) -> [AgentTask] { try program.tasks(in: split) }
  package func task(_ id: TaskID) throws(WorldError) -> AgentTask { try program.task(id) }
  package func close() async { await program.close() }

  package var takesDescriptions: Bool { program.takesDescriptions }
  package func task(describedBy text: String) throws(WorldError) -> AgentTask {
    try program.task(describedBy: text)
  }

  package func begin(_ task: AgentTask) async throws(WorldError) -> (
    episode: any Episode, observation: Observation
  ) {
    let (episode, opening) = try await program.begin(task)
    var conversation = Conversation(instructions: program.prompting(for: task).instructions)
    do {
      let observation = try conversation.heard(opening)
      return (ConversationEpisode(inner: episode, conversation: conversation), observation)
    } catch {
      await episode.close()
      throw error
    }
  }

  package func resume(
    _ trajectory: Trajectory, keepsDivergences: Bool
  ) async throws(WorldError) -> (episode: any Episode, mismatches: Int) {
    var (episode, opening) = try await begin(trajectory.task)
    var comparison = ReplayComparison()
    do throws(WorldError) {
      _ = comparison.compare(opening: opening, with: trajectory.opening)
      let steps = trajectory.steps.lazy.map { (action: $0.action, outcome: $0.outcome) }
      if let divergence = try await comparison.replay(steps, in: &episode), !keepsDivergences {
        throw WorldError(
          .diverged,
          """
          In the replay, step \(divergence.step) paid \(divergence.replayed.reward) where it had paid \
          \(divergence.recorded.reward), or ended differently.
          """)
      }
      // It goes on from what the policy was shown, even if the replay was worded differently.
      if var speaking = episode as? ConversationEpisode, !trajectory.isDone {
        speaking.conversation.goOn(from: try question(after: trajectory))
        episode = speaking
      }
      return (episode, comparison.mismatches)
    } catch {
      await episode.close()
      throw error
    }
  }
}

/// The messages so far.
struct Conversation {
  /// The open question, without a model.
  private(set) var question = ModelQuestion(dialect: .chat, body: ["messages": []])
  /// The question before, to which the record of the next one is relative; nil before the first.
  private var asked: ModelQuestion?
  /// The number of answers.
  private var answers = 0
  private static let comparison = QuestionComparison()

  init(instructions: String) {
    if !instructions.isEmpty {
      question.body.set("messages", [["role": "system", "content": .text(instructions)]])
    }
  }

  private var messages: [OrderedJSON] { question.body["messages"]?.items ?? [] }

  /// Adds an answer.
  ///
  /// - Returns: the action that the program gets, which holds the answer in full, with ids of its calls.
  mutating func said(_ action: Action) -> Action {
    let answer = ModelAnswer(action, number: answers)
    answers += 1
    question.body.set("messages", .list(messages + [answer.parts.chatMessage]))
    return .answer(action.text, inFull: answer.text)
  }

  /// Adds what the program has sent.
  ///
  /// - Returns: the observation: what is new, and the whole question.
  mutating func heard(_ raw: Observation) throws(WorldError) -> Observation {
    guard let added = ProgramMessages(json: raw.text) else {
      throw WorldError(.misconfigured, "The program sent no messages.")
    }
    let previous = asked == nil ? nil : question
    // Its own instructions replace those of `hello`.
    let begins = asked != nil || added.messages.first?["role"]?.text != "system" ? messages : []
    question.body.set("messages", .list(begins + completed(added.messages)))
    if let tools = added.tools {
      if tools.isEmpty { question.body.remove("tools") } else { question.body.set("tools", .list(tools)) }
    }
    try checkResults()
    var observation = Observation(question.news(after: previous))
    let digest = Self.comparison.digest(of: question)
    observation.question = try AskedQuestion(question, digest: digest, after: asked)
    asked = question
    return observation
  }

  /// Replaces the conversation by the recorded one.
  mutating func goOn(from question: ModelQuestion) { (self.question, asked) = (question, question) }

  /// Results without the id of a call belong to the calls in their order.
  private func completed(_ added: [OrderedJSON]) -> [OrderedJSON] {
    var open = openCalls(in: messages).filter { id in !added.contains { $0["tool_call_id"]?.text == id } }
    return added.map { message in
      guard message["role"]?.text == "tool", message["tool_call_id"]?.text == nil, !open.isEmpty else { return message }
      var message = message
      message.set("tool_call_id", .text(open.removeFirst()))
      return message
    }
  }

  /// The ids of the calls of the last answer that have no result yet.
  private func openCalls(in messages: [OrderedJSON]) -> [String] {
    guard let last = messages.lastIndex(where: { $0["role"]?.text == "assistant" }) else { return [] }
    let results = Set(messages[last...].compactMap { $0["tool_call_id"]?.text })
    return (messages[last]["tool_calls"]?.items ?? []).compactMap { $0["id"]?.text }.filter { !results.contains($0) }
  }

  /// Model servers refuse a conversation in which a call has no result.
  private func checkResults() throws(WorldError) {
    let open = openCalls(in: messages)
    guard open.isEmpty else {
      throw WorldError(
        .misconfigured,
        """
        The program sent no result of \(open.count == 1 ? "the call" : "the calls") \(open.joined(separator: ", ").clipped(to: 200)): \
        answer every call with a message {"role": "tool", "tool_call_id": …, "content": …}.
        """)
    }
  }
}

struct ConversationEpisode: QuestionEpisode {
  var inner: any Episode
  var conversation: Conversation

  var openQuestion: ModelQuestion? { conversation.question }
  var recoveryMismatches: Int { get async { await inner.recoveryMismatches } }

  mutating func step(_ action: Action) async throws(WorldError) -> Outcome {
    var next = conversation
    var outcome = try await inner.step(next.said(action))
    if outcome.isDone {
      let last = ProgramMessages(json: outcome.observation.text)?.messages ?? []
      outcome.observation = Observation(last.compactMap { $0["content"]?.shown }.joined(separator: "\n"))
    } else {
      outcome.observation = try next.heard(outcome.observation)
    }
    conversation = next
    return outcome
  }

  func fork() async throws(WorldError) -> (any Episode)? {
    guard let copy = try await inner.fork() else { return nil }
    return ConversationEpisode(inner: copy, conversation: conversation)
  }

  func close() async { await inner.close() }
}
