import Agents
import Constraints
import Dialects
import Foundation
import ModelFiles
import Tensors
import TestTraits
import Testing

@testable import OpenWeights

/// The bundled model is asked with tools.
@Suite(.modelsInProcess, .enabled(if: Places.model != nil), .serialized)
struct ToolPolicyTests {
  static let tools = [
    ActionTool(
      "get_item", "Takes items from the shelf.",
      parameters: [
        .init("count", "How many items.", choices: ["1", "2", "3"]),
        .init("item", "Which item.", choices: ["log", "stick", "iron ingot"]),
      ], template: "get {count} {item}"),
    ActionTool("look", "Looks around.", template: "look"),
  ]

  @TensorActor
  static func policy(_ steering: AnswerSteering?, format: ActionFormat, maxTokens: Int = 72) throws -> MLXPolicy {
    let loaded = try RealModelTests.loaded()
    return try MLXPolicy(
      loaded, encoder: try PromptEncoder(loaded.files, api: .chat, format: format, maxTokens: maxTokens),
      sampling: Sampling(maxTokens: maxTokens), settings: .init(cacheBytes: 256 << 20), steering: steering)
  }

  static func request(_ seed: UInt64, tools: [ActionTool] = tools) -> PolicyRequest {
    PolicyRequest(
      transcript: Transcript(entries: [.prompt("You need two sticks. What do you do?")]), tools: tools,
      seed: Seed(seed), key: CallKey(run: "r", task: "t", particle: 0, step: 0))
  }

  static func question(_ seed: UInt64, choice: OrderedJSON) -> PolicyRequest {
    let body: OrderedJSON = [
      "model": "m", "messages": [["role": "user", "content": "Where is order 17, and what is the weather in Rome?"]],
      "tools": [
        [
          "type": "function",
          "function": [
            "name": "find_order", "description": "Finds an order by its number.",
            "parameters": [
              "type": "object", "properties": ["number": ["type": "integer", "minimum": 1, "maximum": 999]],
              "required": ["number"],
            ],
          ],
        ],
        [
          "type": "function",
          "function": [
            "name": "weather", "description": "The weather in cities.",
            "parameters": [
              "type": "object",
              "properties": [
                "cities": ["type": "array", "items": ["enum": ["Rome", "Oslo"]], "minItems": 1, "maxItems": 2],
                "unit": ["enum": ["C", "F"]],
              ], "required": ["cities"],
            ],
          ],
        ],
      ], "tool_choice": choice,
    ]
    var request = request(seed, tools: [])
    request.question = ModelQuestion(dialect: .chat, body: body)
    return request
  }

  @TensorActor @Test func everyAnswerIsAValidAction() async throws {
    let policy = try Self.policy(AnswerSteering(holdsCalls: true, particles: 3), format: .tools)
    #expect(policy.identity.hasSuffix(" tools"))
    for seed in 0..<3 {
      let answer = try await policy.respond(to: Self.request(UInt64(seed))).text
      let action = ActionFormat.tools.action(in: answer, choices: nil, tools: Self.tools)
      #expect(action.text.wholeMatch(of: /look|get [123] (log|stick|iron ingot)/) != nil, "\(answer)")
      #expect(action.isParsed && answer.hasPrefix("<tool_call>") && answer.hasSuffix("</tool_call>"))
    }
  }

  /// What an agent gets back is a call with arguments that its own schema accepts.
  @TensorActor @Test func agentsGetValidCalls() async throws {
    let policy = try Self.policy(AnswerSteering(holdsCalls: true, particles: 3), format: .react)
    for (seed, choice) in [OrderedJSON](["required", "required", "auto"]).enumerated() {
      let text = try await policy.respond(to: Self.question(UInt64(seed), choice: choice)).text
      let message = ModelAnswer(.answer(text, inFull: nil), number: 0).body["choices"]?.items?.first?["message"]
      let calls = message?["tool_calls"]?.items ?? []
      #expect(calls.count == 1 || choice == "auto" && !text.contains("<tool_call>"), "\(text)")
      for call in calls {
        let arguments = try #require(OrderedJSON(parsing: call["function"]?["arguments"]?.text ?? ""))
        switch call["function"]?["name"]?.text {
        case "find_order": #expect((arguments["number"]?.integer).map { (1...999).contains($0) } == true)
        case "weather":
          let cities = arguments["cities"]?.items?.compactMap(\.text) ?? []
          #expect((1...2).contains(cities.count) && Set(cities).isSubset(of: ["Rome", "Oslo"]))
          let keys = arguments.members?.map(\.key) ?? []
          #expect(Set(keys).isSubset(of: ["cities", "unit"]))
        case let name: Issue.record("a call of \(name ?? "nothing")")
        }
      }
    }
  }

  @TensorActor @Test func answersNeedNoConstraint() async throws {
    let policy = try Self.policy(nil, format: .tools, maxTokens: 16)
    let answer = try await policy.respond(to: Self.request(1))
    #expect(answer.usage.outputTokens > 0 && answer.usage.inputTokens > 150)
    #expect(answer.logProbability != nil)
  }

  @TensorActor @Test func aConstraintNeedsTools() async throws {
    let policy = try Self.policy(AnswerSteering(holdsCalls: true, particles: 2), format: .react, maxTokens: 4)
    let error = await #expect(throws: PolicyError.self) { try await policy.respond(to: Self.request(1, tools: [])) }
    #expect(error?.kind == .badRequest && error?.message.contains("set policy.format to tools") == true)
    // An agent that forbids calls gets a text.
    #expect(try await policy.respond(to: Self.question(1, choice: "none")).usage.outputTokens > 0)
  }
}
