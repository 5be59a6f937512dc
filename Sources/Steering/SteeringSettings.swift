import Agents
import ParticleFilter

/// How tasks are attempted.
public enum Method: String, CaseIterable, Sendable, Codable {
  /// One attempt.
  case single
  /// N independent attempts, the best of them kept.
  case bestOf = "best-of"
  /// Agentic Monte Carlo: N attempts under twisted Sequential Monte Carlo (arXiv 2606.05296).
  case amc
}

/// What becomes of a clone whose replay paid or ended otherwise than the recorded episode did.
public enum DivergencePolicy: String, CaseIterable, Sendable, Codable {
  /// The recorded past stands, and the clone continues from where the replay led.
  case keep
  /// Replays again, three times at most, then drops.
  case retry
  /// The clone fails, without weight.
  case drop
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

  public init(
    method: Method = .amc, particles: Int = 8, temperature: Double = 0.1, schedule: Schedule = .never,
    resampler: Resampler = .systematic, answer: Answer = .sample, divergence: DivergencePolicy = .retry,
    seed: UInt64 = 0
  ) {
    self.method = method
    self.particles = particles
    self.temperature = temperature
    self.schedule = schedule
    self.resampler = resampler
    self.answer = answer
    self.divergence = divergence
    self.seed = seed
  }

  /// The same settings as the method understands them: one attempt has one particle, and only a steered population resamples.
  public var effective: SteeringSettings {
    var settings = self
    if method == .single { settings.particles = 1 }
    if method != .amc { settings.schedule = .never }
    return settings
  }

  /// What is wrong with these settings, in words, or nil. `stepLimit` is the longest an episode can be.
  public func problem(stepLimit: Int) -> String? {
    if particles < 1 { return "steering.particles is \(particles); a population has at least 1 particle" }
    if !(temperature > 0 && temperature.isFinite) {
      return "steering.temperature is \(temperature); β is above 0, in reward units (0.1 is a tenth of a reward of 1)"
    }
    return schedule.problem(stepLimit: stepLimit).map { "steering.resample \($0)" }
  }
}
