import Agents
import ParticleFilter

/// The treatment of a clone whose replay paid or ended differently from the record.
public enum DivergencePolicy: String, CaseIterable, Sendable, Codable {
  /// The recorded past stands, and the clone continues from where the replay led.
  case keep
  /// Replays again, three times at most, then drops.
  case retry
  /// The clone fails, without weight.
  case drop
}

/// The treatment of an attempt whose world failed or hung, after the world's own retries.
public enum WorldErrorPolicy: String, CaseIterable, Sendable, Codable {
  /// The attempt fails, without weight, and the run goes on.
  case fail
  /// The run ends.
  case stop
}

/// The answer wanted from a population.
public enum Answer: String, CaseIterable, Sendable, Codable {
  /// The best trajectory: the population stops once the maximal reward is banked.
  case search
  /// The weighted population, a sample of the posterior: it always runs to the end.
  case sample
}

/// Everything that decides how a population is steered.
public struct SteeringSettings: Sendable, Hashable, Codable {
  /// How tasks are attempted, such as `.amc` or `.bestOf`.
  public var method: Method
  /// N, at least 1.
  public var particles: Int
  /// β, in reward units, above 0.
  public var temperature: Double
  /// When particles are weighed and resampled. Methods without a guide ignore it.
  public var schedule: Schedule
  /// The algorithm that draws the number of copies of each particle.
  public var resampler: Resampler
  /// Search stops at the maximal reward; sample always runs to the end.
  public var answer: Answer
  /// The treatment of a clone whose replay diverged.
  public var divergence: DivergencePolicy
  /// The root of all randomness. The same seed with the same answers gives the same result at any concurrency.
  public var seed: UInt64
  /// How many particles each checkpoint of a beam keeps, at least 1 and at most N; nil for
  /// ``BeamSearch/standardKeep(of:)``.
  public var keep: Int?
  /// Whether a failing world ends the attempt or the run.
  public var onEnvironmentError: WorldErrorPolicy
  /// How a search spends its calls.
  public var search: SearchSettings

  /// The most particles of a population, whose trajectories are kept in memory.
  public static let mostParticles = 100_000

  /// Settings of a population; ``problem(stepLimit:)`` says what is wrong with them.
  public init(
    method: Method = .amc, particles: Int = 8, temperature: Double = 0.1, schedule: Schedule = .never,
    resampler: Resampler = .systematic, answer: Answer = .sample, divergence: DivergencePolicy = .retry,
    seed: UInt64 = 0, keep: Int? = nil, onEnvironmentError: WorldErrorPolicy = .fail,
    search: SearchSettings = SearchSettings()
  ) {
    self.method = method
    self.particles = particles
    self.temperature = temperature
    self.schedule = schedule
    self.resampler = resampler
    self.answer = answer
    self.divergence = divergence
    self.seed = seed
    self.keep = keep
    self.onEnvironmentError = onEnvironmentError
    self.search = search
  }

  /// The settings as the method applies them: `single` has one particle, and only methods with a guide resample.
  public var effective: SteeringSettings {
    var settings = self
    settings.particles = method.particles ?? particles
    if !method.resamples { settings.schedule = .never }
    // Only a frontier search has a width, a rule and a price. A single attempt has no budget.
    if method.driver == .population {
      settings.search = SearchSettings(calls: method == .single ? nil : search.calls, hasVerifier: search.hasVerifier)
    }
    settings.keep = method.keepsBest ? min(keep ?? BeamSearch.standardKeep(of: particles), particles) : nil
    return settings
  }

  /// Whether a critic's values decide what is tried next.
  public var isGuided: Bool { method.driver == .frontier || schedule != .never }

  /// Whether attempts or populations are made successively until a budget is spent, instead of N at each task.
  package var hasBudget: Bool { method.driver == .population && search.calls != nil }

  /// Below this, β·log of a weight has no significant digits.
  private static let leastTemperature = 1e-9

  /// What is wrong with these settings, in words; nil if they can be run. `stepLimit` is the maximal number of steps of
  /// a task.
  public func problem(stepLimit: Int) -> String? {
    if particles < 1 { return "steering.particles is \(particles); a population has at least 1 particle" }
    if particles > Self.mostParticles {
      return "steering.particles is \(particles); a population has at most \(Self.mostParticles) particles"
    }
    if !(temperature >= Self.leastTemperature && temperature.isFinite) {
      return
        "steering.temperature is \(temperature); β must be at least \(Self.leastTemperature), in reward units (0.1 is "
        + "a tenth of a reward of 1)"
    }
    if let problem = search.problem { return problem }
    if let keep, keep < 1 { return "steering.keep is \(keep); a beam keeps at least 1 particle" }
    return schedule.problem(stepLimit: stepLimit).map { "steering.resample \($0)" }
  }
}
