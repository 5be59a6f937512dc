import Agents
import Dialects
import Foundation
import TestSupport
import Testing

@testable import Gateway

/// The environment of the large agents; nil if they are not tested.
private let largeAgents = ProcessInfo.processInfo.environment["AGENTS_LARGE"]

/// Agents of others whose packages are large. `make test-agents` installs them and sets AGENTS_LARGE to their environment.
@Suite("Large agents of others, unchanged", .serialized, .enabled(if: largeAgents != nil))
struct LargeAgentTests {

  private func world(
    _ command: [String], tasks: String, match: QuestionMatch, score: [String], folder: String? = nil
  ) async throws -> AgentWorld {
    var settings = AgentWorld.Settings(
      command: command, tasks: (tasks, try String(contentsOfFile: tasks, encoding: .utf8)),
      comparison: try QuestionComparison(match))
    settings.folder = folder
    settings.score = .command(score)
    settings.timeout = 240
    settings.processes = 2
    return try await AgentWorld(settings)
  }

  @Test("mini-swe-agent repairs a small repository; its unit tests are the score")
  func miniSWE() async throws {
    let environment = try #require(largeAgents)
    let place = FrameworkTests.examples + "/mini_swe"
    let world = try await world(
      [
        "\(environment)/bin/mini", "-y", "--exit-immediately", "-t", "{input}", "-m", "openai/gpt-4.1-mini", "-c",
        "mini.yaml", "-o", "/dev/null",
      ], tasks: place + "/tasks.jsonl", match: .shell, score: [ChildServer.python, place + "/grade.py"],
      folder: place + "/workspace")
    let particles = try await FrameworkTests.steered(world, by: .chat, at: "durations", errors: 0.2)
    #expect(particles.allSatisfy { (0...1).contains($0.reward) })
    #expect(particles.contains { $0.reward == 1 })
  }

  @Test("An Inspect task is run by inspect eval; its score is read from its log")
  func inspect() async throws {
    let environment = try #require(largeAgents)
    let place = FrameworkTests.examples
    let world = try await world(
      [
        "\(environment)/bin/inspect", "eval", place + "/inspect_task.py@crates", "--model", "openai/gpt-4.1-mini",
        "--sample-id", "{task}", "--display", "plain", "--log-format", "json", "--log-dir", "logs",
      ], tasks: place + "/tasks.jsonl", match: .ids, score: [ChildServer.python, place + "/inspect_score.py"])
    let particles = try await FrameworkTests.steered(world, by: .chat, at: "crates-02", errors: 0.1)
    #expect(particles.allSatisfy { [0, 1].contains($0.reward) })
  }
}
