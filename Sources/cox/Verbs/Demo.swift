import Agents
import ArgumentParser
import Foundation
import Reporting
import Steering

struct Demo: Verb {
  static let configuration = CommandConfiguration(
    abstract: "The main job, end to end, on embedded defaults.",
    discussion: """
      Starts a real 135M-parameter model on loopback, collects rollouts of an order desk, trains a critic on them, and \
      compares single, best-of-N and steered attempts on orders it never saw, at equal model calls.
      """)

  @OptionGroup var common: CommonOptions

  @Option(help: ArgumentHelp("Rollouts per training order.", valueName: "count"))
  var rollouts = 8

  @Option(help: ArgumentHelp("Where the pictures go.", valueName: "folder"))
  var output = ".coxswain/demo"

  @Flag(help: "Print the embedded configuration and stop.")
  var printConfig = false

  func validate() throws {
    if rollouts < 2 { throw ValidationError("--rollouts is at least 2.") }
  }

  func run() async throws {
    if printConfig { return Console.print(Defaults.yaml) }
    let start = ContinuousClock.now
    let workbench = try await Workbench(common)
    let configured = workbench.configuration.steering
    try workbench.check(configured, for: try workbench.suite.tasks(in: .test))
    let compared = try await workbench.withRun { run in
      heading("1/4  Collecting rollouts of the frozen policy: \(workbench.policyIdentity)")
      for split in [Split.train, .validation] {
        let tasks = try workbench.suite.tasks(in: split)
        guard !tasks.isEmpty else { continue }
        let outcome = try await run.collect(tasks, split: split, rollouts: rollouts)
        heading(CollectReport(outcome, split: split, rollouts: rollouts, pricing: workbench.pricing).text)
        if let stopped = outcome.stopped ?? outcome.failure(ofMoreThan: 0.5) { throw stopped }
      }
      heading("\n2/4  Training the critic")
      heading(try await workbench.train(CriticSettings.Kind.trees.rawValue).text)
      let tasks = try workbench.suite.tasks(in: .test)
      let critic = try workbench.critic(CriticSettings.Kind.trees.rawValue)
      var settings = configured
      heading("\n3/4  Planning from the stored rollouts alone")
      let plan = try await workbench.makePlan(critic: critic, settings: configured)
      try Console.write(json: plan, to: workbench.planPath(nil))
      heading(PlanTable(plan, answer: configured.answer).text)
      if workbench.configuration.isAutomatic {
        settings = try await workbench.planned(configured, by: PlanFlags(), critic: critic)
      }
      heading("\n4/4  Comparing on \(tasks.count) held-out tasks at equal model calls")
      return try await run.compare(
        [Steering.Method.single, .bestOf, .amc].map { method in
          var settings = settings
          settings.method = method
          return settings.effective
        }, on: tasks, split: .test, critic: { _ in critic })
    }
    var comparison = compared.comparison
    workbench.finish(&comparison, critic: nil)
    try common.deliver(comparison) { "\n" + comparison.text }
    try Pictures.draw(after: compared.stopped ?? compared.failure) {
      try Console.write(Data(ComparisonChart.svg(comparison).utf8), toFile: "\(output)/comparison.svg")
      try Pictures.write(Array(compared.steered.prefix(3)), to: "\(output)/genealogy")
    }
    if common.json != "-" {
      Console.print("\nPictures: \(output)/comparison.svg, \(output)/genealogy/")
      Console.print("Took \(Format.duration(seconds: (ContinuousClock.now - start).inSeconds)).")
    }
  }

  /// What happens on the way is a result too, unless standard output carries JSON.
  private func heading(_ text: String) {
    if common.json == "-" {
      if !common.quiet { Console.note(text) }
    } else {
      Console.print(text)
    }
  }
}
