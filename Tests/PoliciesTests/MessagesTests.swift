import Agents
import Dialects
import Policies
import Testing

@Suite("An attempt as messages, and its last words")
struct MessagesTests {
  /// A world of steps with two tools.
  private struct Steps: World {
    let identity: WorldIdentity
    var instructions = "Be brief."

    func tasks(in split: Split) -> [AgentTask] { [] }
    func task(_ id: TaskID) -> AgentTask { AgentTask(id: id, request: "", stepLimit: 9) }
    func begin(_ task: AgentTask) -> (episode: any Episode, observation: Observation) {
      (ClosureEpisode(state: 0) { _, _ in Outcome(Observation("")) }, Observation(""))
    }
    func transcript(for trajectory: Trajectory) -> Transcript {
      Prompting(instructions, examples: [.init(prompt: "An example?", response: "yes")], historyLimit: 1)
        .transcript(for: trajectory)
    }
    func tools(for task: AgentTask) -> [ActionTool]? {
      [ActionTool("go", "Goes.", parameters: [.init("where", "A place.")], template: "go {where}")]
    }
  }

  private static let task = AgentTask(id: "t", request: "", stepLimit: 9)

  private static func step(_ response: String, _ action: Action, _ seen: String, isDone: Bool = false) -> Step {
    Step(response: response, action: action, outcome: Outcome(Observation(seen), isDone: isDone))
  }

