import Foundation
import TestSupport
import TestTraits
import Testing

@testable import Workbench
@testable import cox

@Suite("What was paid for is counted, kept and shown", .alone)
struct MoneyTests {
  /// The order server without any report of usage.
  static func silent(_ request: TestServer.Request) -> TestServer.Reply {
    guard case .answer(let status, let body, let headers) = OrderServer.answer(request) else { return .reset }
    return .answer(
      status, body.replacing(/,"usage":.*/, with: "}"), headers: headers)
  }

  @Test("A server that reports no usage: limits bind, figures are marked, the JSON counts what was estimated")
  func silentServer() async throws {
    let cox = try Command()
    defer { cox.clean() }
    try await TestServer.with(Self.silent) { server in
      let file = try cox.write(
        OrderServer.configuration(
          server.url, tasks: 4, policy: "pricing: { inputPerMillion: 1000, outputPerMillion: 1000 }"), to: "c.yaml")
      let arguments = ["compare", "--methods", "single,best-of", "--config", file]
      let whole = try await cox.run(arguments: arguments + ["--store", "whole.sqlite", "--json", "w.json"])
      #expect(whole.status == 0, "\(whole.errors)")
      #expect(whole.output.contains("≈") && whole.output.contains("estimated from the text"), "\(whole.output)")
      #expect(whole.errors.contains("cost ≈"), "\(whole.errors)")
      let data = try Data(contentsOf: cox.folder.appendingPathComponent("w.json"))
      let json = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
      let total = try #require(json["total"] as? [String: Any])
      let tokens = (total["inputTokens"] as? Int ?? 0) + (total["outputTokens"] as? Int ?? 0)
      #expect(tokens > 1_000 && total["estimatedTokens"] as? Int == tokens)
      #expect(abs((total["cost"] as? Double ?? 0) - Double(tokens) / 1_000) < 1e-6)
      let limit = Double(tokens) / 2_000
      let limited = try await cox.run(arguments: arguments + ["--store", "l.sqlite", "--limit-cost", "\(limit)"])
      #expect(limited.status == 3 && limited.errors.contains("--limit-cost"), "\(limited.errors)")
      #expect(limited.errors.contains("by an estimate from the text"))
      let collected = try await cox.run(
        "collect", "--config", file, "--store", "c.sqlite", "--tasks", "0,1", "--rollouts", "2", "--json", "-")
      #expect((collected.json["estimatedTokens"] as? Int ?? 0) > 0)
    }
  }

  @Test("Results are there before pictures: a folder that cannot be made costs no table and no JSON")
  func pictures() async throws {
    let cox = try Command()
    defer { cox.clean() }
    try await TestServer.with(OrderServer.answer) { server in
      let file = try cox.write(OrderServer.configuration(server.url, tasks: 2), to: "c.yaml")
      _ = try cox.write("in the way", to: "file")
      for arguments in [
        ["steer", "--method", "best-of", "--genealogy", "file/g"],
        ["compare", "--methods", "single,best-of", "--chart", "file/c.svg"],
      ] {
        let result = try await cox.run(
          arguments: arguments + ["--config", file, "--store", "s.sqlite", "--json", "r.json"])
        #expect(result.status == 2 && result.errors.contains("Could not write"), "\(result.errors)")
        #expect(result.output.contains("best reward"), "\(result.output)")
        let json = cox.folder.appendingPathComponent("r.json")
        #expect(try Data(contentsOf: json).count > 100)
        try FileManager.default.removeItem(at: json)
        // A JSON file that cannot be written does not suppress the table.
        let table = try await cox.run(
          arguments: [arguments[0], "--config", file, "--store", "s.sqlite", "--json", "file/r.json"]
            + arguments.prefix(3).suffix(2))
        #expect(table.status == 2 && table.output.contains("best reward"), "\(table.output)")
      }
    }
  }

