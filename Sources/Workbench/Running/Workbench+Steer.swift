import Agents
import Findings
import Foundation
import ParticleFilter
import Steering

/// How to steer. Fields that are nil are taken from the configuration.
public struct SteerRequest: Sendable {
  /// The tasks; those of the test split unless chosen.
  public var tasks: TaskChoice
  /// The method to run.
  public var method: Method?
  /// N.
  public var particles: Int?
  /// β, in reward units.
  public var temperature: Double?
  /// When to resample; `.some(nil)` follows the plan.
  public var schedule: Schedule??
  /// How many particles each checkpoint of a beam keeps.
  public var keep: Int?
  /// How a frontier search spends its calls.
  public var search = SearchRequest()
  /// A critic's file or name.
  public var critic: String?
  /// A plan's file; nil for the one beside the critic.
  public var plan: String?

  /// A request that follows the configuration in everything but the tasks.
  public init(_ tasks: TaskChoice = TaskChoice()) { self.tasks = tasks }

  /// - Returns: the settings, and whether the plan chooses their schedule.
  package func settings(_ configuration: Configuration) -> (SteeringSettings, isAutomatic: Bool) {
    var settings = configuration.steering
    settings.method = method ?? settings.method
    settings.particles = particles ?? settings.particles
    settings.temperature = temperature ?? settings.temperature
    settings.keep = keep ?? settings.keep
    search.apply(to: &settings.search)
    if let schedule { settings.schedule = schedule ?? .never }
    let isAutomatic = schedule.map { $0 == nil } ?? configuration.isAutomatic
    return (settings, isAutomatic && settings.method.resamples)
  }
}

extension Workbench {
  /// Runs one method on tasks.
  package func steered(_ request: SteerRequest) async throws -> (outcome: Campaign.Outcome, summary: MethodSummary) {
    let (tasks, split) = try request.tasks.select(from: world, default: .test)
    return try await withSettings(of: request, for: tasks) { settings, critic in
      try await withRun { run in
        let outcome = try await run.steer(tasks, split: split, settings: settings, critic: critic, verb: "steer")
        return (outcome, run.summary(outcome, settings: settings, detail: .messages))
      }
    }
  }

  /// Runs `body` with the settings of a request, in which the plan and the prices have decided what is left to them, and
  /// with the critic.
  func withSettings<T: Sendable>(
    of request: SteerRequest, for tasks: [AgentTask],
    _ body: (SteeringSettings, (any Critic)?) async throws -> T
  ) async throws -> T {
    let (given, isAutomatic) = request.settings(configuration)
    // Checks the settings before a critic is opened.
    try check(given, for: tasks)
    let named = try critic(of: given.method, flag: request.critic)
    return try await withCritic(named, isNeeded: try isCriticNeeded(given, isAutomatic: isAutomatic, flag: named)) {
      critic in
      let flags = PlanFlags(critic: named, temperature: request.temperature, plan: request.plan)
      var settings = try await chosen(given, by: flags, critic: critic, tasks: tasks)
      if isAutomatic, let critic {
        settings = try await planned(settings, by: flags, critic: critic)
      }
      settings = try await priced(settings.effective)
      try check(settings, for: tasks)
      return try await body(settings, critic)
    }
  }

  /// Whether a critic is opened. The method `auto` uses one if it exists.
  func isCriticNeeded(_ settings: SteeringSettings, isAutomatic: Bool, flag: String?) throws -> Bool {
    guard settings.method == .auto else { return isAutomatic || settings.effective.isGuided }
    return flag != nil || isAsked(nil) || FileManager.default.fileExists(atPath: criticPath(criticName(nil)))
  }

  /// Runs one method on tasks, as the configuration and the request say.
  ///
  /// - Returns: rewards, calls and costs, for each task and over all, and each task's answer
  ///   (``MethodSummary/TaskRow/chosen``).
  /// - Throws: `SteeringError` where a limit was reached, or every attempt failed.
  public func steer(_ request: SteerRequest = SteerRequest()) async throws -> MethodSummary {
    let (outcome, summary) = try await steered(request)
    if let failure = outcome.stopped ?? outcome.failure() { throw failure }
    return summary
  }
}
