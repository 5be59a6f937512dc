import Agents
import ArgumentParser
import CoxswainTesting
import Foundation
import Gateway
import Policies
import Workbench

struct CheckEnvironment: Verb {
  static let configuration = CommandConfiguration(
    commandName: "check-environment",
    abstract: "Check that a world is deterministic, forkable, and consistent in rewards and ends.",
    discussion: """
      Example: cox check-environment --config c.yaml --tasks "0..<3"

      Walks through some tasks at random, without a model: the same actions again in a fresh episode, a fork half-way, \
      actions that make no sense. A warning means some loss of efficiency; a finding marked wrong makes results wrong.

      An agent's own program (kind agent) plays one attempt with the configured model instead, and is started twice again \
      with the recorded answers.
      """)

  @OptionGroup(title: "World") var own: CheckEnvironmentOptions
  @OptionGroup(title: "Tasks") var chosen: TaskOptions
  @OptionGroup(title: "An agent's own program") var agent: AgentOptions
  @OptionGroup(title: "Common options") var common: CommonOptions

  func run() async throws {
    let options = try common.options(agent: agent)
    let settings = options.configuration.environment
    if settings.kind == AgentSettings.name { return try await checkAgent(options) }
    if own.printPrompt { return try await settings.withWorld(observer: options.observer, printPrompt) }
    let (findings, identity) = try await settings.withWorld(observer: options.observer, findings)
    try report(findings, on: identity)
  }

  /// Plays an attempt of an agent's own program and replays it.
  private func checkAgent(_ options: Workbench.Options) async throws {
    let (findings, identity) = try await Workbench.with(options) { bench in
      let tasks = try tasks(of: bench.world)
      let played = chosen.tasks == nil ? Array(tasks.prefix(1)) : tasks
      return (try await bench.checkAgent(played) ?? [], "\(bench.world.identity)")
    }
    try report(findings.map { Finding($0.name, .init($0.verdict), $0.detail) }, on: identity)
  }

  private func report(_ findings: [Finding], on identity: String) throws {
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

  private func tasks(of world: any World) throws -> [AgentTask] {
    let split = try Split.allCases.first { try !world.tasks(in: $0).isEmpty } ?? .train
    let tasks = try chosen.choice.select(from: world, default: split).tasks
    return chosen.tasks == nil ? Array(tasks.prefix(5)) : tasks
  }

  @Sendable private func findings(_ world: any World) async throws -> ([Finding], String) {
    let check = WorldCheck(
      world, actions: own.action.isEmpty ? ["look", "inventory", "help"] : own.action, seed: common.seed)
    return (try await check.run(tasks(of: world)), "\(world.identity)")
  }

  /// Prints what a policy is sent before its first action.
  @Sendable private func printPrompt(_ world: any World) async throws {
    let configuration = try common.options().configuration
    guard let task = try tasks(of: world).first else { return }
    let (episode, opening) = try await world.begin(task)
    await episode.close()
    let seed = CallKey.seed(ofTask: task.id, particle: 0, from: Seed(common.seed))
    let request = PolicyRequest(
      after: Trajectory(task: task, opening: opening), in: world, format: configuration.policy.format,
      seed: seed.split(0), key: CallKey(run: "", task: task.id, particle: 0, step: 0))
    let prompt = try await configuration.policy.kind.init(configuration.policy).written(request)
    if let json = common.json { try Console.write(json: prompt.json, to: json) }
    guard common.json != "-" else { return }
    for section in prompt.sections { Console.print("=== \(section.title)\n\(section.text)") }
  }
}

/// Options that only `cox check-environment` has.
struct CheckEnvironmentOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "An action to try where the world lists no choices. May be given several times.", valueName: "action"))
  var action: [String] = []

  @Flag(
    help: """
      Only print what is sent to a policy before its first action, with --json the body of the request. \
      `environment.prompt: FILE` replaces the instructions.
      """)
  var printPrompt = false
}

extension Finding.Verdict {
  fileprivate init(_ verdict: AgentCheck.Finding.Verdict) {
    self =
      switch verdict {
      case .fine: .fine
      case .warning: .warning
      case .wrong: .wrong
      }
  }
}