  @Test(
    "Task ids of 5,000 characters, and ids that look alike: files have bounded names, runs continue, nothing is paid twice"
  )
  func names() async throws {
    let cox = try Command()
    defer { cox.clean() }
    let program = try cox.write(
      """
      import json, sys
      names = ["x" * 5000, "\\u00e9" * 3000, "caf\\u00e9", "cafe\\u0301", "../../etc/passwd"]
      for line in sys.stdin:
          q = json.loads(line)
          if q["op"] == "hello": a = {"name": "t", "tasks": {"test": names}, "stepLimit": 2, "maximalReward": 1}
          elif q["op"] == "reset": a = {"observation": "Choose.", "choices": ["a", "b"]}
          elif q["op"] == "step": a = {"observation": "Done.", "reward": 1.0 * (q["action"] == "a"), "done": True}
          else: a = {}
          print(json.dumps({"id": q["id"], **a}), flush=True)
      """, to: "world.py")
    try await TestServer.with(OrderServer.answer) { server in
      let file = try cox.write(
        """
        environment: { kind: process, command: [python3, "\(program)"] }
        policy: { kind: openai, url: "\(server.url)", model: m, format: plain }
        steering: { particles: 4, answer: sample }
        """, to: "c.yaml")
      let arguments = [
        "steer", "--method", "best-of", "--config", file, "--store", "s.sqlite", "--genealogy", "g", "--json", "-",
      ]
      let first = try await cox.run(arguments: arguments)
      #expect(first.status == 0, "\(first.errors)")
      let asked = server.requests.count
      let again = try await cox.run(arguments: arguments)
      #expect(again.status == 0, "\(again.errors)")
      #expect(server.requests.count == asked && asked > 0)
      #expect(ResumeTests.lasting(again.json) == ResumeTests.lasting(first.json))
      let pictures = try FileManager.default.contentsOfDirectory(atPath: cox.folder.appendingPathComponent("g").path)
      #expect(pictures.count == 5 && pictures.allSatisfy { $0.utf8.count < 120 }, "\(pictures)")
      let tasks = try await cox.run("show", "last", "--store", "s.sqlite", "--json", "-")
      let list = try #require(try JSONSerialization.jsonObject(with: Data(tasks.output.utf8)) as? [[String: Any]])
      #expect(list.count == 5)
    }
  }

  @Test("A store that is deleted during a run ends it with what was saved")
  func deleted() async throws {
    let cox = try Command()
    defer { cox.clean() }
    let reply: @Sendable (TestServer.Request) -> TestServer.Reply = { .after(0.05, OrderServer.answer($0)) }
    try await TestServer.with(reply) { server in
      let file = try cox.write(
        OrderServer.configuration(server.url, tasks: 20, policy: "samplesPerCall: 1, concurrency: 2"), to: "c.yaml")
      let arguments = ["steer", "--method", "best-of", "--config", file, "--store", "d/s.sqlite", "--quiet"]
      let (process, output, errors) = try cox.start(arguments)
      for _ in 0..<1_000 where server.requests.count < 10 { try await Task.sleep(for: .milliseconds(10)) }
      try FileManager.default.removeItem(at: cox.folder.appendingPathComponent("d"))
      let result = await Command.finish(process, output, errors)
      #expect(result.status == 1 && result.errors.contains("was deleted, moved or replaced"), "\(result.errors)")
      let asked = server.requests.count
      #expect(asked < 100)
      let folder = cox.folder.appendingPathComponent("d")
      try FileManager.default.moveItem(
        at: folder.appendingPathComponent("s.sqlite.rescued"), to: folder.appendingPathComponent("s.sqlite"))
      let kept = try await ResumeTests.count(
        folder.appendingPathComponent("s.sqlite").path, "SELECT COUNT(*) FROM call")
      // Only calls in flight are lost: two at the time of deletion, and two that began before the deletion was
      // detected.
      #expect(kept >= asked - 4 && kept >= 8, "\(kept) of \(asked)")
      let limited = try await cox.run(arguments: arguments + ["--limit-calls", "\(kept)"])
      #expect(limited.status == 3 && server.requests.count == asked, "\(limited.errors)")
    }
  }

  @Test("Two processes, one of them through a link, never both pay", arguments: ["symbolic", "hard"])
  func links(kind: String) async throws {
    let cox = try Command()
    defer { cox.clean() }
    let reply: @Sendable (TestServer.Request) -> TestServer.Reply = { .after(0.05, OrderServer.answer($0)) }
    try await TestServer.with(reply) { server in
      let file = try cox.write(
        OrderServer.configuration(server.url, tasks: 3, policy: "samplesPerCall: 1, concurrency: 2"), to: "c.yaml")
      func arguments(_ store: String) -> [String] {
        ["steer", "--method", "single", "--config", file, "--store", store, "--quiet", "--json", "-"]
      }
      let (process, output, errors) = try cox.start(arguments("s.sqlite"))
      for _ in 0..<1_000 where server.requests.isEmpty { try await Task.sleep(for: .milliseconds(10)) }
      let (path, link) = ("s.sqlite", "t.sqlite")
      let files = FileManager.default
      let place = { (name: String) in cox.folder.appendingPathComponent(name).path }
      if kind == "hard" {
        try files.linkItem(atPath: place(path), toPath: place(link))
      } else {
        try files.createSymbolicLink(atPath: place(link), withDestinationPath: place(path))
      }
      let second = try await cox.run(arguments: arguments(link))
      #expect(second.status == 1 && second.errors.contains("Another process"), "\(second.errors)")
      let first = await Command.finish(process, output, errors)
      #expect(first.status == 0, "\(first.errors)")
      #expect(server.requests.count == 15)
      let last = try await cox.run(arguments: arguments(link))
      #expect(last.status == 0 && server.requests.count == 15, "\(last.errors)")
    }
  }
}
