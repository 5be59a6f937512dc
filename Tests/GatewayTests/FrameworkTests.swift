import Agents
import Dialects
import Foundation
import ParticleFilter
import Policies
import RolloutStore
import Steering
import Synchronization
import TestSupport
import Testing

@testable import Gateway

/// The agents of Examples/Agents, each written with a framework of others and unchanged, against a scripted model.
@Suite("Agents of others, unchanged", .serialized)
struct FrameworkTests {
  struct Agent: Sendable, CustomTestStringConvertible {
    let script: String
    var arguments: [String] = []
    /// What the policy's server is asked in.
    var api = ModelDialect.chat
    let package: String

    var testDescription: String { "\(script) \(arguments.joined(separator: " ")), policy: \(api)" }
  }

  static let agents = [
    Agent(script: "chat_tools.py", package: "openai"),
    Agent(script: "chat_tools.py", arguments: ["--stream"], package: "openai"),
    Agent(script: "chat_tools.py", api: .messages, package: "openai"),
    Agent(script: "messages_tools.py", api: .messages, package: "anthropic"),
    Agent(script: "messages_tools.py", arguments: ["--stream"], api: .messages, package: "anthropic"),
    Agent(script: "messages_tools.py", api: .chat, package: "anthropic"),
    Agent(script: "openai_agents.py", api: .responses, package: "agents"),
    Agent(script: "openai_agents.py", api: .chat, package: "agents"),
    Agent(script: "langgraph_agent.py", package: "langgraph"),
    Agent(script: "smolagents_agent.py", package: "smolagents"),
    Agent(script: "pydantic_agent.py", package: "pydantic_ai"),
  ]

  static let examples = ChildServer.tests.deletingLastPathComponent().appendingPathComponent("Examples/Agents").path

  static func isInstalled(_ package: String) -> Bool {
    let libraries =
      (try? FileManager.default.contentsOfDirectory(atPath: ChildServer.virtualEnvironment + "/lib")) ?? []
    return libraries.contains {
      FileManager.default.fileExists(
        atPath: "\(ChildServer.virtualEnvironment)/lib/\($0)/site-packages/\(package)")
    }
  }

  static func policy(_ api: ModelDialect, _ url: String) -> any Policy {
    let url = url + "/v1"
    switch api {
    case .responses:
      var settings = ResponsesPolicy.Settings(model: "scripted")
      settings.questions = QuestionSettings()
      return ResponsesPolicy(url: url, settings: settings)
    case .messages:
      var settings = AnthropicPolicy.Settings(model: "scripted")
      settings.questions = QuestionSettings()
      return AnthropicPolicy(url: url, key: "k", settings: settings)
    case .chat, .text:
      var settings = ChatCompletionsPolicy.Settings(model: "scripted", api: api == .chat ? .chat : .text)
      settings.questions = QuestionSettings()
      return ChatCompletionsPolicy(url: url, settings: settings)
    }
  }

  static func world(_ agent: Agent, processes: Int = 8) async throws -> AgentWorld {
    let tasks = examples + "/tasks.jsonl"
    var settings = AgentWorld.Settings(
      command: [ChildServer.python, "\(examples)/\(agent.script)", "--task", "{task}"] + agent.arguments,
      tasks: (tasks, try String(contentsOfFile: tasks, encoding: .utf8)), comparison: QuestionComparison())
    settings.timeout = 90
    settings.processes = processes
    return try await AgentWorld(settings)
  }

  /// A critic of noise that also tells equal states apart: every population is resampled, and forks are many.
  static func noise() -> ClosureCritic {
    let asked = Mutex(0)
    return ClosureCritic("noise") { _ in
      let number = asked.withLock { number in
        number += 1
        return number
      }
      return number.isMultiple(of: 2) ? 0.9 : 0.1
    }
  }

  @Test(
    "Each is collected, forked after 1, 2 and 3 calls, and steered; forks continue the same conversation",
    arguments: agents)
  func steered(_ agent: Agent) async throws {
    try #require(Self.isInstalled(agent.package), "make test installs \(agent.package)")
    let world = try await Self.world(agent)
    let particles = try await Self.steered(world, by: agent.api, at: "crates-02", errors: 0.1)
    for trajectory in particles {
      #expect([0, 1].contains(trajectory.reward))
      // The agent's own words: tool calls with their arguments, and what the tools said.
      #expect(trajectory.actions.contains { $0.contains("look_up") })
      #expect(trajectory.steps.contains { $0.outcome.observation.text.contains("costs") })
    }
  }

  /// Steers a population of four with many forks, and closes the world.
  static func steered(
    _ world: AgentWorld, by api: ModelDialect, at task: TaskID, errors: Double
  ) async throws -> [Trajectory] {
    let options = ["Agents/scripted_provider.py", "--child", "--seed", "3", "--errors", "\(errors)"]
    return try await ChildServer.with(options) { server in
      let policy = Self.policy(api, server.url)
      let settings = SteeringSettings(
        method: .amc, particles: 4, temperature: 0.1, schedule: .steps([1, 2, 3]), answer: .sample)
      let campaign = Campaign(world: world, policy: policy, critic: Self.noise(), settings: settings, concurrency: 4)
      let outcome = try await campaign.run([try world.task(task)], split: nil)
      await world.close()
      #expect(outcome.stopped == nil, "\(outcome.stopped.map { "\($0)" } ?? "")")
      let result = try #require(outcome.results.first)
      #expect(result.failures.isEmpty, "\(result.failures.map(\.message))")
      #expect(result.replayMismatches == 0)
      let forks = result.genealogy.checkpoints.compactMap(\.ancestors).map { 4 - Set($0).count }
      #expect(forks.reduce(0, +) > 0)
      let areDone = result.particles.map(\.trajectory.isDone)
      #expect(!areDone.contains(false))
      #expect(result.usage.inputTokens > 0 && result.usage.estimatedTokens == 0)
      return result.particles.map(\.trajectory)
    }
  }

  @Test("With one process at a time the result is the same: programs are put away and replayed")
  func oneProcess() async throws {
    let agent = Self.agents[0]
    try #require(Self.isInstalled(agent.package), "make test installs \(agent.package)")
    // The scripted model would answer by the order of the questions, so a model that looks at the question alone is used.
    let policy = ClosurePolicy("by the question") { request in
      let news = request.transcript.entries.count
      let said = Double(request.seed.rawValue % 100) / 100
      if news < 4 + Int(said * 2) {
        return PolicyResponse(#"<tool_call>{"name": "look_up", "arguments": {"item": "nails"}}</tool_call>"#)
      }
      return PolicyResponse(said < 0.5 ? "The order costs 88." : "The order costs 12.")
    }
    func run(processes: Int) async throws -> [[String]] {
      let world = try await Self.world(agent, processes: processes)
      let settings = SteeringSettings(
        method: .amc, particles: 4, temperature: 0.1, schedule: .steps([1, 2]), answer: .sample, seed: 5)
      let campaign = Campaign(world: world, policy: policy, critic: Self.noise(), settings: settings, concurrency: 4)
      let outcome = try await campaign.run([try world.task("crates-02")], split: nil)
      await world.close()
      let result = try #require(outcome.results.first)
      #expect(result.failures.isEmpty, "\(result.failures.map(\.message))")
      return result.particles.map { $0.trajectory.actions + ["\($0.trajectory.reward)"] }
    }
    let (many, one) = (try await run(processes: 8), try await run(processes: 1))
    #expect(many == one)
    #expect(Set(many.flatMap(\.self)).count > 2)
  }
}
