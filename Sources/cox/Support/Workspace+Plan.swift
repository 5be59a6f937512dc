import Agents
import Critics
import Foundation
import ParticleFilter
import Reporting
import RolloutStore
import Steering

/// What flags say of a plan.
struct PlanFlags {
  var critic: String?
  /// β.
  var temperature: Double?
  /// The plan, instead of the one beside the critic.
  var plan: String?
}

extension Workspace {
  /// Where the plan for a critic is: beside it.
  func planPath(_ critic: String?) -> String {
    let name = criticPath(criticName(critic))
    return (name.hasSuffix(".critic.json") ? name.dropLast(".critic.json".count) : name.dropLast(".json".count))
      + ".plan.json"
  }

  /// Plans from the rollouts of the train and validation splits.
  func makePlan(
    critic: any Critic, settings: SteeringSettings, temperatures: [Double]? = nil, work: Double? = nil
  ) async throws -> Plan {
    let stored = try await planningRollouts()
    // Where there are none, what there is instead is said.
    if stored.isEmpty { _ = try await rollouts(in: .train) }
    let note: @Sendable (String) -> Void = { [quiet = options.quiet] line in if !quiet { Console.note(line) } }
    let seed = Seed(configuration.steering.seed).split("plan")
    let reference = try await CrossFitted.beliefs(
      about: stored, environment: suite.identity, policy: policyIdentity, seed: seed,
      settings: (critic as? TreesCritic)?.record.settings ?? .init(), progress: note)
    let rollouts = try await valued(stored, by: critic, reference: reference)
    let (calls, usage) = try await store.usage(of: suite.identity, policy: policyIdentity)
    var planner = Planner(
      environment: suite.identity, policy: policyIdentity, critic: critic.identity, settings: settings,
      temperatures: temperatures, callCost: calls > 0 ? pricing.cost(of: usage) / Double(calls) : 0, seed: seed)
    if let work { planner.work = work }
    return try await planner.plan(rollouts, progress: note)
  }

  /// What the critic believes of every prefix of the rollouts, by itself where it never saw their tasks.
  private func valued(
    _ rollouts: [Trajectory], by critic: any Critic, reference: [[ReturnDistribution]]
  ) async throws -> [ValuedRollout] {
    if let trees = critic as? TreesCritic, !Set(trees.record.tasks).isDisjoint(with: rollouts.map(\.task.id)) {
      return zip(rollouts, reference).map { ValuedRollout($0, beliefs: $1) }
    }
    let beliefs = try await critic.returnsToGo(
      from: rollouts.flatMap { rollout in (0..<rollout.count).map { CriticState(rollout.prefix($0)) } })
    var rest = beliefs[...]
    return zip(rollouts, reference).map { rollout, reference in
      defer { rest = rest.dropFirst(rollout.count) }
      return ValuedRollout(rollout, beliefs: Array(rest.prefix(rollout.count)), reference: reference)
    }
  }

  func planningRollouts() async throws -> [Trajectory] {
    var rollouts: [Trajectory] = []
    for split in [Split.train, .validation] {
      rollouts += try await store.rollouts(of: suite.identity, policy: policyIdentity, split: split).map(\.trajectory)
    }
    return rollouts.filter { $0.isFinished && $0.count > 0 }
  }

  // MARK: - resample: auto

  /// The settings with what the plan says in place of `auto`: made first where there is none yet, and best-of-N where there is
  /// nothing to make one from.
  ///
  /// - Parameters:
  ///   - flags: β, where a flag gives it, is kept, and the plan chooses the schedule alone.
  ///   - critic: the one that guides.
  func planned(
    _ settings: SteeringSettings, by flags: PlanFlags, critic: any Critic
  ) async throws -> SteeringSettings {
    var settings = settings
    guard settings.method.isSteered, settings.particles > 1 else { return settings }
    settings.schedule = .never
    let place = flags.plan ?? planPath(flags.critic)
    guard let plan = try await plan(at: place, settings: settings, by: flags, critic: critic)
    else {
      note(
        "auto: best-of-\(settings.particles). "
          + (isAsked(flags.critic)
            ? "There is no plan; cox plan --critic \(criticName(flags.critic)) makes one, and asks the critic."
            : "The store has no rollouts to plan from; cox collect makes some."))
      return settings
    }
    guard let choice = plan.choice(settings.answer, particles: settings.particles) else {
      throw ConfigurationError(
        "The plan \(place) says nothing of \(settings.answer.rawValue): make it again with cox plan.")
    }
    settings.schedule = choice.schedule
    // A sample is of the temperature it is asked for.
    if settings.answer == .search, choice.resample != "none" { settings.temperature = choice.temperature }
    if let temperature = flags.temperature, choice.resample != "none" {
      settings.temperature = temperature
      guard
        let best = plan.rows.filter({ $0.particles == choice.particles && abs($0.temperature - temperature) < 1e-9 })
          .max(by: { $0.gainBest.mean < $1.gainBest.mean }), let schedule = Schedule(best.resample)
      else {
        throw ConfigurationError(
          "The plan \(place) did not try β \(temperature): give cox plan --temperatures \(temperature), or leave β to the plan."
        )
      }
      settings.schedule = best.gainBest.mean > 2.576 * best.gainBest.se ? schedule : .never
    }
    let what =
      settings.schedule == .never
      ? "best-of-\(settings.particles)" : "\(settings.schedule) at β \(Format.short(settings.temperature))"
    note("auto: \(what). \(choice.reason) (\(place))")
    return settings
  }

  /// The plan at a place, made there where it is missing or of something else. nil where there is nothing to make it from.
  private func plan(
    at path: String, settings: SteeringSettings, by flags: PlanFlags, critic: any Critic
  ) async throws -> Plan? {
    let isNamed = flags.plan != nil
    if let plan = try Self.plan(at: path) {
      let isOurs = plan.environment == suite.identity && plan.policy == policyIdentity && plan.critic == critic.identity
      if isOurs { return plan }
      if isNamed {
        throw ConfigurationError(
          "The plan \(path) is for another world, policy or critic (\(plan.environment), \(plan.policy), \(plan.critic))."
        )
      }
      note("auto: the plan \(path) is for another world, policy or critic, and is made again.")
    } else if isNamed {
      throw ConfigurationError("There is no readable plan \(path). Make it with cox plan.")
    }
    // A critic that is asked is not asked about a whole store unless that is asked for.
    if isAsked(flags.critic) { return nil }
    guard try await !planningRollouts().isEmpty else { return nil }
    let made = try await makePlan(critic: critic, settings: settings)
    try Console.write(json: made, to: path)
    return made
  }

  private func note(_ text: String) {
    if !options.quiet { Console.note(text) }
  }
}
