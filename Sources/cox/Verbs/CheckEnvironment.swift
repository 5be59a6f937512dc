import Agents
import ArgumentParser
import Foundation
import Steering

struct CheckEnvironment: Verb {
  static let configuration = CommandConfiguration(
    commandName: "check-environment",
    abstract: "Is this world deterministic, forkable, honest about reward and end?",
    discussion: """
      Walks through some tasks at random, without a model: the same actions again in a fresh episode, a fork half-way, \
      actions that make no sense. A warning costs some efficiency; what is wrong makes results wrong.
      """)

  @OptionGroup var common: CommonOptions
  @OptionGroup var chosen: TaskOptions

  @Option(
    help: ArgumentHelp(
      "What to try where the world lists no choices; may be given several times.", valueName: "action"))
  var action: [String] = []

  @Flag(help: "Print what a policy reads before its first action, instead; `environment.prompt: FILE` replaces it.")
  var printPrompt = false

  func run() async throws {
    let settings = try common.configuration().environment
    if printPrompt { return try await settings.withSuite(printPrompt) }
    let (findings, identity) = try await settings.withSuite(findings)
    if let json = common.json { try Console.write(json: findings, to: json) }
    if common.json != "-" {
      Console.print("\(identity)")
      for finding in findings {
        let mark =
          switch finding.verdict {
          case .fine: "ok      "
          case .warning: "warning "
          case .wrong: "WRONG   "
          }
        Console.print("\(mark) \(finding.name): \(finding.detail)")
      }
    }
    if findings.contains(where: { $0.verdict == .wrong }) { throw ExitCode(ExitStatus.failed) }
  }

  private func tasks(of suite: any TaskSuite) throws -> [AgentTask] {
    let split = try Split.allCases.first { try !suite.tasks(in: $0).isEmpty } ?? .train
    let tasks = try chosen.select(from: suite, default: chosen.split ?? split).tasks
    return chosen.tasks == nil ? Array(tasks.prefix(5)) : tasks
  }

  @Sendable private func findings(_ suite: any TaskSuite) async throws -> ([EnvironmentCheck.Finding], String) {
    var check = EnvironmentCheck(
      suite, actions: action.isEmpty ? ["look", "inventory", "help"] : action, seed: common.seed)
    return (try await check.run(tasks(of: suite)), "\(suite.identity)")
  }

  /// What a policy reads before its first action.
  @Sendable private func printPrompt(_ suite: any TaskSuite) async throws {
    let format = try common.configuration().policy.format
    guard let task = try tasks(of: suite).first else { return }
    let (episode, opening) = try await suite.begin(task)
    await episode.close()
    for entry in format.applied(to: suite.transcript(for: Trajectory(task: task, opening: opening))).entries {
      switch entry {
      case .instructions(let text): Console.print("=== instructions\n\(text)")
      case .prompt(let text): Console.print("=== prompt\n\(text)")
      case .continuation: break
      case .response(let text): Console.print("=== response\n\(text)")
      }
    }
  }
}
