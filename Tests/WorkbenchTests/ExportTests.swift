import Agents
import Dialects
import Foundation
import RolloutStore
import Testing

@testable import Workbench

@Suite("Trajectories for other programs")
struct ExportTests {
  private typealias Made = ExportStore

  @Test("A line has the prompt that was sent last and the answer to it, and goes through an import unchanged")
  func lines() async throws {
    let made = try ExportStore()
    try await made.add(
      [
        [Made.step("a", "then", reward: 0.25), Made.step("b", "end", reward: 0.5, isDone: true)],
        [Made.step("c", "other", isDone: true)],
      ], task: "dir/../t \u{1B}[2J\"é")
    let lines = try await made.lines()
    #expect(lines.count == 2)
    #expect(lines[0].said() == ["system: Play.", "user: go", "assistant: a", "user: then", "assistant: b"])
    #expect(lines[0]["isAsSent"] == true && lines[0]["places"] == [2, 4] && lines[0]["reward"] == 0.75)
    #expect(lines[0]["task"] == "dir/../t \u{1B}[2J\"é" && lines[0]["seed"]?.json == "\(UInt64.max)")
    #expect(lines[0]["usage"]?["inputTokens"] == 21 && lines[0]["usage"]?["calls"] == 2)
    #expect(lines[0]["usage"]?["seconds"]?.double == 1 && lines[0]["usage"]?["cost"] == .null)
    let steps = try #require(lines[0]["steps"]?.items)
    #expect(steps[0]["prompt"] == ["kept": 2, "messages": [], "tools": .null])
    #expect(steps[1]["observation"] == "end" && steps[1]["isDone"] == true && steps[1]["value"] == .null)
    let text = lines.map { $0.json + "\n" }.joined()
    let report = try await made.importing(text)
    #expect(report.added == 2 && report.prior == 2 && report.known == 0)
    #expect(try await made.importing(text).known == 2)
    #expect(try await made.imported.lines().map(\.lasting) == lines.map(\.lasting))
    // The same attempts are not imported into the store that they come from.
    #expect(try await made.importing(text, into: made.copied()).known == 2)
  }

  @Test("Tool calls are those of OpenAI's chat, with the tools that were offered")
  func tools() async throws {
    let made = try ExportStore()
    let run = Made.run(format: .tools)
    let task = AgentTask(id: "t", request: "win", stepLimit: 9)
    let tool = ActionTool(
      "go", "Go.", parameters: [.init("to", "Where to.", choices: ["x", "y"])], template: "go {to}")
    let response = #"I go.\#n<tool_call>{"name":"go","arguments":{"to":"x"}}</tool_call>"#
    let steps = (0..<2).map { number in
      Step(
        response: response, action: .act("go x"),
        outcome: Outcome(Observation("at x"), reward: Double(number), isDone: number == 1))
    }
    try await made.store.begin(run)
    try await made.store.note([task], split: .test, of: run.environment)
    let encoded = String(decoding: try JSONEncoder().encode([tool]), as: UTF8.self)
    for number in 0..<2 {
      var parts = [PromptPart(.instructions, "Play."), PromptPart(.prompt, "go")]
      if number == 1 { parts += [PromptPart(.response, response), PromptPart(.prompt, "at x")] }
      try await made.store.record(
        AnswerRecord(
          key: CallKey(run: run.id, task: "t", particle: 0, step: number), promptDigest: "",
          response: PolicyResponse(response), seconds: 0, prompt: parts + [PromptPart(.tools, encoded)]))
    }
    try await made.store.save(
      run: run.id, task: task,
      trajectories: [
        TrajectoryRecord(particle: 0, trajectory: Trajectory(task: task, opening: Observation("go"), steps: steps))
      ])
    let line = try #require(try await made.lines().first)
    let messages = try #require(line["messages"]?.items)
    #expect(messages.compactMap { $0["role"]?.text } == ["system", "user", "assistant", "tool", "assistant"])
    let calls = messages[2]["tool_calls"]?.items ?? []
    #expect(messages[2]["content"] == "I go." && calls.count == 1)
    #expect(calls.first?["function"] == ["name": "go", "arguments": #"{"to":"x"}"#])
    #expect(messages[3]["tool_call_id"] == calls.first?["id"] && messages[3]["content"] == "at x")
    #expect(messages[4]["tool_calls"]?.items?.first?["id"] != calls.first?["id"])
    #expect(line["tools"]?.items?.first == tool.chatTool && line["steps"]?.items?.first?["thought"] == "I go.")
    // Chat templates take the arguments as an object.
    let trained = try #require(try await made.lines { $0.format = .trl }.first)
    let function = trained["messages"]?.items?[2]["tool_calls"]?.items?.first?["function"]
    #expect(function == ["name": "go", "arguments": ["to": "x"]])
    #expect(trained["tools"]?.text == line["tools"]?.json)
    _ = try await made.importing(line.json)
    #expect(try await made.imported.lines().map(\.lasting) == [line.lasting])
  }

