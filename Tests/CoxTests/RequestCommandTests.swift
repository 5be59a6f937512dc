import Agents
import Foundation
import GRDB
import RolloutStore
import TestSupport
import TestTraits
import Testing

@Suite("Runs against a server that is strict about what it is sent", .alone)
struct RequestCommandTests {
  /// The server of a model that thinks. It rejects a blank turn, a tool call without its thoughts, and a temperature.
  /// Every third answer is blank.
  static func strict(_ request: TestServer.Request) -> TestServer.Reply {
    func refuse(_ words: String) -> TestServer.Reply { .answer(400, #"{"error":{"message":"\#(words)"}}"#) }
    if request.json["temperature"] != nil {
      return refuse("Unsupported parameter: 'temperature' is not supported with this model.")
    }
    for message in request.json["messages"] as? [[String: Any]] ?? [] where message["role"] as? String == "assistant" {
      if message["tool_calls"] != nil {
        guard message["reasoning_content"] as? String == "hm" else {
          return refuse("The `reasoning_content` in the thinking mode must be passed back to the API.")
        }
      } else if (message["content"] as? String ?? "").allSatisfy(\.isWhitespace) {
        return refuse("Invalid assistant message: content or tool_calls must be set")
      }
    }
    let seed = OrderServer.mixed(UInt64(request.json["seed"] as? Int ?? 0))
    let choices = choices(request.json)
    guard seed % 3 > 0, !choices.isEmpty else {
      return .answer(
        200, #"{"choices":[{"message":{"content":""}}],"usage":{"prompt_tokens":9,"completion_tokens":1}}"#)
    }
    let pick = choices[Int(seed >> 8) % choices.count]
    return .answer(
      200,
      #"""
      {"choices":[{"message":{"content":null,"reasoning_content":"hm","tool_calls":[{"id":"call_0","type":"function",
      "function":{"name":"act","arguments":"{\"action\":\"\#(pick)\"}"}}]}}],
      "usage":{"prompt_tokens":9,"completion_tokens":5}}
      """#)
  }

  static func choices(_ json: [String: Any]) -> [String] {
    let function = (json["tools"] as? [[String: Any]])?.first?["function"] as? [String: Any]
    let parameters = function?["parameters"] as? [String: Any]
    let action = (parameters?["properties"] as? [String: Any])?["action"] as? [String: Any]
    return action?["enum"] as? [String] ?? []
  }

  static func configuration(_ url: String) -> String {
    """
    environment: { kind: process, command: [python3, "\(Command.root.path)/Examples/Maze/maze.py"], tasks: { train: "0..<3" } }
    policy: { kind: openai, url: "\(url)", model: m, format: tools, concurrency: 4, samplesPerCall: 1,
              apiKeyVariable: COX_TEST_KEY, apiKeyHeader: api-key, query: { api-version: 2024-10-21 },
              headers: { X-Project: demo, X-Gateway: "Token ${COX_TEST_TOKEN}" } }
    """
  }

  static let environment = ["COX_TEST_KEY": "planted-secret", "COX_TEST_TOKEN": "planted-token"]

  @Test("Blank answers and thoughts are survived, and a run that was stopped goes on with the thoughts it stored")
  func strictServer() async throws {
    let cox = try Command()
    defer { cox.clean() }
    try await TestServer.with(Self.strict) { server in
      let file = try cox.write(Self.configuration(server.url), to: "c.yaml")
      func collect(_ store: String, _ more: String...) async throws -> Command.Result {
        let (process, output, errors) = try cox.start(
          ["collect", "--config", file, "--rollouts", "3", "--store", store, "--json", "-"] + more,
          environment: Self.environment)
        return await Command.finish(process, output, errors)
      }
      let whole = try await collect("whole.sqlite")
      #expect(whole.status == 0, "\(whole.errors)")
      let bodies = server.requests.map { String(decoding: $0.body, as: UTF8.self) }
      #expect(bodies.contains { $0.contains("(no answer)") } && bodies.contains { $0.contains("reasoning_content") })
      for request in server.requests {
        #expect(request.path == "/v1/chat/completions?api-version=2024-10-21")
        #expect(request.headers["api-key"] == "planted-secret" && request.headers["authorization"] == nil)
        #expect(request.headers["x-gateway"] == "Token planted-token" && request.headers["x-project"] == "demo")
      }
      let stopped = try await collect("parts.sqlite", "--limit-calls", "20")
      #expect(stopped.status == 3, "\(stopped.errors)")
      let resumed = try await collect("parts.sqlite")
      #expect(resumed.status == 0, "\(resumed.errors)")
      #expect(resumed.json["reward"] as? NSObject == whole.json["reward"] as? NSObject)
      #expect(resumed.json["trajectories"] as? Int == 9)
      func answers(_ store: String) async throws -> [String] {
        try await DatabaseQueue(path: cox.folder.appendingPathComponent(store).path).read { database in
          try String.fetchAll(
            database,
            sql: """
              SELECT task || particle || '/' || step || response || promptDigest || COALESCE(continuation, '') FROM call
              ORDER BY task, particle, step
              """)
        }
      }
      let all = try await answers("whole.sqlite")
      #expect(try await answers("parts.sqlite") == all && all.contains { $0.hasSuffix(#"{"reasoning_content":"hm"}"#) })
      #expect(![whole, stopped, resumed].contains { ($0.output + $0.errors).contains("planted") })
    }
  }

  @Test("What is stored of a prompt is what the server got")
  func prompts() async throws {
    let cox = try Command()
    defer { cox.clean() }
    try await TestServer.with(OrderServer.answer) { server in
      let file = try cox.write(OrderServer.configuration(server.url, tasks: 2), to: "c.yaml")
      let result = try await cox.run(
        "steer", "--config", file, "--method", "best-of", "--particles", "3", "--store", "s.sqlite")
      #expect(result.status == 0, "\(result.errors)")
      let sent = Set(
        server.requests.map { request in
          let messages = request.json["messages"] as? [[String: Any]] ?? []
          return messages.map { "\($0["role"] ?? "?"): \($0["content"] ?? "?")" } + OrderServer.choices(request.json)
        })
      let store = try RolloutStore(path: cox.folder.appendingPathComponent("s.sqlite").path, creating: false)
      let keys = try await DatabaseQueue(path: store.path).read { database in
        try Row.fetchAll(database, sql: "SELECT run, task, particle, step FROM calls").map {
          CallKey(run: $0["run"], task: TaskID($0["task"]), particle: $0["particle"], step: $0["step"])
        }
      }
      var stored: Set<[String]> = []
      for key in keys {
        let parts = try #require(try await store.prompt(of: key))
        var lines: [String] = []
        for part in parts {
          switch part.role {
          case .instructions: lines.append("system: \(part.text)")
          case .prompt: lines.append("user: \(part.text)")
          case .response: lines.append("assistant: \(part.text)")
          case .choices: lines += try JSONDecoder().decode([String].self, from: Data(part.text.utf8))
          case .tools: break
          }
        }
        stored.insert(lines)
      }
      #expect(keys.count == 30 && stored == sent && sent.count > 2)
    }
  }

  @Test("What a variable of the configuration lacks is said, and doctor says it, too")
  func missingVariable() async throws {
    let cox = try Command()
    defer { cox.clean() }
    let file = try cox.write(Self.configuration("http://127.0.0.1:9/v1"), to: "c.yaml")
    let result = try await cox.run(
      "collect", "--config", file, "--store", "s.sqlite", environment: ["COX_TEST_KEY": "planted-secret"])
    #expect(result.status == 2 && result.errors.contains("COX_TEST_TOKEN"), "\(result.errors)")
    #expect(result.errors.contains("policy.headers") && !result.errors.contains("planted"))
  }
}
