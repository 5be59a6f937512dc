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

  func run() async throws {
    let suite = try await common.configuration().environment.suite()
    let split = try Split.allCases.first { try !suite.tasks(in: $0).isEmpty } ?? .train
    let tasks = try chosen.select(from: suite, default: chosen.split ?? split).tasks
    var check = EnvironmentCheck(
      suite, actions: action.isEmpty ? ["look", "inventory", "help"] : action, seed: common.seed)
    let findings: [EnvironmentCheck.Finding]
    do {
      findings = try await check.run(chosen.tasks == nil ? Array(tasks.prefix(5)) : tasks)
    } catch {
      await suite.close()
      throw error
    }
    await suite.close()
    if let json = common.json { try Console.write(json: findings, to: json) }
    if common.json != "-" {
      Console.print("\(suite.identity)")
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
}
