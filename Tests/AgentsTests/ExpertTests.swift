import Testing

@testable import Agents
@testable import Policies

@Suite("Experts")
struct ExpertTests {
  /// The solution is two words in order. Some tasks have no solution.
  struct Words: ExpertWorld {
    let identity = WorldIdentity(kind: "words")
    let maximalReward: Double? = 1

    func tasks(in split: Split) -> [AgentTask] { [] }
    func task(_ id: TaskID) throws(WorldError) -> AgentTask {
      guard id != "none" else { throw WorldError(.unknownTask, "There is no task none.") }
      return AgentTask(id: id, request: "", stepLimit: 2)
    }
    func begin(_ task: AgentTask) throws(WorldError) -> (episode: any Episode, observation: Observation) {
      (ClosureEpisode(state: 0) { _, _ in Outcome(Observation("")) }, Observation(""))
    }
    func solution(of task: AgentTask) -> [String]? { task.id == "hard" ? nil : ["get 2 oak log", "look around"] }
  }

  static func answer(
    _ task: TaskID, step: Int, format: ActionFormat = .plain, choices: [String]? = nil
  ) async throws(PolicyError) -> String {
    let policy = ExpertPolicy(world: Words(), format: format)
    let key = CallKey(run: "r", task: task, particle: 0, step: step)
    let request = PolicyRequest(
      transcript: Transcript(), choices: choices, tools: format == .tools ? ToolTests.tools : [], seed: Seed(0),
      key: key)
    return try await policy.respond(to: request).text
  }

  @Test("Step k is answered with the solution's action k, in the form of the format")
  func answers() async throws {
    #expect(try await Self.answer("a", step: 0) == "get 2 oak log")
    #expect(try await Self.answer("a", step: 1) == "look around")
    #expect(try await Self.answer("a", step: 1, format: .react) == "Action: look around")
    #expect(
      try await Self.answer("a", step: 0, format: .tools)
        == #"<tool_call>{"name":"get","arguments":{"count":"2","item":"oak log"}}</tool_call>"#)
    #expect(try await Self.answer("a", step: 1, choices: ["look around", "wait"]) == "look around")
  }

  @Test(
    "Where it has no answer it says why",
    arguments: [
      ("hard", 0, nil, "no solution"), ("a", 2, nil, "has 2 steps"), ("none", 0, nil, "no task"),
      ("a", 0, ["wait"], "none of the choices"),
    ] as [(TaskID, Int, [String]?, String)])
  func refusals(task: TaskID, step: Int, choices: [String]?, words: String) async throws {
    let error = await #expect(throws: PolicyError.self) {
      try await Self.answer(task, step: step, choices: choices)
    }
    #expect(error?.kind == .badRequest && error?.message.contains(words) == true, "\(String(describing: error))")
  }

  @Test func itsIdentityIsNobodyElses() {
    #expect(ExpertPolicy(world: Words()).identity == "expert")
    #expect(ExpertPolicy(world: Words(), format: .react).identity == "expert, react")
    #expect(ExpertPolicy(world: Words()).computesAnswers)
    #expect(!ClosurePolicy("c") { _ in PolicyResponse("") }.computesAnswers)
  }

  @Test(
    "What is written is read as the same action, or not written at all",
    arguments: [
      ("get 2 oak log", true), ("look around", true), ("get 2", false), ("get  2", false), ("fly", false),
      ("look around twice", false), ("", false),
    ])
  func writing(action: String, hasTool: Bool) {
    for format in ActionFormat.allCases {
      let tools = format == .tools ? ToolTests.tools : []
      let text = format.response(for: action, tools: tools)
      let fits = format == .tools ? hasTool : action != "" && !action.isEmpty
      #expect((text != nil) == fits, "\(format)")
      if let text { #expect(format.action(in: text, choices: nil, tools: tools) == .act(action)) }
    }
    #expect(ActionFormat.react.response(for: "two\nlines") == nil)
  }
}
