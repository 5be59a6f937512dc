import Agents
import Foundation
import ParticleFilter
import Steering

/// Chooses schedule and β from stored rollouts, without a model call: it simulates best-of-N and steered populations in
/// value space and compares them at equal calls, paired over tasks.
///
/// Settings are chosen on some tasks and judged on others, so that trying many does not bias the predicted gain. The
/// simulation cannot reach states better than every stored one; with few rollouts it underestimates the gain of
/// frequent resampling.
public struct Planner: Sendable {
  /// The world's identity, recorded in the plan.
  public var environment: WorldIdentity
  /// The policy's identity, recorded in the plan.
  public var policy: String
  /// The critic's identity, recorded in the plan.
  public var critic: String
  /// N, the resampler, and the β of a sample.
  public var settings: SteeringSettings
  /// The numbers of particles to simulate; the configured one is always among them.
  public var particles: [Int]
  /// The β to try in a search; nil for shares of the range of returns.
  public var temperatures: [Double]?
  /// The largest reward a trajectory can have. If nil, the largest stored reward is used.
  public var maximalReward: Double?
  /// The mean cost of a model call, in money.
  public var callCost: Double
  /// Decides the simulation. The same rollouts and seed give the same plan.
  public var seed: Seed
  /// About how many particle-steps are simulated for each number of particles; 8 million take some seconds.
  public var work = 8_000_000.0

  /// - Parameters:
  ///   - particles: numbers of particles to simulate; nil for a grid around the configured one.
  ///   - temperatures: β to try in a search; nil for shares of the range of returns.
  public init(
    environment: WorldIdentity, policy: String, critic: String, settings: SteeringSettings,
    particles: [Int]? = nil, temperatures: [Double]? = nil, maximalReward: Double? = nil, callCost: Double = 0,
    seed: Seed
  ) {
    self.environment = environment
    self.policy = policy
    self.critic = critic
    self.settings = settings
    self.particles = particles ?? PlanGrid.particles(configured: settings.particles)
    self.temperatures = temperatures
    self.maximalReward = maximalReward
    self.callCost = callCost
    self.seed = seed
  }

  /// - Parameters:
  ///   - rollouts: several rollouts of each of several tasks; unfinished ones are left out.
  ///   - progress: called with the progress in words.
  /// - Throws: `SteeringError` of kind `badSettings` if there are fewer than two tasks with a finished rollout, of kind
  ///   `interrupted` where the current task was cancelled.
  public func plan(
    _ rollouts: [ValuedRollout], progress: (@Sendable (String) -> Void)? = nil
  ) async throws(SteeringError) -> Plan {
    let rollouts = rollouts.filter { $0.trajectory.isFinished && $0.trajectory.count > 0 }
    let tasks = Set(rollouts.map(\.trajectory.task.id)).count
    guard tasks >= 2, settings.particles >= 1 else {
      throw SteeringError(
        .badSettings,
        """
        A plan needs finished rollouts of at least 2 tasks, better 50 or more with 4 or more rollouts each. There are \
        \(rollouts.count) of \(tasks) tasks. Collect more rollouts of the train split, 8 for each task.
        """)
    }
    do {
      return try await plan(rollouts, tasks: tasks, progress: progress)
    } catch {
      throw SteeringError(.interrupted, "The plan was stopped.", underlying: error)
    }
  }

  /// The plan from finished rollouts.
  private func plan(
    _ rollouts: [ValuedRollout], tasks: Int, progress: (@Sendable (String) -> Void)?
  ) async throws(CancellationError) -> Plan {
    let returns = rollouts.map(\.trajectory.reward)
    let scale = (returns.max() ?? 0) - (returns.min() ?? 0)
    let temperatures = Set(
      (temperatures ?? PlanGrid.temperatures(scale: scale, configured: settings.temperature)) + [settings.temperature]
    ).sorted()
    let arena = Arena(
      Simulation(
        rollouts, temperatures: temperatures, resampler: settings.resampler, maximum: maximalReward),
      seed: seed, work: work)
    let schedules = PlanGrid.schedules(steps: Self.median(rollouts.map(\.trajectory.count)))
    var trials: [Trial] = []
    for count in Set(particles + [settings.particles]).filter({ $0 > 1 }).sorted() {
      progress?(
        "\(rollouts.count) rollouts of \(tasks) tasks: \(temperatures.count * schedules.count) settings of \(count) particles"
      )
      trials += try await arena.trials(
        of: temperatures.indices.flatMap { temperature in
          schedules.map { Simulation.Setting(particles: count, temperature: temperature, schedule: $0) }
        })
    }
    let judge = PlanJudge(
      tasks: tasks, rollouts: rollouts.count, maximum: maximalReward ?? returns.max() ?? 0,
      obstacle: obstacle(arena.simulation.space, trials), scale: scale, seed: seed, row: { row($0, temperatures) })
    var choices: [Plan.Choice] = []
    var byTemperature: [Plan.Choice] = []
    for count in Set(trials.map(\.setting.particles)).sorted() {
      let own = trials.filter { $0.setting.particles == count }
      if let choice = judge.choice(.search, own, \.gainBest, \.attemptsBest) { choices.append(choice) }
      if let choice = judge.choice(.sample, ofSample(own, temperatures), \.gainWeighted, \.attemptsWeighted) {
        choices.append(choice)
      }
      for temperature in temperatures.indices {
        let of = own.filter { $0.setting.temperature == temperature }
        if let choice = judge.choice(.search, of, \.gainBest, \.attemptsBest) { byTemperature.append(choice) }
      }
    }
    progress?("methods under one budget")
    let methods = try await methods(arena.simulation, rollouts, choices, judge, temperatures)
    let prices = try await prices(arena.simulation, rollouts)
    return Plan(
      format: Plan.format, version: Plan.version, environment: environment, policy: policy, critic: critic,
      rollouts: rollouts.count, tasks: tasks, particles: settings.particles, scale: scale, choices: choices,
      byTemperature: byTemperature, methods: methods, prices: prices,
      rows: Self.sorted(trials).map { row($0, temperatures) })
  }

