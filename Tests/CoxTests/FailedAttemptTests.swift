import Foundation
import GRDB
import TestSupport
import TestTraits
import Testing

@Suite("Commands whose attempts fail", .alone)
struct FailedAttemptCommandTests {
  private static func overflow(_ request: TestServer.Request) -> TestServer.Reply {
    .answer(
      400,
      #"{"error":{"message":"This model's maximum context length is 8 tokens.","type":"invalid_request_error","code":"context_length_exceeded"}}"#
    )
  }

  private static func reasons(_ json: [String: Any]) -> [[String: Any]] {
    ((json["failedAttempts"] as? [String: Any])?["reasons"] as? [[String: Any]]) ?? []
  }

  private static func count(_ json: [String: Any]) -> Int? {
    (json["failedAttempts"] as? [String: Any])?["count"] as? Int
  }

  @Test(
    "A collection in which every prompt overflows exits 1, says what to change, and never that steering cannot help")
  func everyPromptOverflows() async throws {
    let cox = try Command()
    defer { cox.clean() }
    try await TestServer.with(Self.overflow) { server in
      let file = try cox.write(OrderServer.configuration(server.url, tasks: 2), to: "c.yaml")
      let collected = try await cox.run(
        "collect", "--config", file, "--store", "s.sqlite", "--tasks", "0..<10", "--rollouts", "3", "--json", "-")
      #expect(collected.status == 1)
      #expect(collected.errors.contains("All 30 attempts failed") && collected.errors.contains("environment.history"))
      #expect(Self.count(collected.json) == 30 && collected.json["trajectories"] as? Int == 0)
      #expect(Self.reasons(collected.json).first?["reason"] as? String == "contextTooLong")
      #expect((collected.json["reward"] as? [String: Any])?["mean"] is NSNull)
      let told = try await cox.run(
        "collect", "--config", file, "--store", "s.sqlite", "--tasks", "0..<10", "--rollouts", "3", "--quiet")
      #expect(told.status == 1 && !told.output.contains("cannot help") && told.output.contains("reward –"))
      // There are no finished rollouts. The error repeats the reason of the failures.
      for verb in [["train"], ["plan", "--critic", "constant"], ["diagnose"]] {
        let next = try await cox.run(arguments: verb + ["--config", file, "--store", "s.sqlite", "--quiet"])
        #expect(
          next.status == 1 && next.errors.contains("the prompt exceeded the model's context"), "\(verb): \(next.errors)"
        )
      }
      let steered = try await cox.run(
        "steer", "--config", file, "--store", "s.sqlite", "--method", "best-of", "--particles", "2", "--json", "-")
      #expect(steered.status == 1 && Self.count(steered.json) == 4)
      #expect((steered.json["rewardBest"] as? [String: Any])?["mean"] is NSNull)
      let compared = try await cox.run(
        "compare", "--config", file, "--store", "s.sqlite", "--methods", "single,best-of", "--particles", "2", "--json",
        "-")
      let methods = compared.json["methods"] as? [[String: Any]] ?? []
      #expect(compared.status == 1 && methods.map(Self.count) == [2, 4])
      for text in [collected.output, steered.output, compared.output, told.output] {
        #expect(!text.contains("nan") && !text.contains("\"inf"))
      }
    }
  }

  @Test("Some that fail are counted apart; diagnose and train leave them out")
  func someOverflow() async throws {
    let cox = try Command()
    defer { cox.clean() }
    // The failure depends on the seed, so that repeated requests fail again.
    let reply: @Sendable (TestServer.Request) -> TestServer.Reply = { request in
      (request.json["seed"] as? Int ?? 0) % 16 == 0 ? Self.overflow(request) : OrderServer.answer(request)
    }
    try await TestServer.with(reply) { server in
      let file = try cox.write(
        OrderServer.configuration(server.url, tasks: 2, policy: "samplesPerCall: 1"), to: "c.yaml")
      let collected = try await cox.run(
        "collect", "--config", file, "--store", "s.sqlite", "--tasks", "0..<20", "--rollouts", "5", "--json", "-")
      let failed = try #require(Self.count(collected.json))
      #expect(collected.status == 0 && failed > 0 && failed < 50, "\(collected.errors)")
      #expect(collected.json["trajectories"] as? Int == 100 - failed)
      let mean = ((collected.json["reward"] as? [String: Any])?["mean"] as? Double) ?? 0
      let path = cox.folder.appendingPathComponent("s.sqlite").path
      let expected = try await DatabaseQueue(path: path).read { database in
        try Double.fetchOne(
          database,
          sql: "SELECT AVG(mean) FROM (SELECT AVG(reward) AS mean FROM trajectory WHERE failure IS NULL GROUP BY task)")
      }
      #expect(abs(mean - (expected ?? 0)) < 1e-9)
      let diagnosed = try await cox.run("diagnose", "--config", file, "--store", "s.sqlite", "--json", "-", "--quiet")
      #expect(diagnosed.status == 0 && Self.count(diagnosed.json) == failed, "\(diagnosed.errors)")
      #expect((diagnosed.json["diagnosis"] as? [String: Any])?["rollouts"] as? Int == 100 - failed)
      let table = try await cox.run("diagnose", "--config", file, "--store", "s.sqlite", "--quiet")
      #expect(table.output.contains("left out, failed"))
      let trained = try await cox.run("train", "--config", file, "--store", "s.sqlite")
      #expect(trained.status == 0 && trained.errors.contains("left out."), "\(trained.errors)")
    }
  }

  /// A world of one step; `body` answers the action `a` with a dictionary. It uses only the standard library.
  private static func world(_ body: String) -> String {
    let lines = """
      import json, sys, time
      hello = {"name": "w", "stepLimit": 2, "tasks": {"train": ["t%d" % i for i in range(10)]}}
      for line in sys.stdin:
          q = json.loads(line)
          a = q.get("action", "")
          r = {}
          if q["op"] == "hello": r = hello
          if q["op"] == "reset": r = {"observation": "start"}
          if q["op"] == "step":
      \(body.split(separator: "\n").map { "        " + $0 }.joined(separator: "\n"))
          print(json.dumps({"id": q["id"], **r}), flush=True)
      """
    return lines
  }

  private static func configuration(
    _ url: String, _ program: String, timeout: Double = 60, environment: String = ""
  ) -> String {
    """
    environment: { kind: process, command: [python3, "\(program)"], timeout: \(timeout)\(environment) }
    policy: { kind: openai, url: "\(url)", model: m, format: plain, samplesPerCall: 1 }
    """
  }

  private static func says(_ text: String) -> TestServer.Reply {
    .answer(
      200,
      #"{"choices":[{"index":0,"message":{"role":"assistant","content":"\#(text)"}}],"usage":{"prompt_tokens":4,"completion_tokens":1}}"#
    )
  }

  /// Answers "0" … "9", chosen by the request's seed.
  private static func digit(_ request: TestServer.Request) -> TestServer.Reply {
    says("\(OrderServer.mixed(UInt64(request.json["seed"] as? Int ?? 0)) % 10)")
  }

  @Test("A hanging step of the environment fails its attempt, and none of those beside it", .timeLimit(.minutes(30)))
  func hangs() async throws {
    let cox = try Command()
    defer { cox.clean() }
    let program = try cox.write(
      Self.world(
        """
        if a == "hang": time.sleep(600)
        r = {"observation": "end", "reward": 0.5, "done": True}
        """), to: "world.py")
    let reply: @Sendable (TestServer.Request) -> TestServer.Reply = { Self.says($0.number == 4 ? "hang" : "go") }
    try await TestServer.with(reply) { server in
      let file = try cox.write(Self.configuration(server.url, program, timeout: 5), to: "c.yaml")
      // All eight attempts run in one process, so the hanging attempt also loses the episodes of the others.
      let collected = try await cox.run(
        "collect", "--config", file, "--store", "s.sqlite", "--tasks", "0..<2", "--rollouts", "4", "--json", "-")
      #expect(collected.status == 0, "\(collected.errors)")
      #expect(Self.count(collected.json) == 1 && collected.json["trajectories"] as? Int == 7, "\(collected.output)")
      #expect((collected.json["reward"] as? [String: Any])?["mean"] as? Double == 0.5)
      let kinds = try await DatabaseQueue(path: cox.folder.appendingPathComponent("s.sqlite").path).read { database in
        try String.fetchAll(
          database,
          sql: """
            SELECT call.response || ' ' || COALESCE(failureKind, 'sound')
            FROM call JOIN trajectory USING (run, task, particle)
            """)
      }
      #expect(kinds.sorted() == Array(repeating: "go sound", count: 7) + ["hang environmentFailed"])
      let shown = try await cox.run("show", "last", "--store", "s.sqlite")
      #expect(shown.output.contains("failed"))
    }
  }

  @Test("environment.onError: stop ends the run with the first attempt whose environment fails")
  func stops() async throws {
    let cox = try Command()
    defer { cox.clean() }
    let program = try cox.write(
      Self.world(
        "r = {\"error\": \"the door is broken\"} if a == \"push\" else {\"observation\": \"end\", \"done\": True}"),
      to: "world.py")
    let reply: @Sendable (TestServer.Request) -> TestServer.Reply = { Self.says($0.number == 4 ? "push" : "go") }
    try await TestServer.with(reply) { server in
      let stopping = try cox.write(
        Self.configuration(server.url, program, environment: ", onError: stop"), to: "c.yaml")
      let stopped = try await cox.run(
        "collect", "--config", stopping, "--store", "s.sqlite", "--tasks", "0..<2", "--rollouts", "4", "--quiet")
      #expect(stopped.status == 1 && stopped.errors.contains("the door is broken"), "\(stopped.errors)")
    }
    let wrong = try cox.write(
      Self.configuration("http://127.0.0.1:1", program, environment: ", onError: go"), to: "w.yaml")
    let refused = try await cox.run("collect", "--config", wrong)
    #expect(refused.status == 2 && refused.errors.contains("environment.onError is not one of fail, stop"))
  }

  @Test("Absurd rewards fail their attempts, and nothing that is no number is printed")
  func absurdRewards() async throws {
    let cox = try Command()
    defer { cox.clean() }
    let program = try cox.write(
      Self.world(
        """
        r = {"observation": "end", "reward": {"1": 1e308, "2": -1e308, "3": 1e10}.get(a, int(a) / 10), "done": True}
        """), to: "world.py")
    try await TestServer.with(Self.digit) { server in
      let file = try cox.write(Self.configuration(server.url, program), to: "c.yaml")
      let collected = try await cox.run(
        "collect", "--config", file, "--store", "s.sqlite", "--rollouts", "6", "--json", "-")
      #expect(collected.status == 0, "\(collected.errors)")
      #expect(try #require(Self.count(collected.json)) > 3)
      #expect(Self.reasons(collected.json).map { $0["reason"] as? String } == ["badReward"])
      let mean = (collected.json["reward"] as? [String: Any])?["mean"] as? Double ?? -1
      #expect(mean > 0 && mean < 0.9)
      let table = try await cox.run("collect", "--config", file, "--store", "s.sqlite", "--rollouts", "6", "--quiet")
      #expect(!table.output.contains("∞") && !table.output.contains("nan") && !collected.output.contains("\"inf"))
    }
  }

  @Test("A reward model that returns 1e16 for every state is refused")
  func swampingCritic() async throws {
    let cox = try Command()
    defer { cox.clean() }
    let reply: @Sendable (TestServer.Request) -> TestServer.Reply = { request in
      guard request.path.hasSuffix("/pooling") else { return OrderServer.answer(request) }
      let texts = (request.json["input"] as? [String])?.count ?? 1
      let data = (0..<texts).map { #"{"index":\#($0),"data":[1e16]}"# }.joined(separator: ",")
      return .answer(200, #"{"data":[\#(data)]}"#)
    }
    try await TestServer.with(reply) { server in
      let file = try cox.write(
        OrderServer.configuration(server.url, tasks: 2, steering: "resample: { steps: [2] }")
          + "\ncritic: { kind: pooling, url: \"\(server.url)\", model: m }", to: "c.yaml")
      let steered = try await cox.run("steer", "--config", file, "--store", "s.sqlite", "--method", "amc", "--quiet")
      #expect(steered.status == 1 && steered.errors.contains("rewards are rounded away"), "\(steered.errors)")
    }
  }
}
