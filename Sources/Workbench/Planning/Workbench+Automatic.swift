import Agents
import Findings
import Foundation
import ParticleFilter
import Reporting
import Steering

/// The flags that affect the use of a plan.
package struct PlanFlags {
  package var critic: String?
  /// β.
  package var temperature: Double?
  /// The plan's file, instead of the one beside the critic.
  package var plan: String?

  package init(critic: String? = nil, temperature: Double? = nil, plan: String? = nil) {
    self.critic = critic
    self.temperature = temperature
    self.plan = plan
  }
}

extension Workbench {
  /// The settings with the plan's choice in place of `auto`. If there is no plan, it is made first. If there is not
  /// enough data for a plan, the choice is best-of-N.
  ///
  /// - Parameters:
  ///   - flags: a β given by a flag is kept, and the plan chooses only the schedule.
  ///   - critic: the critic that guides.
  package func planned(
    _ settings: SteeringSettings, by flags: PlanFlags, critic: any Critic
  ) async throws -> SteeringSettings {
    var settings = settings
    if let temperature = flags.temperature { settings.temperature = temperature }
    guard settings.method.resamples, settings.particles > 1 else { return settings }
    settings.schedule = .never
    let place = flags.plan ?? planPath(flags.critic)
    if case .own(let own) = settings.method.guide, !FileManager.default.fileExists(atPath: place) {
      // A user who names the judge wants it to resample, even without rollouts for a plan.
      settings.schedule = .effectiveSampleSize(below: 0.5)
      observer.note(
        """
        auto: \(settings.schedule). There is no plan for the \(own). cox plan --critic \(own) makes one; that calls \
        the \(own).
        """)
      return settings
    }
    guard let plan = try await plan(at: place, settings: settings, by: flags, critic: critic) else {
      observer.note(
        "auto: best-of-\(settings.particles). "
          + (isAsked(flags.critic)
            ? "There is no plan. cox plan --critic \(criticName(flags.critic)) makes one; that calls the critic."
            : "The store has too few rollouts to plan from. Make more with cox collect."))
      return settings
    }
    let choice = try choice(of: plan, at: place, settings: settings, by: flags)
    settings.schedule = choice.schedule
    // A sample keeps the configured temperature, which defines its posterior.
    if settings.answer == .search, choice.resample != "none" { settings.temperature = choice.temperature }
    let what =
      settings.schedule == .never
      ? "best-of-\(settings.particles)" : "\(settings.schedule) at β \(Format.short(settings.temperature))"
    let more = try await planningRollouts().count - plan.rollouts
    observer.note(
      "auto: \(what). \(choice.reason) (\(place)"
        + (more > 0 ? "; the store has \(more) more rollouts since, which a new cox plan would use)" : ")"))
    return settings
  }

  private func choice(
    of plan: Plan, at place: String, settings: SteeringSettings, by flags: PlanFlags
  ) throws -> Plan.Choice {
    if settings.answer == .search, let temperature = flags.temperature {
      guard let choice = plan.choice(temperature: temperature, particles: settings.particles) else {
        throw ConfigurationError(
          """
          The plan \(place) has no figures for β \(temperature): run cox plan --temperatures \(temperature), or leave \
          β to the plan.
          """)
      }
      return choice
    }
    guard let choice = plan.choice(settings.answer, particles: settings.particles) else {
      throw ConfigurationError(
        "The plan \(place) has no choice for steering.answer \(settings.answer.rawValue): make it again with cox plan.")
    }
    return choice
  }

  /// The plan at a path. It is made if it is missing or for something else. nil if there is not enough data.
  func plan(
    at path: String, settings: SteeringSettings, by flags: PlanFlags, critic: any Critic
  ) async throws -> Plan? {
    let isNamed = flags.plan != nil
    if let plan = try Self.plan(at: path) {
      let isOurs = isOurs(plan, identity: critic.identity)
      let sampled = plan.choice(.sample, particles: settings.particles)
      // A plan for a sample is valid at one β.
      if isOurs, settings.answer == .search || sampled?.candidate.temperature == settings.temperature { return plan }
      let other = isOurs ? "β" : "world, policy or critic"
      if isNamed {
        throw ConfigurationError(
          """
          The plan \(path) is for another \(other) (\(plan.environment), \(plan.policy), \(plan.critic)). Make one \
          with cox plan.
          """)
      }
      observer.note("auto: the plan \(path) is for another \(other), and is made again.")
    } else if isNamed {
      throw ConfigurationError("There is no readable plan \(path). Make it with cox plan.")
    }
    // An automatic plan does not ask a paid critic about a whole store.
    if isAsked(flags.critic) { return nil }
    guard try await !planningRollouts().isEmpty else { return nil }
    var configured = settings
    configured.particles = max(configuration.steering.particles, 2)
    let made: Plan
    do {
      made = try await makePlan(critic: critic, settings: configured, particles: [settings.particles])
    } catch let error as CriticError where error.kind == .tooLittleData {
      return nil
    } catch let error as SteeringError where error.kind == .badSettings {
      return nil
    }
    // The plan is used even if it cannot be written.
    do { try OutputFile.write(json: made, to: path) } catch { observer.note("auto: \(error)") }
    return made
  }
}
