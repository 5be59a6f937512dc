import Foundation
import TestSupport
import TestTraits
import Testing

@Suite("cox init: a first configuration", .alone)
struct InitTests {
  @Test("The world it writes passes the check, and is steered with the bundled model's server replaced by another")
  func world() async throws {
    try await TestServer.with(CompareTests.reply) { server in
      let cox = try Command()
      defer { cox.clean() }
      let written = try await cox.run(
        "init", "--start", "world", "--url", server.url, "--model", "m", "--api-key-variable", "", "--no-try", "--json",
        "-")
      #expect(written.status == 0, "\(written.errors)")
      #expect(written.json["files"] as? [String] == ["coxswain.yaml", "world.py"])
      let check = try await cox.run("check-environment", "--config", "coxswain.yaml")
      #expect(check.status == 0 && !check.output.contains("WRONG"), "\(check.output)\(check.errors)")
      #expect(check.output.contains("by copy"), "\(check.output)")
      let collected = try await cox.run("collect", "--config", "coxswain.yaml", "--tasks", "0..<3", "--json", "-")
      #expect(collected.json["trajectories"] as? Int == 12, "\(collected.errors)")
      // Nothing is overwritten unless it is wanted.
      let again = try await cox.run(
        "init", "--start", "world", "--url", server.url, "--model", "m", "--api-key-variable", "", "--no-try")
      #expect(
        again.status == 2 && again.errors.contains("coxswain.yaml and world.py are in . already"), "\(again.errors)")
    }
  }

  @Test("The agent it writes runs behind the gateway")
  func agent() async throws {
    let reply: @Sendable (TestServer.Request) -> TestServer.Reply = { _ in
      .answer(
        200,
        #"{"choices":[{"index":0,"message":{"role":"assistant","content":"It is, answer: 42"}}],"usage":{"prompt_tokens":4,"completion_tokens":3}}"#
      )
    }
    try await TestServer.with(reply) { server in
      let cox = try Command()
      defer { cox.clean() }
      let written = try await cox.run(
        "init", "--start", "agent", "--url", server.url, "--model", "m", "--api-key-variable", "", "--folder", "new")
      #expect(written.status == 0 && written.output.contains("answers"), "\(written.errors)\(written.output)")
      let folder = cox.folder.appendingPathComponent("new").path
      let yaml = try String(contentsOfFile: "\(folder)/coxswain.yaml", encoding: .utf8)
        .replacing("[python3, agent.py]", with: "[python3, \(folder)/agent.py]")
        .replacing("tasks.jsonl", with: "\(folder)/tasks.jsonl")
      let file = try cox.write(yaml, to: "c.yaml")
      let result = try await cox.run(
        "steer", "--config", file, "--method", "best-of", "--particles", "2", "--tasks", "0..<2", "--json", "-")
      #expect(result.status == 0 && result.json["failedParticles"] as? Int == 0, "\(result.errors)")
      #expect((result.json["rewardBest"] as? [String: Any])?["mean"] as? Double == 0.2)
    }
  }

  @Test(
    "A server that does not answer is named, and nothing is written; what is missing is asked for on a terminal only")
  func wrong() async throws {
    let cox = try Command()
    defer { cox.clean() }
    let dead = try await cox.run(
      "init", "--start", "world", "--url", "http://127.0.0.1:9/v1", "--model", "m", "--api-key-variable", "")
    #expect(
      dead.status == 2 && dead.errors.contains("127.0.0.1:9") && dead.errors.contains("--no-try"), "\(dead.errors)")
    #expect(!FileManager.default.fileExists(atPath: cox.folder.appendingPathComponent("coxswain.yaml").path))
    let missing = try await cox.run("init", "--start", "world")
    #expect(missing.status == 2 && missing.errors.contains("--url"), "\(missing.errors)")
  }
}
