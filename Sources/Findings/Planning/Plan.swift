import Agents
import ParticleFilter
import Steering

/// The predicted gain of steering from stored rollouts alone, and the settings to use: the artifact of `cox plan`,
/// followed by `resample: auto`.
public struct Plan: Sendable, Codable {
  /// The value of ``format`` in every plan's file.
  public static let format = "coxswain-plan"
  /// The version of the file format that this code reads and writes.
  public static let version = 1

  /// One combination of settings and its predicted result on a task like those of the rollouts.
  public struct Row: Sendable, Codable {
    /// N.
    public let particles: Int
    /// β, in reward units.
    public let temperature: Double
    /// The schedule as the command line takes it.
    public let resample: String
    /// The reward of the best trajectory, over tasks.
    public let rewardBest: MeanEstimate
    /// The posterior mean.
    public let rewardWeighted: MeanEstimate
    /// The gain in the best reward over best-of-N at no fewer calls, paired over tasks.
    public let gainBest: MeanEstimate
    /// The gain in the posterior mean over independent attempts weighted by exp(R/β) at no fewer calls, paired over
    /// tasks.
    public let gainWeighted: MeanEstimate
    /// Model calls for a task.
    public let calls: Double
    /// Money for a task, at the mean cost of the stored calls.
    public let cost: Double
  }

  /// The settings to use with one number of particles.
  public struct Choice: Sendable, Codable {
    /// Whether the choice is for a search or for a sample.
    public let answer: Answer
    /// N.
    public let particles: Int
    /// β, in reward units.
    public let temperature: Double
    /// The schedule as the command line takes it; `none` if best-of-N is the choice.
    public let resample: String
    /// The gain of ``candidate`` over best-of-N, in reward units, chosen and judged on different tasks. The standard
    /// error is that of a bootstrap over tasks.
    public let gain: MeanEstimate
    /// The two ends of the 99 % interval of the same bootstrap.
    public let interval: [Double]
    /// The best setting found. It is the choice only if `interval` lies above a hundredth of the range of returns.
    public let candidate: Row
    /// The reward of best-of-N at no fewer calls than the candidate's.
    public let bestOf: MeanEstimate
    /// Why this is the choice, in one sentence.
    public let reason: String
    /// About how many more rollouts would make the gain significantly different from zero; 0 if it already is, nil if
    /// no affordable number would.
    public let moreRollouts: Int?

    /// ``resample`` as a schedule; `never` if best-of-N is the choice.
    public var schedule: Schedule { Schedule(resample) ?? .never }
  }

  /// `coxswain-plan`, by which the file is recognised.
  public let format: String
  /// The file format's version when the plan was written.
  public let version: Int
  /// The world of the rollouts. A run in another world does not use the plan.
  public let environment: WorldIdentity
  /// The identity of the policy that produced the rollouts.
  public let policy: String
  /// The identity of the critic to steer by.
  public let critic: String
  /// The number of finished rollouts used.
  public let rollouts: Int
  /// The number of tasks that they are of.
  public let tasks: Int
  /// The number of particles asked for, for which all settings were tried.
  public let particles: Int
  /// The largest return less the smallest among the rollouts.
  public let scale: Double
  /// One choice for each answer and number of particles simulated.
  public let choices: [Choice]
  /// The choice for a search at each β tried; the best of them is among ``choices``.
  public let byTemperature: [Choice]
  /// The choice among methods, with a verifier and without; nil in plans of versions that made none.
  public var methods: [MethodChoice]?
  /// What a frontier search spends and reaches at a quarter of `steering.worth`, at all and at four times of it; nil
  /// without a worth or prices.
  public var prices: [PriceForecast]?
  /// A digest of everything that decided the plan, by which it is known to be up to date; nil in plans of versions that
  /// had none.
  public var inputs: String?
  /// Every setting tried, the largest gain first.
  public let rows: [Row]

  /// The choice for the simulated number of particles nearest to `particles`; nil if there is none for this answer.
  public func choice(_ answer: Answer, particles: Int) -> Choice? {
    Self.nearest(choices.filter { $0.answer == answer }, particles)
  }

  /// The choice for a search at one β; nil if that β was not tried.
  public func choice(temperature: Double, particles: Int) -> Choice? {
    Self.nearest(byTemperature.filter { abs($0.candidate.temperature - temperature) < 1e-9 }, particles)
  }

  private static func nearest(_ choices: [Choice], _ particles: Int) -> Choice? {
    choices.min { (abs($0.particles - particles), $0.particles) < (abs($1.particles - particles), $1.particles) }
  }

  /// The prediction for a setting; nil if it was not tried.
  public func row(particles: Int, temperature: Double, resample: String) -> Row? {
    rows.first {
      $0.particles == particles && abs($0.temperature - temperature) < 1e-9 && $0.resample == resample
    }
  }
}
