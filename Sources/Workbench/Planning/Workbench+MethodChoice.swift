import Agents
import Findings
import Foundation
import ParticleFilter
import Reporting
import Steering

extension Workbench {
  /// The settings with the method that the plan chooses in place of `auto`. The plan's calls are the budget unless one
  /// is given. Without enough data for a plan, the method is best-of with stopping.
  ///
  /// - Parameters:
  ///   - critic: nil if there is none; best-of needs none.
  ///   - tasks: the tasks to run, which determine the budget if no plan does.
  package func chosen(
    _ settings: SteeringSettings, by flags: PlanFlags, critic: (any Critic)?, tasks: [AgentTask]
  ) async throws -> SteeringSettings {
    guard settings.method == .auto else { return settings }
    var chosen = settings
    (chosen.method, chosen.schedule) = (.bestOf, .never)
    let longest = settings.particles * (tasks.map(\.stepLimit).max() ?? 1)
    var plan: Plan?
    if let critic, settings.particles > 1 {
      var search = settings
      (search.method, search.answer) = (.amc, .search)
      plan = try await self.plan(
        at: flags.plan ?? planPath(flags.critic), settings: search, by: flags, critic: critic)
    }
    guard let choice = plan?.methodChoice(hasVerifier: settings.search.hasVerifier) else {
      chosen.search.calls = settings.search.calls ?? longest
      observer.note(
        "auto: best-of with stopping. "
          + (critic == nil
            ? "There is no critic. Make one with cox train." : "There is no plan for methods. Make one with cox plan."))
      return chosen
    }
    chosen.search.calls = settings.search.calls ?? Int(choice.calls.rounded(.up))
    chosen.method = Steering.Method(rawValue: choice.method) ?? .bestOf
    if let forecast = choice.forecasts.first(where: { $0.method == choice.method }),
      let particles = forecast.particles, let resample = forecast.resample
    {
      chosen.particles = particles
      chosen.schedule = Schedule(resample) ?? .never
      chosen.temperature = forecast.temperature ?? chosen.temperature
    }
    observer.note("auto: \(chosen.method == .bestOf ? "best-of with stopping" : choice.method). \(choice.reason)")
    return chosen
  }
}
