import Agents
import Findings
import Steering

/// What to plan for. Fields that are nil are taken from the configuration.
public struct PlanRequest: Sendable {
  /// N, at least 2.
  public var particles: Int?
  /// The β to try in a search; nil for shares of the range of returns.
  public var temperatures: [Double]?
  /// A critic's file or name.
  public var critic: String?
  /// About how many particle-steps are simulated for each N. More reduce the simulation's noise.
  public var work = 8_000_000.0
  /// The file that the plan is written to; nil for one beside the critic.
  public var file: String?

  /// A request that follows the configuration.
  public init() {}
}

extension Workbench {
  /// Chooses schedule, β and N from the stored rollouts alone, and writes the plan that `resample: auto` obeys.
  ///
  /// - Returns: the plan, and the file it was written to.
  public func plan(_ request: PlanRequest = PlanRequest()) async throws -> (plan: Plan, file: String) {
    let made = try await unwrittenPlan(request)
    let path = planFile(request)
    try OutputFile.write(json: made, to: path)
    return (made, path)
  }

  package func planFile(_ request: PlanRequest) -> String { request.file ?? planPath(request.critic) }

  /// The plan, not yet written to a file.
  package func unwrittenPlan(_ request: PlanRequest) async throws -> Plan {
    var settings = configuration.steering
    settings.particles = request.particles ?? settings.particles
    guard settings.particles > 1 else {
      throw ConfigurationError("A plan needs 2 particles or more; steering.particles is \(settings.particles).")
    }
    // The plan chooses the schedule, so the configured one does not matter.
    settings.schedule = .never
    if let problem = settings.effective.problem(stepLimit: 1) { throw ConfigurationError(problem + ".") }
    return try await observer.resumable(budget) { [settings] in
      try await withCritic(request.critic) { critic in
        try await makePlan(
          critic: critic ?? ConstantCritic(), settings: settings, temperatures: request.temperatures,
          work: request.work, known: try? Self.plan(at: planFile(request)))
      }
    }
  }
}
