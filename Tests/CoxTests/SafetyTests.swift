import Foundation
import TestSupport
import TestTraits
import Testing
import Workbench

@Suite("Keys stay secret, hostile texts stay texts, wrong servers end in one sentence", .alone)
struct SafetyTests {
  static let key = "sk-planted/4f1b+9c7e2d"

  /// All files below a folder that contain the text.
  static func files(in folder: URL, with text: String) throws -> [String] {
    let wanted = Data(text.utf8)
    let found = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)
    return try (found?.allObjects as? [URL] ?? []).filter { url in
      var isFolder: ObjCBool = false
      guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder), !isFolder.boolValue else {
        return false
      }
      return try Data(contentsOf: url).range(of: wanted) != nil
    }.map(\.lastPathComponent)
  }

  /// Returns the key in answers, errors and headers.
  static func echoing(_ request: TestServer.Request) -> TestServer.Reply {
    // Some servers escape slashes unnecessarily.
    let key = request.number.isMultiple(of: 2) ? key.replacing("/", with: #"\/"#) : key
    if request.path.hasSuffix("/messages") {
      return .answer(
        200,
        #"{"type":"message","content":[{"type":"thinking","thinking":"\#(key)"},{"type":"text","text":"\#(key)"}],"usage":{"input_tokens":3,"output_tokens":1}}"#
      )
    }
    let headers = ["X-Echo": request.headers["authorization"] ?? "", "Location": "http://\(Self.key)"]
    switch request.number {
    case 3: return .answer(429, #"{"error":{"message":"too fast, \#(key)"}}"#, headers: headers)
    case 5: return .answer(500, "no luck \(key)", headers: headers)
    case 7: return .answer(200, "not json \(key)", headers: headers)
    default:
      return .answer(
        200,
        #"{"choices":[{"message":{"content":"\#(key)","reasoning_content":"I saw \#(key)"}}],"usage":{"prompt_tokens":3,"completion_tokens":1}}"#,
        headers: headers)
    }
  }

  @Test("A planted key is in no log, store, error, report, picture or help")
  func plantedKey() async throws {
    let cox = try Command()
    defer { cox.clean() }
    try await TestServer.with(Self.echoing) { server in
      let file = try cox.write(
        OrderServer.configuration(
          server.url, tasks: 2, policy: "apiKeyVariable: COX_TEST_KEY, samplesPerCall: 1, choices: validate"),
        to: "c.yaml")
      let environment = ["COX_TEST_KEY": Self.key]
      var texts = ""
      let messages = try cox.write(
        """
        environment: { kind: orders, tasks: { test: 0 } }
        policy: { kind: anthropic, url: "\(server.url)", model: m, format: plain, apiKeyVariable: COX_TEST_KEY }
        """, to: "m.yaml")
      for arguments in [
        [
          "compare", "--methods", "single,best-of,amc", "--critic", "constant", "--config", file, "--store", "s.sqlite",
          "--json", "out/c.json", "--chart", "out/c.svg", "--genealogy", "out/g", "--log-level", "trace",
        ],
        ["steer", "--method", "single", "--config", messages, "--store", "m.sqlite", "--log-level", "trace"],
        ["export", "--config", file, "--store", "s.sqlite", "--cassette", "out/c.jsonl"],
        ["doctor", "--policy", "--config", file, "--store", "s.sqlite", "--json", "out/d.json"], ["--help"],
        ["steer", "--help"],
      ] {
        let (process, output, errors) = try cox.start(arguments, environment: environment)
        let result = await Command.finish(process, output, errors)
        texts += result.output + result.errors
        if arguments[0] == "compare" {
          #expect(result.status == 0, "\(result.errors)")
          #expect(
            result.errors.contains("debug coxswain.calls: call ") && result.errors.contains("retries=1"),
            "\(result.errors)")
        }
      }
      #expect(
        server.requests.allSatisfy {
          $0.headers["authorization"] == "Bearer \(Self.key)" || $0.headers["x-api-key"] == Self.key
        })
      #expect(server.requests.contains { $0.path == "/v1/messages" })
      #expect(!texts.contains(Self.key))
      #expect(texts.contains("[key]"))
      #expect(try Self.files(in: cox.folder, with: Self.key) == [])
      #expect(try Self.files(in: cox.folder, with: "[key]").contains("s.sqlite"))
      #expect(try Self.files(in: cox.folder, with: "[key]").contains("m.sqlite"))

      for status in [400, 401, 403, 404] {
        let reply: @Sendable (TestServer.Request) -> TestServer.Reply = { _ in
          .answer(status, #"{"error":{"message":"\#(Self.key) is wrong"}}"#)
        }
        try await TestServer.with(reply) {
          server in
          let file = try cox.write(
            OrderServer.configuration(server.url, tasks: 2, policy: "apiKeyVariable: COX_TEST_KEY"), to: "e.yaml")
          let (process, output, errors) = try cox.start(
            ["steer", "--method", "single", "--config", file, "--store", "e.sqlite"], environment: environment)
          let result = await Command.finish(process, output, errors)
          #expect(result.status == 1 && !(result.errors + result.output).contains(Self.key), "\(result.errors)")
        }
      }
    }
  }

  @Test("A key where a variable's name belongs is not repeated, nor one in a URL")
  func misplacedKey() async throws {
    let cox = try Command()
    defer { cox.clean() }
    for policy in [
      "url: \"https://x.example/v1\", apiKeyVariable: \(Self.key)", "url: \"https://user:\(Self.key)@x.example/v1\"",
      "url: \"https://x.example/v1?key=\(Self.key)\"",
    ] {
      let file = try cox.write(
        "environment: { kind: orders, tasks: { test: 0 } }\npolicy: { kind: openai, model: m, \(policy) }", to: "c.yaml"
      )
      let result = try await cox.run("steer", "--method", "single", "--config", file, "--store", "s.sqlite")
      #expect(result.status == 2 && !result.errors.contains(Self.key), "\(result.errors)")
    }
  }

  @Test("Plain http goes to loopback alone, unless the configuration says so")
  func plainHTTP() async throws {
    let cox = try Command()
    defer { cox.clean() }
    func message(_ policy: String) async throws -> (Int32, String) {
      let file = try cox.write(
        "environment: { kind: orders, tasks: { test: 0 } }\npolicy: { kind: openai, model: m, attempts: 1, timeout: 2, \(policy) }",
        to: "c.yaml")
      let result = try await cox.run("steer", "--method", "single", "--config", file, "--store", "s.sqlite", "--quiet")
      return (result.status, result.errors)
    }
    let refused = try await message("url: \"http://192.0.2.1/v1\"")
    #expect(refused.0 == 2 && refused.1.contains("unencrypted") && refused.1.contains("allowPlainHTTP"), "\(refused.1)")
    let allowed = try await message("url: \"http://192.0.2.1:9/v1\", allowPlainHTTP: true")
    #expect(allowed.0 == 1 && !allowed.1.contains("unencrypted"), "\(allowed.1)")
  }

  @Test("A server that refuses the key: one call, one sentence, exit 1", arguments: [1, 64])
  func unauthorized(concurrency: Int) async throws {
    let cox = try Command()
    defer { cox.clean() }
    let reply: @Sendable (TestServer.Request) -> TestServer.Reply = { _ in .after(0.05, .answer(401, "{}")) }
    try await TestServer.with(reply) { server in
      let file = try cox.write(
        OrderServer.configuration(server.url, tasks: 32, policy: "concurrency: \(concurrency)"), to: "c.yaml")
      let result = try await cox.run(
        "steer", "--method", "best-of", "--config", file, "--store", "s.sqlite", "--quiet", "--json", "out.json")
      #expect(result.status == 1)
      #expect(server.requests.count == 1)
      #expect(result.errors.split(separator: "\n").count == 1)
      #expect(result.errors.contains("refused the API key") && result.errors.contains("policy.apiKeyVariable"))
    }
  }

  @Test("Ctrl-C sends nothing more, also where calls wait in line or for another try")
  func stopsInLine() async throws {
    let cox = try Command()
    defer { cox.clean() }
    // Every call after the first fails, so calls in flight wait for a retry.
    let reply: @Sendable (TestServer.Request) -> TestServer.Reply = {
      $0.number == 1 ? OrderServer.answer($0) : .answer(503, "", headers: ["Retry-After": "20"])
    }
    try await TestServer.with(reply) { server in
      let file = try cox.write(
        OrderServer.configuration(server.url, tasks: 8, policy: "concurrency: 4, samplesPerCall: 1"), to: "c.yaml")
      let (process, output, errors) = try cox.start([
        "steer", "--method", "best-of", "--config", file, "--store", "s.sqlite", "--quiet",
      ])
      for _ in 0..<1_000 where server.requests.count < 8 { try await Task.sleep(for: .milliseconds(10)) }
      try await Task.sleep(for: .milliseconds(300))
      let asked = server.requests.count
      kill(process.processIdentifier, SIGINT)
      let result = await Command.finish(process, output, errors)
      #expect(result.status == 1 && result.errors.contains("Run the same command to continue"), "\(result.errors)")
      #expect(server.requests.count == asked)
    }
  }

  @Test("A dead server: a clear end in bounded time")
  func dead() async throws {
    let cox = try Command()
    defer { cox.clean() }
    let file = try cox.write(
      OrderServer.configuration("http://127.0.0.1:9/v1", tasks: 32, policy: "concurrency: 32, deadline: 2"),
      to: "c.yaml")
    let result = try await cox.run("steer", "--method", "best-of", "--config", file, "--store", "s.sqlite", "--quiet")
    #expect(result.status == 1)
    for words in ["connection refused by 127.0.0.1:9", "policy.url", "policy.deadline (2 s)"] {
      #expect(result.errors.contains(words), "\(result.errors)")
    }
  }

  @Test("Control characters of a server are made visible on both streams, in the log and in JSON")
  func hostile() async throws {
    let cox = try Command()
    defer { cox.clean() }
    let evil = #"\u001b[2Jgone\u0007\u009b31m\u202e\r\nSecond line"#
    let answering: @Sendable (TestServer.Request) -> TestServer.Reply = { request in
      request.number == 2
        ? .answer(400, #"{"error":{"message":"\#(evil)"}}"#)
        : .answer(200, #"{"choices":[{"message":{"content":"\#(evil)"}}],"model":"\#(evil)"}"#)
    }
    for (json, form) in [("-", "text"), ("out.json", "json")] {
      try await TestServer.with(answering) { server in
        let file = try cox.write(
          OrderServer.configuration(server.url, tasks: 1, policy: "choices: validate, concurrency: 1"), to: "c.yaml")
        let result = try await cox.run(
          "steer", "--method", "single", "--config", file, "--store", "s\(json).sqlite", "--log-level", "trace",
          "--log-format", form, "--json", json)
        #expect(result.status == 1 && result.errors.contains("␛[2Jgone"), "\(result.errors)")
        for text in [result.errors, result.output] {
          let controls = text.unicodeScalars.filter {
            ($0.properties.generalCategory == .control || $0.properties.generalCategory == .format) && $0 != "\n"
          }
          #expect(controls.isEmpty)
        }
        let log = result.errors.split(separator: "\n").filter { $0.contains("call failed") }
        #expect(log.count == 1 && log[0].contains("Second line"))
        if form == "json" {
          let object = try JSONSerialization.jsonObject(with: Data((log.first ?? "").utf8)) as? [String: String]
          #expect(object?["message"] == "call failed" && object?["reason"]?.contains("\u{1B}[2Jgone") == true)
        }
        if json == "-" { #expect((result.json["stopped"] as? String)?.contains("\u{1B}[2Jgone") == true) }
      }
    }
  }

  @Test("The log as JSON lines: one object for each call at debug, with key, latency, tokens and retries")
  func log() async throws {
    let cox = try Command()
    defer { cox.clean() }
    let reply: @Sendable (TestServer.Request) -> TestServer.Reply = {
      $0.number == 2 ? .answer(500, "") : OrderServer.answer($0)
    }
    try await TestServer.with(reply) { server in
      let file = try cox.write(OrderServer.configuration(server.url, tasks: 2), to: "c.yaml")
      let result = try await cox.run(
        "steer", "--method", "single", "--config", file, "--store", "s.sqlite", "--quiet", "--log-level", "debug",
        "--log-format", "json")
      #expect(result.status == 0)
      let lines = try result.errors.split(separator: "\n").map {
        try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: String])
      }
      let calls = lines.filter { $0["message"] == "call" }
      #expect(calls.count == 10 && calls.allSatisfy { $0["level"] == "debug" && $0["label"] == "coxswain.calls" })
      #expect(calls.allSatisfy { $0["call"]?.hasSuffix("/0/\(($0["call"] ?? "").last ?? "x")") == true })
      #expect(calls.allSatisfy { $0["in"] == "40" && $0["out"] == "3" && (Double($0["seconds"] ?? "") ?? 0) > 0 })
      #expect(calls.map { $0["retries"] ?? "" }.sorted().last == "1")
      let quiet = try await cox.run("steer", "--method", "single", "--config", file, "--store", "s.sqlite", "--quiet")
      #expect(quiet.status == 0 && quiet.errors.isEmpty)
      let wrong = try await cox.run("steer", "--log-level", "loud")
      #expect(wrong.status == 2 && wrong.errors.contains("debug"))
    }
  }

  @Test("Costs and tokens by task, method and run; limits of tokens and money end in order and can be raised")
  func costs() async throws {
    let cox = try Command()
    defer { cox.clean() }
    let reply: @Sendable (TestServer.Request) -> TestServer.Reply = { .after(0.01, OrderServer.answer($0)) }
    try await TestServer.with(reply) { server in
      let file = try cox.write(
        OrderServer.configuration(
          server.url, tasks: 4,
          policy:
            "concurrency: 4, pricing: { inputPerMillion: 1000, cachedInputPerMillion: 100, outputPerMillion: 10000 }"),
        to: "c.yaml")
      let arguments = [
        "compare", "--methods", "single,best-of", "--config", file, "--store", "s.sqlite", "--json", "-",
      ]
      // A call costs at most 32 × 0.001 + 8 × 0.0001 + 3 × 0.01 = 0.0628 and takes at most 43 tokens.
      for (flag, most) in [("--limit-tokens", 1_000.0), ("--limit-cost", 2.5)] {
        let (process, output, errors) = try cox.start(arguments + [flag, "\(flag == "--limit-cost" ? "2.5" : "1000")"])
        let limited = await Command.finish(process, output, errors)
        #expect(limited.status == 3 && limited.errors.contains(flag), "\(limited.errors)")
        let total = try #require(limited.json["total"] as? [String: Any])
        let spent =
          flag == "--limit-cost"
          ? total["cost"] as? Double ?? 0
          : Double((total["inputTokens"] as? Int ?? 0) + (total["outputTokens"] as? Int ?? 0))
        // Calls in flight are counted at the mean of earlier calls. A limit is therefore exceeded by at most a few
        // calls' deviation.
        #expect(spent >= most && spent < most * 1.25, "\(flag) \(spent)")
      }
      let (process, output, errors) = try cox.start(arguments)
      let whole = await Command.finish(process, output, errors)
      #expect(whole.status == 0, "\(whole.errors)")
      let methods = try #require(whole.json["methods"] as? [[String: Any]])
      for method in methods {
        let rows = try #require(method["perTask"] as? [[String: Any]])
        for key in ["inputTokens", "cachedInputTokens", "outputTokens", "reasoningTokens", "policyCalls"] {
          #expect(rows.reduce(0) { $0 + ($1[key] as? Int ?? -1) } == method[key] as? Int, "\(key)")
        }
        let sum = rows.reduce(0) { $0 + ($1["cost"] as? Double ?? -1) }
        #expect(abs(sum - (method["cost"] as? Double ?? 0)) < 1e-9 && sum > 0)
      }
      // The single attempt is the first of best-of's eight, so the run is charged for it once.
      let total = try #require(whole.json["total"] as? [String: Any])
      #expect(total["policyCalls"] as? Int == 4 * 8 * 5 && methods[1]["policyCalls"] as? Int == 4 * 8 * 5)
      #expect(abs((total["cost"] as? Double ?? 0) - (methods[1]["cost"] as? Double ?? 1)) < 1e-9)
      let table = try await cox.run(
        "compare", "--methods", "single,best-of", "--config", file, "--store", "s.sqlite")
      #expect(table.output.contains("all, each answer once") && table.output.contains("saved"), "\(table.output)")
      #expect(table.errors.contains("cost ") && table.errors.contains(" in, "), "\(table.errors)")
    }
  }

  @Test("doctor --policy says what a server can do")
  func doctor() async throws {
    let cox = try Command()
    defer { cox.clean() }
    let reply: @Sendable (TestServer.Request) -> TestServer.Reply = { OrderServer.answer($0) }
    try await TestServer.with(reply) { server in
      let file = try cox.write(OrderServer.configuration(server.url, tasks: 1), to: "c.yaml")
      let result = try await cox.run("doctor", "--policy", "--config", file, "--store", "s.sqlite")
      for words in [
        "Policy, answers: in 0.", "Policy, usage: 40 input tokens (8 cached)", "yes      Policy, n",
        "yes      Policy, JSON schema", "no       Policy, grammar", "no       Policy, logprobs",
        "no       Policy, tools",
      ] { #expect(result.output.contains(words), "\(words) in \(result.output)") }
    }
    let dead = try cox.write(
      OrderServer.configuration("http://127.0.0.1:9/v1", tasks: 1, policy: "attempts: 1"), to: "dead.yaml")
    let result = try await cox.run("doctor", "--policy", "--config", dead, "--store", "s.sqlite")
    #expect(
      result.status == 1
        && result.output.contains("MISSING  Policy: The server is down: connection refused by 127.0.0.1:9"),
      "\(result.output)")
  }
}
