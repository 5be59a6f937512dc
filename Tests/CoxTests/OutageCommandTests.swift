import Foundation
import HTTP
import TestSupport
import TestTraits
import Testing

@Suite("Stops, few files and answers that were cut off, as a user meets them", .alone)
struct OutageCommandTests {
  static let bestOf = ["steer", "--method", "best-of", "--store", "s.sqlite", "--quiet", "--json", "-", "--config"]

  @Test("A process that is stopped for longer than its deadline goes on where it was")
  func stopped() async throws {
    let cox = try Command()
    defer { cox.clean() }
    let reply: @Sendable (TestServer.Request) -> TestServer.Reply = { .after(0.3, OrderServer.answer($0)) }
    try await TestServer.with(reply) { server in
      let file = try cox.write(
        OrderServer.configuration(
          server.url, tasks: 4, policy: "concurrency: 8, samplesPerCall: 1, attempts: 3, timeout: 5, deadline: 5"),
        to: "c.yaml")
      let (process, output, errors) = try cox.start(Self.bestOf + [file])
      for _ in 0..<2_000 where server.requests.count < 12 { try await Task.sleep(for: .milliseconds(5)) }
      kill(process.processIdentifier, SIGSTOP)
      try await Task.sleep(for: .seconds(7))
      let asked = server.requests.count
      kill(process.processIdentifier, SIGCONT)
      let result = await Command.finish(process, output, errors)
      #expect(result.status == 0 && result.json["failedParticles"] as? Int == 0, "\(result.errors)")
      // Answers that arrived during the stop are read, and every call is paid for once.
      #expect(result.json["policyCalls"] as? Int == 4 * 8 * 5 && server.requests.count == 4 * 8 * 5, "\(asked)")
    }
  }

  /// Runs with a limit on open files, set with `ulimit -n`.
  static func limited(_ cox: Command, files: Int, _ arguments: [String]) async throws -> Command.Result {
    let script = ["-c", "ulimit -n \(files) && exec \"$0\" \"$@\"", Command.program("cox").path]
    let (process, output, errors) = try cox.start(script + arguments, at: "/bin/bash")
    return await Command.finish(process, output, errors)
  }

  @Test("With fewer files than calls at a time, fewer calls are made at a time, and that is said")
  func files() async throws {
    let cox = try Command()
    defer { cox.clean() }
    let reply: @Sendable (TestServer.Request) -> TestServer.Reply = { .after(0.02, OrderServer.answer($0)) }
    try await TestServer.with(reply) { server in
      let file = try cox.write(
        OrderServer.configuration(server.url, tasks: 8, policy: "concurrency: 400, samplesPerCall: 1"), to: "c.yaml")
      let result = try await Self.limited(cox, files: OpenFiles.reserve + 16, Self.bestOf + [file])
      #expect(result.status == 0 && result.json["policyCalls"] as? Int == 8 * 8 * 5, "\(result.errors)")
      #expect(
        result.errors.contains("At most 8 calls at a time, not 400 as policy.concurrency says"), "\(result.errors)")
      let none = try await Self.limited(cox, files: 24, Self.bestOf + [file])
      #expect(none.status == 2 && none.errors.contains("ulimit -n"), "\(none.errors)")
    }
  }

  @Test("Answers that were cut off are acted on, stored, counted and shown")
  func cutOff() async throws {
    let cox = try Command()
    defer { cox.clean() }
    let reply: @Sendable (TestServer.Request) -> TestServer.Reply = { request in
      guard case .answer(let status, let text, let headers) = OrderServer.answer(request) else { return .reset }
      return .answer(
        status, text.replacing(#"{"index":0,"#, with: #"{"index":0,"finish_reason":"length","#), headers: headers)
    }
    try await TestServer.with(reply) { server in
      let file = try cox.write(
        OrderServer.configuration(server.url, tasks: 2, policy: "samplesPerCall: 1"), to: "c.yaml")
      let result = try await cox.run(arguments: Self.bestOf + [file])
      #expect(result.status == 0 && result.json["cutOffAnswers"] as? Int == 2 * 8 * 5, "\(result.errors)")
      let again = try await cox.run(
        "steer", "--method", "best-of", "--store", "s.sqlite", "--quiet", "--config", file)
      #expect(again.output.contains("80 of 80 answers were cut off") && again.output.contains("policy.maxTokens"))
      #expect(server.requests.count == 80)
      let shown = try await cox.run("show", "last/order-1-0/0", "--store", "s.sqlite")
      let task = try await cox.run("show", "last", "--store", "s.sqlite")
      #expect(shown.status == 0 && shown.output.contains("answer cut off"), "\(shown.errors) \(task.output)")
      let json = try await cox.run("show", "last/order-1-0/0", "--store", "s.sqlite", "--json", "-")
      let steps = try #require(json.json["steps"] as? [[String: Any]])
      #expect(steps.count == 5 && steps.allSatisfy { $0["cutOff"] as? Bool == true })
      let collected = try await cox.run(
        "collect", "--tasks", "30..<32", "--rollouts", "2", "--store", "t.sqlite", "--quiet", "--config", file)
      #expect(collected.output.contains("20 of 20 answers were cut off"), "\(collected.output)\(collected.errors)")
    }
  }
}