  @Test("In a world of steps: instructions, examples, and the whole past, which ends with the answer")
  func steps() {
    let trajectory = Trajectory(
      task: Self.task, opening: Observation("A door.", choices: ["open", "wait"]),
      steps: [
        Self.step("Thought: a door. Action: open", .act("open"), "A room."),
        Self.step("Action: sing", .unparsable("Action: sing"), "Nothing.", isDone: true),
      ])
    let world = Steps(identity: WorldIdentity(kind: "orders"))
    let messages = trajectory.chatMessages(in: world, format: .plain)
    #expect(
      messages.map { $0["role"]?.text } == ["system", "user", "assistant", "user", "assistant", "user", "assistant"])
    #expect(messages[3]["content"]?.text?.contains("open") == true)
    #expect(messages.last?["content"]?.text == "Action: sing")
    #expect(trajectory.lastWords(in: world.identity) == .action("Action: sing"))
    #expect(trajectory.prefix(1).lastWords(in: world.identity) == .action("open"))
    let react = trajectory.chatMessages(in: world, format: .react)
    #expect(react.first?["content"]?.text?.contains("Action: the action") == true)
    let silent = Steps(identity: world.identity, instructions: "")
    #expect(trajectory.chatMessages(in: silent, format: .plain).first?["role"]?.text == "user")
    #expect(trajectory.prefix(0).chatMessages(in: world, format: .plain).isEmpty)
    #expect(trajectory.prefix(0).lastWords(in: world.identity) == nil)
  }

  @Test("A call of the world's tool is a tool call, and what follows is its result; unknown calls stay text")
  func tools() throws {
    let call = #"I go. <tool_call>{"name":"go","arguments":{"where":"north"}}</tool_call>"#
    let unknown = #"<tool_call>{"name":"fly","arguments":{}}</tool_call>"#
    let trajectory = Trajectory(
      task: Self.task, opening: Observation("A door."),
      steps: [
        Self.step(call, .act("go north"), "Snow."), Self.step(unknown, .unparsable(unknown), "No."),
        Self.step(call, .act("go north"), "Ice.", isDone: true),
      ])
    let messages = trajectory.chatMessages(in: Steps(identity: WorldIdentity(kind: "orders")), format: .tools)
    let called = messages.filter { $0["tool_calls"] != nil }
    #expect(called.count == 2 && called[0]["content"]?.text == "I go.")
    let first = try #require(called[0]["tool_calls"]?.items?.first)
    #expect(first["function"]?["name"]?.text == "go")
    #expect(first["function"]?["arguments"]?.text == #"{"where":"north"}"#)
    let results = messages.filter { $0["role"]?.text == "tool" }
    #expect(results.map { $0["content"]?.text } == ["Snow."])
    #expect(results[0]["tool_call_id"] == first["id"])
    #expect(messages.contains { $0["content"]?.text == unknown })
    let ids = called.map { $0["tool_calls"]?.items?.first?["id"]?.text }
    #expect(Set(ids).count == 2)
  }

  /// An attempt of an agent's program that asks these questions and gets these answers.
  private static func attempt(_ questions: [ModelQuestion], _ answers: [ModelAnswer]) throws -> Trajectory {
    var previous: ModelQuestion?
    let observations = try questions.map { question in
      var observation = Observation("news")
      observation.question = try AskedQuestion(question, digest: "d", after: previous)
      previous = question
      return observation
    }
    var trajectory = Trajectory(task: task, opening: observations[0])
    for (place, answer) in answers.enumerated() {
      let isDone = place == answers.count - 1
      trajectory.append(
        Step(
          response: "r", action: .answer("r", inFull: answer.text),
          outcome: Outcome(isDone ? Observation("The program ended.") : observations[place + 1], isDone: isDone)))
    }
    return trajectory
  }

  @Test(
    "In a conversation: what the model was last asked and its answer, whatever the API",
    arguments: ModelDialect.allCases)
  func conversation(dialect: ModelDialect) throws {
    let (first, second): (OrderedJSON, OrderedJSON) =
      switch dialect {
      case .chat:
        (
          ["model": "m", "messages": [["role": "user", "content": "one"]]],
          [
            "model": "m",
            "messages": [
              ["role": "user", "content": "one"], ["role": "assistant", "content": "yes"],
              ["role": "user", "content": "two"],
            ],
          ]
        )
      case .messages:
        (
          ["model": "m", "max_tokens": 9, "messages": [["role": "user", "content": "one"]]],
          [
            "model": "m", "max_tokens": 9,
            "messages": [
              ["role": "user", "content": "one"], ["role": "assistant", "content": "yes"],
              ["role": "user", "content": "two"],
            ],
          ]
        )
      case .responses:
        (
          ["model": "m", "input": "one"],
          [
            "model": "m",
            "input": [
              ["role": "user", "content": "one"], ["role": "assistant", "content": "yes"],
              ["role": "user", "content": "two"],
            ],
          ]
        )
      case .text: (["model": "m", "prompt": "one"], ["model": "m", "prompt": "one yes two"])
      }
    let answers = ["yes", "done\nnow"].map { ModelAnswer.plain($0) }
    let trajectory = try Self.attempt(
      [ModelQuestion(dialect: dialect, body: first), ModelQuestion(dialect: dialect, body: second)], answers)
    let world = Steps(identity: WorldIdentity(kind: "agent"))
    let messages = trajectory.chatMessages(in: world, format: .plain)
    #expect(messages.last?["role"]?.text == "assistant" && messages.last?["content"]?.text == "done\nnow")
    let texts = messages.dropLast().compactMap { $0["content"]?.text }
    #expect(texts == (dialect == .text ? ["one yes two"] : ["one", "yes", "two"]))
    #expect(trajectory.lastWords(in: world.identity) == .message("done\nnow"))
  }

  @Test("An answer of tool calls alone is shown by them; a damaged record leaves the answer")
  func calls() throws {
    let call: OrderedJSON = [
      "choices": [
        [
          "message": [
            "role": "assistant", "content": .null,
            "tool_calls": [
              ["id": "c1", "type": "function", "function": ["name": "submit", "arguments": #"{"n":1}"#]]
            ],
          ]
        ]
      ]
    ]
    var trajectory = try Self.attempt(
      [ModelQuestion(dialect: .chat, body: ["messages": [["role": "user", "content": "one"]]])],
      [ModelAnswer(dialect: .chat, body: call)])
    let world = Steps(identity: WorldIdentity(kind: "agent"))
    #expect(
      trajectory.lastWords(in: world.identity)
        == .message(#"<tool_call>{"name":"submit","arguments":{"n":1}}</tool_call>"#))
    let last = try #require(trajectory.chatMessages(in: world, format: .plain).last)
    #expect(last["tool_calls"]?.items?.first?["id"]?.text == "c1")
    trajectory = Trajectory(task: Self.task, opening: Observation("no question"), steps: trajectory.steps)
    #expect(trajectory.chatMessages(in: world, format: .plain).count == 1)
  }
}
