import Agents
import ArgumentParser
import Foundation
import Reporting
import Steering

struct MakePlan: Verb {
  static let configuration = CommandConfiguration(
    commandName: "plan",
    abstract: "Choose schedule and β from the store alone; predicted gain.",
    discussion: """
      Simulates best-of-N and steered populations on the stored rollouts of the train and validation splits, judged by a \
      critic that never saw their task, over schedules, temperatures and numbers of particles. Nothing is asked of the \
      policy. Where the gain is not surely above zero the plan is best-of-N. `--resample auto` obeys the plan.
      """)

  @OptionGroup var common: CommonOptions

  @Option(help: ArgumentHelp("N, the particles to plan for (steering.particles).", valueName: "N"))
  var particles: Int?

  @Option(
    help: ArgumentHelp(
      "β to try in a search, with commas; the range of returns says which where none are given.", valueName: "β,β"))
  var temperatures: String?

  @Option(
    help: ArgumentHelp(
      "What guides: a critic file or the name given to cox train, constant, judge, pooling or lm (critic.kind).",
      valueName: "critic"))
  var critic: String?

  @Option(
    help: ArgumentHelp(
      "About how many particle-steps are simulated for each number of particles; more make the figures steadier.",
      valueName: "steps"))
  var work = 20_000_000.0

  @Option(help: ArgumentHelp("Write the plan here instead of beside the critic.", valueName: "file"))
  var plan: String?

  func validate() throws {
    if !(work >= 1 && work.isFinite) { throw ValidationError("--work is at least 1.") }
  }

  func run() async throws {
    let workbench = try await Workbench(common, creating: false)
    var settings = workbench.configuration.steering
    if let particles { settings.particles = particles }
    let start = ContinuousClock.now
    let temperatures = try Self.numbers(temperatures)
    guard settings.particles > 1 else {
      throw ConfigurationError("A plan is for 2 particles or more; steering.particles is \(settings.particles).")
    }
    // When to resample is what is planned: what is configured does not matter.
    settings.schedule = .never
    if let problem = settings.effective.problem(stepLimit: 1) { throw ConfigurationError(problem + ".") }
    let made = try await withInterrupts(stopping: workbench.budget) { [settings] in
      try await workbench.withCritic(critic) { critic in
        try await workbench.makePlan(
          critic: critic ?? ConstantCritic(), settings: settings, temperatures: temperatures, work: work)
      }
    }
    await workbench.suite.close()
    let path = plan ?? workbench.planPath(critic)
    try common.deliver(made) { PlanTable(made, answer: settings.answer).text }
    try Console.write(json: made, to: path)
    if common.json != "-" {
      Console.print(
        "\nWritten to \(path) in \(Format.duration(seconds: (ContinuousClock.now - start).inSeconds)); --resample auto obeys it."
      )
    }
  }

  private static func numbers(_ list: String?) throws -> [Double]? {
    guard let list else { return nil }
    let numbers = list.split(separator: ",").map { Double($0.trimmingCharacters(in: .whitespaces)) }
    let known = numbers.compactMap(\.self).filter { $0 > 0 && $0.isFinite }
    guard !known.isEmpty, known.count == numbers.count else {
      throw ConfigurationError("--temperatures \(list) are no temperatures: numbers above 0, with commas.")
    }
    return known
  }
}