  /// A frontier search that ends where no call is worth its price; nil without a worth of rewards or a cost of calls.
  private func prices(_ simulation: Simulation, _ rollouts: [ValuedRollout]) async throws(CancellationError) -> [Plan
    .PriceForecast]?
  {
    guard let worth = settings.search.worth, callCost > 0 else { return nil }
    let arena = methodArena(simulation, rollouts)
    let limit = simulation.space.stepLimits.max() ?? 1
    let most = settings.search.calls ?? settings.particles * limit
    var forecasts: [Plan.PriceForecast] = []
    for worth in [worth / 4, worth, 4 * worth] {
      let (calls, rewards) = try await arena.priced(
        callCost / worth, calls: most, hasVerifier: settings.search.hasVerifier)
      forecasts.append(
        Plan.PriceForecast(
          worth: worth, price: callCost / worth, calls: MeanEstimate(calls), reward: MeanEstimate(rewards)))
    }
    return forecasts
  }

  private func methodArena(_ simulation: Simulation, _ rollouts: [ValuedRollout]) -> MethodArena {
    let steps = Double(rollouts.reduce(0) { $0 + $1.trajectory.count }) / Double(rollouts.count)
    return MethodArena(
      simulation: simulation, beliefs: rollouts.map(\.beliefs), seed: seed.split("methods"),
      calls: Int((Double(settings.particles) * steps).rounded(.up)), work: work)
  }

  /// The choice among methods at the calls of N attempts, with a verifier and without.
  private func methods(
    _ simulation: Simulation, _ rollouts: [ValuedRollout], _ choices: [Plan.Choice], _ judge: PlanJudge,
    _ temperatures: [Double]
  ) async throws(CancellationError) -> [Plan.MethodChoice] {
    let arena = methodArena(simulation, rollouts)
    let calls = arena.calls
    var populations: [MethodArena.Candidate] = []
    let planned = choices.first { $0.answer == .search && $0.particles == settings.particles }?.candidate
    if let planned, let temperature = temperatures.firstIndex(of: planned.temperature),
      let schedule = Schedule(planned.resample)
    {
      for count in Set([settings.particles, settings.particles / 2]).filter({ $0 > 1 }).sorted(by: >) {
        populations.append(.amc(.init(particles: count, temperature: temperature, schedule: schedule)))
        populations.append(
          .beam(
            .init(particles: count, temperature: temperature, schedule: .effectiveSampleSize(below: 1)),
            keep: BeamSearch.standardKeep(of: count)))
      }
    }
    var found: [Plan.MethodChoice] = []
    for hasVerifier in [true, false] {
      // Without a verifier, populations are left out, since the critic's choice among their attempts is not simulated.
      let candidates = [.bestOf, .frontier] + (hasVerifier ? populations : [])
      let rewards = try await arena.rewards(of: candidates, hasVerifier: hasVerifier)
      if let choice = judge.methods(
        candidates, rewards, calls: calls, hasVerifier: hasVerifier, temperatures: temperatures)
      {
        found.append(choice)
      }
    }
    return found
  }

  /// A reason not to plan that does not depend on the figures, or nil.
  private func obstacle(_ space: ValueSpace, _ trials: [Trial]) -> PlanJudge.Obstacle? {
    if space.tasks.count < PlanJudge.leastTasks || space.comparable.count < PlanJudge.leastTasks { return .tooFew }
    if space.isUniform { return .uniform }
    return trials.allSatisfy { $0.forks == 0 } ? .constant : nil
  }

  /// The trials at the configured β, since a sample is defined for one β.
  private func ofSample(_ trials: [Trial], _ temperatures: [Double]) -> [Trial] {
    trials.filter { temperatures[$0.setting.temperature] == settings.temperature }
  }

  /// The trials as rows, largest gain first.
  private static func sorted(_ trials: [Trial]) -> [Trial] {
    let means = trials.map { MeanEstimate($0.gainBest).mean }
    return trials.indices.sorted { (-means[$0], $0) < (-means[$1], $1) }.map { trials[$0] }
  }

  private func row(_ trial: Trial, _ temperatures: [Double]) -> Plan.Row {
    let calls = MeanEstimate(trial.calls).mean
    return Plan.Row(
      particles: trial.setting.particles, temperature: temperatures[trial.setting.temperature],
      resample: trial.setting.schedule.description, rewardBest: MeanEstimate(trial.best),
      rewardWeighted: MeanEstimate(trial.weighted), gainBest: MeanEstimate(trial.gainBest),
      gainWeighted: MeanEstimate(trial.gainWeighted), calls: calls, cost: calls * callCost)
  }

  private static func median(_ counts: [Int]) -> Int { counts.sorted()[counts.count / 2] }
}
