import Agents
import ArgumentParser
import Foundation
import Reporting
import Steering

struct Compare: Verb {
  static let configuration = CommandConfiguration(
    abstract: "Several methods on the same tasks at equal model calls, with standard errors.",
    discussion: """
      Every method is run with every value of N, β and the schedule that it heeds. best-of is given attempts until it has \
      made at least as many calls, on each task, as any steered method of its N; answers are shared, so that a smaller N \
      costs nothing more. Differences are paired over tasks.

      Two studies: `--study scaling` runs best-of and amc at N = 1 to 32, and `--study cost --against dear.yaml` sets the \
      configured policy, steered, against another one by what a task costs.
      """)

  @OptionGroup var common: CommonOptions
  @OptionGroup var chosen: TaskOptions
  @OptionGroup var variant: VariantOptions

  @Option(help: ArgumentHelp("A curve in place of a plain comparison: scaling or cost.", valueName: "study"))
  var study: Comparison.Study?

  @Option(
    help: ArgumentHelp("With --study cost, the configuration of the policy to compare with.", valueName: "file"))
  var against: String?

  @Option(help: ArgumentHelp("Draw the comparison, or the curve of the study, into this SVG file.", valueName: "file"))
  var chart: String?

  @Option(
    help: ArgumentHelp(
      "Draw who was culled and who was cloned in the first steered variant, one SVG per task, into this folder.",
      valueName: "folder"))
  var genealogy: String?

  func run() async throws {
    guard (study == .cost) == (against != nil) else {
      throw ConfigurationError("--study cost and --against go together: the one needs the other.")
    }
    let workbench = try await Workbench(common)
    let compared =
      if let against { try await costs(workbench, against: against) } else { try await plain(workbench) }
    var comparison = compared.comparison(study: study)
    workbench.finish(&comparison, critic: variant.critic, plan: variant.plan)
    try common.deliver(comparison) { comparison.text }
    try Pictures.draw(after: compared.stopped ?? compared.failure) {
      if let chart {
        let svg = study == nil ? ComparisonChart.svg(comparison) : XYChart(study: comparison).svg
        try Console.write(Data(svg.utf8), toFile: chart)
      }
      if let genealogy { try Pictures.write(compared.steered, to: genealogy) }
    }
  }

  private func plain(_ workbench: Workbench) async throws -> Compared {
    if variant.equal == .cost, workbench.pricing.isFree {
      throw ConfigurationError("--equal cost needs policy.pricing in the configuration: nothing costs anything.")
    }
    let isScaling = study == .scaling
    let methods = try variant.methods(isScaling ? [.bestOf, .amc] : [.single, .bestOf, .amc])
    let particles = isScaling ? [1, 2, 4, 8, 16, 32] : nil
    // What is wrong with the flags is said before a critic is looked for.
    _ = try await Setup(self, workbench, methods: methods, particles: particles, critic: nil)
    return try await withCritics(of: methods, in: workbench) { critic in
      let setup = try await Setup(self, workbench, methods: methods, particles: particles, critic: critic)
      return try await workbench.withRun { run in
        try await run.compare(
          setup.settings, on: setup.tasks, split: setup.split, seeds: setup.seeds, equality: variant.equal,
          critic: critic)
      }
    }
  }

  /// Runs `body` with the critic of each method.
  private func withCritics<T: Sendable>(
    of methods: [Steering.Method], in workbench: Workbench,
    _ body: (@escaping (Steering.Method) -> (any Critic)?) async throws -> T
  ) async throws -> T {
    let own = methods.contains { $0.isSteered && $0 != .judge }
    // The judge is the method judge's; beside it, others have the trees unless a flag says.
    let isJudge = methods.contains(.judge) && workbench.criticName(variant.critic) == CriticSettings.Kind.judge.rawValue
    let flag = isJudge ? CriticSettings.Kind.trees.rawValue : variant.critic
    return try await workbench.withCritic(own ? flag : nil, isNeeded: own) { critic in
      guard methods.contains(.judge) else { return try await body { _ in critic } }
      return try await workbench.withCritic(CriticSettings.Kind.judge.rawValue) { judge in
        try await body { $0 == .judge ? judge : critic }
      }
    }
  }

  /// What is to be run on which tasks, found fit before anything is started.
  struct Setup: Sendable {
    let tasks: [AgentTask]
    let split: Split?
    let settings: [SteeringSettings]
    let seeds: [UInt64]?

    /// - Parameter particles: values of N where no flag says; nil for the configured one.
    init(
      _ command: Compare, _ workbench: Workbench, methods: [Steering.Method], particles: [Int]?,
      critic: ((Steering.Method) -> (any Critic)?)?
    ) async throws {
      (tasks, split) = try command.chosen.select(from: workbench.suite, default: .test)
      seeds = try command.variant.seedList()
      settings = try await command.variant.settings(
        workbench, methods: methods, particles: particles, critic: critic)
      for settings in settings { try workbench.check(settings, for: tasks) }
    }
  }
}

extension Comparison {
  /// The table, and what a plan had foretold where there was one.
  var text: String {
    ComparisonTable(self).text + (predictions.map { "\n\n" + PlanTable.predictions($0).text } ?? "")
  }
}

extension Comparison.Study: ExpressibleByArgument {}