  @Test("Of an agent's own program the last question and its answer are exported, and imported as they were")
  func questions() async throws {
    let made = try ExportStore()
    let run = Made.run(world: WorldIdentity(kind: "agent", rules: "mine"))
    let task = AgentTask(id: "t", request: "sum", stepLimit: 9)
    func body(_ messages: [OrderedJSON]) -> OrderedJSON {
      ["model": "m", "messages": .list(messages), "tools": [["type": "function", "function": ["name": "add"]]]]
    }
    let call: OrderedJSON = [
      "role": "assistant", "content": .null,
      "tool_calls": [
        ["id": "c1", "type": "function", "function": ["name": "add", "arguments": #"{"x":1}"#]],
        ["id": "c2", "type": "function", "function": ["name": "add", "arguments": #"{"x":2.50}"#]],
      ],
    ]
    let start: [OrderedJSON] = [["role": "system", "content": "Add."], ["role": "user", "content": "1 and 2"]]
    let results: [OrderedJSON] = [
      ["role": "tool", "tool_call_id": "c1", "content": "1"], ["role": "tool", "tool_call_id": "c2", "content": "3"],
    ]
    let first = ModelQuestion(dialect: .chat, body: body(start))
    let second = ModelQuestion(dialect: .chat, body: body(start + [call] + results))
    let said: [OrderedJSON] = [call, ["role": "assistant", "content": "3"]]
    let readable = said.map { $0.readable }
    try await made.store.begin(run)
    try await made.store.note([task], split: .train, of: run.environment)
    for (number, asked) in [first, second].enumerated() {
      var observation = Observation("q\(number)")
      observation.question = try AskedQuestion(asked, digest: "q\(number)", after: number == 0 ? nil : first)
      try await made.store.record(
        OutcomeRecord(
          key: CallKey(run: run.id, task: "t", particle: 0, step: number), past: "", action: "",
          outcome: Outcome(observation)))
      var response = PolicyResponse(readable[number], usage: Usage(inputTokens: 5, outputTokens: 1))
      let answer: OrderedJSON = ["choices": [["index": 0, "message": said[number], "finish_reason": "stop"]]]
      response.continuation = ModelAnswer(dialect: .chat, body: answer).text
      try await made.store.record(
        AnswerRecord(
          key: CallKey(run: run.id, task: "t", particle: 0, step: number), promptDigest: "", response: response,
          seconds: 1))
    }
    let steps = [Made.step(readable[0], "q1"), Made.step(readable[1], "", reward: 1, isDone: true)]
    try await made.store.save(
      run: run.id, task: task,
      trajectories: [
        TrajectoryRecord(particle: 0, trajectory: Trajectory(task: task, opening: Observation("q0"), steps: steps))
      ])
    let line = try #require(try await made.lines().first)
    #expect(line["messages"] == .list(start + said.prefix(1) + results + said.suffix(1)))
    #expect(line["isAsSent"] == true && line["places"] == [2, 5] && line["tools"] == second.body["tools"])
    _ = try await made.importing(line.json)
    #expect(try await made.imported.lines().map(\.lasting) == [line.lasting])
  }

  @Test("Where the past is left out of prompts, every step's prompt is exported all the same")
  func leftOut() async throws {
    let made = try ExportStore()
    let steps = [Made.step("a", "second"), Made.step("b", "end", reward: 1, isDone: true)]
    try await made.add([steps], prompts: false)
    let run = Made.run()
    for (number, observation) in ["go", "second"].enumerated() {
      try await made.store.record(
        AnswerRecord(
          key: CallKey(run: run.id, task: "t", particle: 0, step: number), promptDigest: "d",
          response: PolicyResponse(steps[number].response), seconds: 0,
          prompt: [PromptPart(.instructions, "Play."), PromptPart(.prompt, observation)]))
    }
    let line = try #require(try await made.lines().first)
    #expect(line.said() == ["system: Play.", "user: go", "assistant: a", "user: second", "assistant: b"])
    #expect(line["isAsSent"] == false && line["places"] == [2, 4])
    let prompts = line["steps"]?.items?.compactMap { $0["prompt"] } ?? []
    #expect(prompts[0]["kept"] == 2 && prompts[1].said() == ["user: second"] && prompts[1]["kept"] == 1)
    let examples = try await made.lines { $0.format = .trl }
    #expect(
      examples.map { $0.said() } == [
        ["system: Play.", "user: second", "assistant: b"], ["system: Play.", "user: go", "assistant: a"],
      ])
    _ = try await made.importing(line.json)
    #expect(try await made.imported.lines().map(\.lasting) == [line.lasting])
  }

  @Test("Without stored prompts, observations and answers are exported, and the summary says so")
  func withoutPrompts() async throws {
    let made = try ExportStore()
    try await made.add([[Made.step("a", "end", reward: 1, isDone: true)]], prompts: false)
    #expect(try await made.lines().first?.said() == ["user: go", "assistant: a"])
    var request = ExportRequest()
    request.out = made.folder.appendingPathComponent("o.jsonl").path
    #expect(try await Workbench.export(request, made.options, isConfigured: false).withoutPrompts == 1)
    // A configured world knows its prompts.
    request.force = true
    #expect(try await Workbench.export(request, made.options, isConfigured: true).withoutPrompts == 0)
    #expect(try Made.lines(request.out).first?.said() == ["system: win", "user: go", "assistant: a"])
  }
}
