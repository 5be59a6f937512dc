import Agents
import ArgumentParser
import Foundation
import Reporting
import Steering
import Workbench

struct MakePlan: Verb {
  static let configuration = CommandConfiguration(
    commandName: "plan",
    abstract: "Choose schedule and β from the store alone, and predict the gain.",
    discussion: """
      Example: cox plan --config c.yaml --particles 8

      Simulates best-of-N and steered populations on the stored rollouts of the train and validation splits, judged by \
      a critic that never saw their task, over schedules, temperatures and numbers of particles. The policy is not \
      called. If the gain is not significantly above zero, the plan is best-of-N. `--resample auto` follows the plan.
      """)

  @OptionGroup(title: "Plan") var own: MakePlanOptions
  @OptionGroup(title: "Plan") var planning: PlanningWork
  @OptionGroup(title: "Critic and plan") var chosen: PlanOptions
  @OptionGroup(title: "Limits, for a critic that is called") var limits: LimitOptions
  @OptionGroup(title: "An agent's own program") var agent: AgentOptions
  @OptionGroup(title: "Common options") var common: CommonOptions

  func run() async throws {
    let start = ContinuousClock.now
    var request = PlanRequest()
    request.particles = own.particles
    request.temperatures = try Self.numbers(own.beta)
    request.critic = chosen.critic
    request.work = planning.work
    request.file = chosen.plan
    let (made, path, answer) = try await Workbench.with(common.options(limits, agent: agent), creating: false) {
      [request] bench in
      (try await bench.unwrittenPlan(request), bench.planFile(request), bench.configuration.steering.answer)
    }
    try common.deliver(made) { PlanTable(made, answer: answer).text }
    try OutputFile.write(json: made, to: path)
    if common.json != "-" {
      Console.print(
        "\nWritten to \(path) in \(Format.duration(seconds: (ContinuousClock.now - start).inSeconds)); "
          + "--resample auto follows it."
      )
    }
  }

  private static func numbers(_ list: String?) throws -> [Double]? {
    guard let list else { return nil }
    let numbers = list.split(separator: ",").map { Double($0.trimmingCharacters(in: .whitespaces)) }
    let known = numbers.compactMap(\.self).filter { $0 > 0 && $0.isFinite }
    guard !known.isEmpty, known.count == numbers.count else {
      throw ConfigurationError("--beta is \(list); write numbers above 0, separated by commas.")
    }
    return known
  }
}

/// Options that only `cox plan` has.
struct MakePlanOptions: ParsableArguments {
  @Option(help: ArgumentHelp("N, the particles to plan for (steering.particles).", valueName: "N"))
  var particles: Int?

  @Option(
    name: [.customLong("beta"), .customLong("temperatures")],
    help: ArgumentHelp(
      "Values of β to try in a search, separated by commas (default: from the range of returns).", valueName: "β,β"))
  var beta: String?
}

/// How much a plan simulates.
struct PlanningWork: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "About how many particle-steps the plan simulates for each number of particles; more make its figures steadier.",
      valueName: "steps"))
  var work = PlanRequest().work

  func validate() throws {
    if !(work >= 1 && work.isFinite) { throw ValidationError("--work is \(work); it must be at least 1.") }
  }
}
