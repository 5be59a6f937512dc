import Foundation
import TestSupport
import TestTraits
import Testing

@Suite("cox run: the whole way under one budget", .alone)
struct RunAllTests {
  @Test(
    "It collects, trains, diagnoses, plans and compares; run again it asks for nothing; a limit holds for all of it")
  func wholeWay() async throws {
    try await TestServer.with(CompareTests.reply) { server in
      let cox = try Command()
      defer { cox.clean() }
      let file = try cox.write(
        OrderServer.configuration(server.url, tasks: 6, policy: "concurrency: 16, samplesPerCall: 1"), to: "c.yaml")
      let arguments = [
        "run", "--config", file, "--rollouts", "4", "--store", "s.sqlite", "--work", PlanCommandTests.work,
      ]
      let limited = try await cox.run(arguments: arguments + ["--limit-calls", "100"])
      #expect(limited.status == 3 && limited.errors.contains("--limit-calls"), "\(limited.errors)")
      #expect(server.requests.count <= 116)
      let whole = try await cox.run(arguments: arguments + ["--json", "run.json"])
      #expect(whole.status == 0, "\(whole.errors)")
      for words in [
        "1/5  Collect: 4 attempts at each of 40 train tasks, at most 800 calls", "2/5", "3/5", "4/5", "5/5",
      ] {
        #expect(whole.output.contains(words), "\(words): \(whole.output)")
      }
      let json = try #require(
        try JSONSerialization.jsonObject(
          with: Data(contentsOf: cox.folder.appendingPathComponent("run.json"))) as? [String: Any])
      #expect(json["reached"] as? String == "compare" && json["ended"] == nil)
      #expect(json["method"] is String && (json["comparison"] as? [String: Any])?["methods"] is [Any])
      let asked = server.requests.count
      let again = try await cox.run(arguments: arguments)
      #expect(again.status == 0 && server.requests.count == asked, "\(again.errors)")
    }
  }

  @Test("Where all attempts end alike it ends after the diagnosis, and no test task is tried")
  func nothingToSelect() async throws {
    // Every answer is the first choice.
    let reply: @Sendable (TestServer.Request) -> TestServer.Reply = { request in
      let first = OrderServer.choices(request.json).first ?? "?"
      let count = request.json["n"] as? Int ?? 1
      let answers = (0..<count).map {
        #"{"index":\#($0),"message":{"role":"assistant","content":"{\"choice\":\"\#(first)\"}"}}"#
      }
      return .answer(
        200,
        #"{"choices":[\#(answers.joined(separator: ","))],"usage":{"prompt_tokens":40,"completion_tokens":3}}"#)
    }
    try await TestServer.with(reply) { server in
      let cox = try Command()
      defer { cox.clean() }
      let file = try cox.write(OrderServer.configuration(server.url, tasks: 6), to: "c.yaml")
      let result = try await cox.run("run", "--config", file, "--store", "s.sqlite", "--json", "-")
      #expect(result.status == 0, "\(result.errors)")
      #expect(result.json["reached"] as? String == "diagnose")
      #expect((result.json["ended"] as? String)?.contains("nothing to select") == true, "\(result.json)")
      #expect(result.json["policyCalls"] as? Int == 40 * 4 * 5)
    }
  }
}
