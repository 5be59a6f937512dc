import Agents
import Dialects
import Foundation
import ParticleFilter
import Steering
import Testing

@testable import CoxswainTesting
@testable import ProcessWorld

@Suite("A program that speaks in messages and tool calls")
struct ConversationTests {
  /// Three steps; each call of `choose` pays a tenth of its number. The second step offers another tool.
  static let program = ProcessWorldTests.program(
    """
    if q["op"] == "fork":
        chosen[q["copy"]] = list(chosen[q["episode"]])
        return {}
    own = chosen.setdefault(q["episode"], [])
    assert q["answer"]["role"] == "assistant" and "reasoning" not in str(q["answer"])
    for call in q["calls"]: own.append((call["name"], call["arguments"]))
    steps = own.count(("end", None)) + 1
    own.append(("end", None))
    results = [{"role": "tool", "tool_call_id": call["id"], "content": json.dumps(call["arguments"])} for call in q["calls"]]
    if not q["calls"]: results = [{"role": "user", "content": "Call a tool."}]
    reward = sum(call["arguments"].get("number", 0) for call in q["calls"] if call["arguments"]) / 10
    return {"messages": results, "reward": reward, "done": steps == 3, "tools": [tool("choose"), tool("other")]}
    """,
    before: """
      chosen = {}
      def tool(name):
          return {"name": name, "description": "Chooses.", "parameters": {"type": "object", "properties": {
              "number": {"type": "integer"}, "where": {"type": "object", "properties": {"x": {"type": "array", "items": {"type": "number"}}}}}}}
      """, hello: #""maximalReward": 30, "conversation": True, "forks": True, "instructions": "Be brief.""#
  ).map {
    $0.replacing(
      #"return {"observation": "start"}"#,
      with: #"return {"messages": [{"role": "user", "content": "Task " + q["task"]}], "tools": [tool("choose")]}"#)
  }

  static func world(_ command: [String] = program) async throws -> ConversationWorld {
    try ConversationWorld(try await ProcessWorldTests.world(command))
  }

  /// An answer as a server gives it, with calls of `choose`.
  static func answer(_ calls: [String], thinking: String = "reasoning of its own") throws -> Action {
    let json: OrderedJSON = [
      "choices": [
        [
          "message": [
            "role": "assistant", "content": .null, "reasoning_content": .text(thinking),
            "tool_calls": .list(
              calls.enumerated().map { number, arguments in
                [
                  "id": .text("call_\(number)"), "type": "function",
                  "function": ["name": "choose", "arguments": .text(arguments)],
                ]
              }),
          ]
        ]
      ]
    ]
    let answer = ModelAnswer(dialect: .chat, body: json)
    return .answer(Readable.answer(json, .chat), inFull: answer.text)
  }

  @Test("Several calls in one step, nested arguments, tools that change, and a question as a server wants it")
  func conversation() async throws {
    let world = try await Self.world()
    let (begun, opening) = try await world.begin(try world.task("a"))
    var episode = begun
    #expect(opening.text == "Task a")
    let action = try Self.answer([#"{"number": 3, "where": {"x": [1.5, 2]}}"#, #"{"number": 4}"#, "no JSON"])
    let outcome = try await episode.step(action)
    #expect(outcome.reward == 0.7 && !outcome.isDone)
    // The program got the arguments as objects, and null where they were none.
    #expect(
      outcome.observation.text.contains(#"{"number": 3, "where": {"x": [1.5, 2]}}"#), "\(outcome.observation.text)")
    #expect(outcome.observation.text.contains("null"))
    var trajectory = Trajectory(task: try world.task("a"), opening: opening)
    trajectory.append(Step(response: action.text, action: action, outcome: outcome))
    let question = try world.question(after: trajectory)
    let messages = question.body["messages"]?.items ?? []
    #expect(messages.compactMap { $0["role"]?.text } == ["system", "user", "assistant", "tool", "tool", "tool"])
    #expect(messages[0]["content"]?.text == "Be brief.")
    #expect(messages[2]["reasoning_content"]?.text == "reasoning of its own")
    #expect(question.body["tools"]?.items?.compactMap { $0["function"]?["name"]?.text } == ["choose", "other"])
    #expect(await (episode as? any QuestionEpisode)?.openQuestion == question)
    await episode.close()
    await world.close()
  }

  @Test("A population is steered in it; the same particles, resumed, ask the same questions")
  func steered() async throws {
    let world = try await Self.world()
    let policy = ClosurePolicy("chooser") { request in
      var generator = request.seed.generator()
      // In words alone, as a model answers whose server knows no tools.
      let number = generator.number(below: 3)
      return PolicyResponse(
        number == 0
          ? "I do not know." : #"<tool_call>{"name": "choose", "arguments": {"number": \#(number)}}</tool_call>"#)
    }
    let critic = ClosureCritic("noise") { state in
      var generator = Seed(3).split(state.actions.joined()).generator()
      return generator.uniform()
    }
    let settings = SteeringSettings(particles: 6, temperature: 0.2, schedule: .steps([1, 2]), seed: 1)
    let tasks = try world.tasks(in: .test)
    let outcome = try await Campaign(world: world, policy: policy, critic: critic, settings: settings).run(tasks)
    #expect(outcome.stopped == nil && outcome.results.reduce(0) { $0 + $1.genealogy.forks } > 0)
    #expect(outcome.results.allSatisfy { $0.replayMismatches == 0 && $0.failedParticles == 0 })

    var (episode, opening) = try await world.begin(tasks[0])
    var trajectory = Trajectory(task: tasks[0], opening: opening)
    for number in 1...2 {
      let action = Action.act(#"<tool_call>{"name": "choose", "arguments": {"number": \#(number)}}</tool_call>"#)
      let step = try await episode.step(action)
      trajectory.append(Step(response: action.text, action: action, outcome: step))
    }
    var (again, mismatches) = try await world.resume(trajectory, keepsDivergences: false)
    #expect(mismatches == 0)
    #expect(await (again as? any QuestionEpisode)?.openQuestion == (try world.question(after: trajectory)))
    let last = Action.act("done")
    #expect(try await again.step(last) == (try await episode.step(last)))
    await episode.close()
    await again.close()
    await world.close()
  }

  @Test("The check calls the tools with arguments of their schemas")
  func check() async throws {
    let world = try await Self.world()
    let findings = try await WorldCheck(world).run(try world.tasks(in: .test))
    #expect(findings.allSatisfy { $0.verdict != .wrong }, "\(findings)")
    #expect(findings.contains { $0.name == "fork" && $0.detail.contains("by copy") })
    let rewards = try #require(findings.first { $0.name == "rewards" })
    #expect(rewards.verdict == .fine, "\(rewards)")
    await world.close()
  }

  @Test(
    "What a program says wrongly",
    arguments: [
      (#"{"messages": [{"role": "robot", "content": "x"}]}"#, "role"), (#"{}"#, "without messages"),
      (#"{"messages": [{"role": "user", "content": "go on"}]}"#, "no result of the call call_"),
    ])
  func wrong(answer: String, words: String) async throws {
    let world = try await Self.world(
      ProcessWorldTests.program("return \(answer)", hello: "\"conversation\": True"))
    var (episode, _) = try await world.begin(try world.task("a"))
    let error = await #expect(throws: WorldError.self) {
      try await episode.step(try Self.answer(["{}"]))
    }
    #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
    await world.close()
  }

  @Test("Results without the id of a call belong to the calls in their order")
  func ids() async throws {
    let world = try await Self.world(
      ProcessWorldTests.program(
        #"return {"messages": [{"role": "tool", "content": "first"}, {"role": "tool", "content": "second"}]}"#,
        hello: "\"conversation\": True"))
    let (begun, opening) = try await world.begin(try world.task("a"))
    var episode = begun
    let action = try Self.answer(["{}", "{}"])
    let outcome = try await episode.step(action)
    var trajectory = Trajectory(task: try world.task("a"), opening: opening)
    trajectory.append(Step(response: action.text, action: action, outcome: outcome))
    let messages = try world.question(after: trajectory).body["messages"]?.items ?? []
    #expect(messages.suffix(2).compactMap { $0["tool_call_id"]?.text } == ["call_0", "call_1"])
    await world.close()
  }
}
