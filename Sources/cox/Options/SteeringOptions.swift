import ArgumentParser
import ParticleFilter
import Steering
import Workbench

/// Options for the critic.
struct CriticOptions: ParsableArguments {
  @Option(help: .critic, completion: .critics)
  var critic: String?

  @Option(
    help: ArgumentHelp("The plan that auto uses (default: the one beside the critic).", valueName: "file"),
    completion: .file())
  var plan: String?
}

/// Options for a plan and its output.
struct PlanOptions: ParsableArguments {
  @Option(help: .critic, completion: .critics)
  var critic: String?

  @Option(
    help: ArgumentHelp("Where the plan is written (default: beside the critic).", valueName: "file"),
    completion: .file())
  var plan: String?
}

/// Options for steering.
struct SteeringOptions: ParsableArguments {
  @Option(help: ArgumentHelp("N, the particles of a population (steering.particles).", valueName: "N"))
  var particles: Int?

  @Option(
    name: [.customLong("beta"), .customLong("temperature")],
    help: ArgumentHelp("β, in reward units (steering.temperature).", valueName: "β"))
  var beta: Double?

  @Option(
    help: ArgumentHelp(
      "When to resample: none, auto (as cox plan says), steps:4,8 or ess:0.5 (steering.resample).",
      valueName: "schedule"))
  var resample: String?

  @Option(help: ArgumentHelp("How many particles a beam keeps; N/4 unless given (steering.keep).", valueName: "k"))
  var keep: Int?

  @OptionGroup var search: SearchOptions

  func apply(to request: inout SteerRequest) throws {
    search.apply(to: &request.search)
    request.particles = particles
    request.temperature = beta
    request.keep = keep
    if let resample { request.schedule = .some(try SteeringSettings.schedule(resample, named: "--resample")) }
  }
}

/// Options for the budget of a frontier search.
struct SearchOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Model calls for a task on average, under one budget for all tasks; N attempts at each unless given (steering.calls).",
      valueName: "calls"))
  var calls: Int?

  @Option(
    help: ArgumentHelp("States of one task that a frontier search extends at a time (steering.width).", valueName: "k"))
  var width: Int?

  @Option(
    help: ArgumentHelp(
      "Money per unit of reward, at which a frontier search stops (steering.worth).", valueName: "money"))
  var worth: Double?

  @Flag(
    inversion: .prefixedNo,
    help: "Whether a frontier search knows the rewards of finished attempts (steering.verifier).")
  var verifier: Bool?

  func apply(to request: inout SearchRequest) {
    (request.calls, request.width, request.worth, request.hasVerifier) = (calls, width, worth, verifier)
  }
}

extension Steering.Method: ExpressibleByArgument {}
