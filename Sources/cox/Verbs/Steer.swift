import Agents
import ArgumentParser
import Foundation
import Reporting
import Steering

struct Steer: Verb {
  static let configuration = CommandConfiguration(
    abstract: "Run one method on tasks.",
    discussion: """
      amc: N trajectories under Sequential Monte Carlo, guided by a critic. beam: N of which each checkpoint keeps the best \
      few. best-of: N independent ones, the best kept. single: one. Every answer is stored before it is used: the same command run again continues.
      """)

  @OptionGroup var common: CommonOptions
  @OptionGroup var chosen: TaskOptions
  @OptionGroup var steering: SteeringOptions

  @Option(
    help: ArgumentHelp("single, best-of, amc, judge or beam (steering.method).", valueName: "method"))
  var method: Steering.Method?

  @Option(
    help: ArgumentHelp(
      "Draw who was culled and who was cloned, one SVG per task, into this folder.", valueName: "folder"))
  var genealogy: String?

  func run() async throws {
    let workbench = try await Workbench(common)
    let (tasks, split) = try chosen.select(from: workbench.suite, default: .test)
    var given = workbench.configuration.steering
    try steering.apply(to: &given)
    if let method { given.method = method }
    let isAutomatic = steering.isAutomatic(workbench.configuration) && given.method.isSteered
    // What is wrong with the flags is said before a critic is looked for.
    try workbench.check(given, for: tasks)
    let named = try workbench.critic(of: given.method, flag: steering.critic)
    let (outcome, summary) = try await workbench.withCritic(
      named, isNeeded: isAutomatic || given.effective.schedule != .never
    ) { [given] critic in
      var settings = given
      if isAutomatic, let critic {
        settings = try await workbench.planned(
          given, by: PlanFlags(critic: named, temperature: steering.temperature, plan: steering.plan),
          critic: critic)
      }
      settings = settings.effective
      try workbench.check(settings, for: tasks)
      return try await workbench.withRun { [settings] run in
        let outcome = try await run.steer(tasks, split: split, settings: settings, critic: critic, verb: "steer")
        return (outcome, run.summary(outcome, settings: settings))
      }
    }
    try common.deliver(summary) { ComparisonTable(summary).text }
    try Pictures.draw(after: outcome.stopped ?? outcome.failure()) {
      if let genealogy { try Pictures.write(outcome.results, to: genealogy) }
    }
  }
}
