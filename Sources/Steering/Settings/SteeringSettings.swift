import Agents
import ParticleFilter

/// What becomes of a clone whose replay paid or ended otherwise than the recorded episode did.
public enum DivergencePolicy: String, CaseIterable, Sendable, Codable {
  /// The recorded past stands, and the clone continues from where the replay led.
  case keep
  /// Replays again, three times at most, then drops.
  case retry
  /// The clone fails, without weight.
  case drop
}

/// What becomes of an attempt whose environment failed or hung, after the environment's own retries.
public enum WorldErrorPolicy: String, CaseIterable, Sendable, Codable {
  /// The attempt fails, without weight, and the run goes on.
  case fail
  /// The run ends.
  case stop
}

/// The answer a user wants of a population.
public enum Answer: String, CaseIterable, Sendable, Codable {
  /// The best trajectory: the population stops once the maximal reward is banked.
  case search
  /// The weighted population, a sample of the posterior: it always runs to the end.
  case sample
}

/// Everything that decides how a population is steered.
public struct SteeringSettings: Sendable, Hashable, Codable {
  public var method: Method
  /// N, at least 1.
  public var particles: Int
  /// β, in reward units, above 0.
  public var temperature: Double
  public var schedule: Schedule
  public var resampler: Resampler
  public var answer: Answer
  public var divergence: DivergencePolicy
  public var seed: UInt64
  /// How many particles each checkpoint of a beam keeps, at least 1; more than N is N, and nil is ``BeamSearch/standardKeep(of:)``.
  public var keep: Int?
  /// Whether an attempt or the run ends with an environment that fails.
  public var onEnvironmentError: WorldErrorPolicy

  /// The most particles that a population may have: it keeps the trajectory of each in memory.
  public static let mostParticles = 100_000

  public init(
    method: Method = .amc, particles: Int = 8, temperature: Double = 0.1, schedule: Schedule = .never,
    resampler: Resampler = .systematic, answer: Answer = .sample, divergence: DivergencePolicy = .retry,
    seed: UInt64 = 0, keep: Int? = nil, onEnvironmentError: WorldErrorPolicy = .fail
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
  }

  /// The same settings as the method understands them: one attempt has one particle, and only a steered population resamples.
  public var effective: SteeringSettings {
    var settings = self
    settings.particles = method.particles ?? particles
    if !method.isSteered { settings.schedule = .never }
    settings.keep = method.keepsBest ? min(keep ?? BeamSearch.standardKeep(of: particles), particles) : nil
    return settings
  }

  /// Below it β·log of a weight has no digits left.
  private static let leastTemperature = 1e-9

  /// What is wrong with these settings, in words, or nil. `stepLimit` is the longest an episode can be.
  public func problem(stepLimit: Int) -> String? {
    if particles < 1 { return "steering.particles is \(particles); a population has at least 1 particle" }
    if particles > Self.mostParticles {
      return "steering.particles is \(particles); a population has at most \(Self.mostParticles) particles"
    }
    if !(temperature >= Self.leastTemperature && temperature.isFinite) {
      return
        "steering.temperature is \(temperature); β is above 0, in reward units (0.1 is a tenth of a reward of 1), and at least "
        + "\(Self.leastTemperature)"
    }
    if let keep, keep < 1 { return "steering.keep is \(keep); a beam keeps at least 1 particle" }
    return schedule.problem(stepLimit: stepLimit).map { "steering.resample \($0)" }
  }
}
