import Agents
import ParticleFilter
import Steering

/// What stored rollouts say about how to steer, before a call is paid: the artifact of `cox plan`, obeyed by `resample: auto`.
public struct Plan: Sendable, Codable {
  public static let format = "coxswain-plan"
  public static let version = 1

  /// One way to steer, and what it is predicted to give on a task like those seen.
  public struct Row: Sendable, Codable {
    public let particles: Int
    /// β, in reward units.
    public let temperature: Double
    /// As the command line takes it.
    public let resample: String
    /// The best trajectory's reward, over tasks.
    public let rewardBest: MeanEstimate
    /// The posterior mean.
    public let rewardWeighted: MeanEstimate
    /// Over best-of-N at no fewer calls, paired over tasks.
    public let gainBest: MeanEstimate
    /// Over independent attempts at no fewer calls weighted by exp(R/β), paired over tasks.
    public let gainWeighted: MeanEstimate
    /// Model calls for a task.
    public let calls: Double
    /// Money for a task, at the mean cost of the calls stored.
    public let cost: Double
  }

  /// What to do with so many particles.
  public struct Choice: Sendable, Codable {
    public let answer: Answer
    public let particles: Int
    public let temperature: Double
    /// `none` where best-of-N is the choice.
    public let resample: String
    /// The gain over best-of-N of the setting found best, where the finding was left to other tasks than the judging. Its
    /// standard error is that of a bootstrap over tasks.
    public let gain: MeanEstimate
    /// 99 %, of the same bootstrap.
    public let interval: [Double]
    /// The best setting found, which is the choice only where `interval` is above a hundredth of the range of returns.
    public let candidate: Row
    /// Independent attempts at no fewer calls than the candidate's.
    public let bestOf: MeanEstimate
    /// In one sentence.
    public let reason: String
    /// About how many more rollouts would tell the gain from zero; 0 where it is told, nil where no affordable number would.
    public let moreRollouts: Int?

    public var schedule: Schedule { Schedule(resample) ?? .never }
  }

  public let format: String
  public let version: Int
  public let environment: WorldIdentity
  public let policy: String
  public let critic: String
  public let rollouts: Int
  public let tasks: Int
  /// The number of particles asked about, for which all settings were tried.
  public let particles: Int
  /// The largest return less the smallest among the rollouts.
  public let scale: Double
  public let choices: [Choice]
  /// The same for a search at each β tried, whose best is among the choices.
  public let byTemperature: [Choice]
  /// Every setting tried, the best gain first.
  public let rows: [Row]

  /// What to do with `particles`: what was planned for the nearest number of them.
  public func choice(_ answer: Answer, particles: Int) -> Choice? {
    Self.nearest(choices.filter { $0.answer == answer }, particles)
  }

  /// The same for a search at one β; nil where it was not tried.
  public func choice(temperature: Double, particles: Int) -> Choice? {
    Self.nearest(byTemperature.filter { abs($0.candidate.temperature - temperature) < 1e-9 }, particles)
  }

  private static func nearest(_ choices: [Choice], _ particles: Int) -> Choice? {
    choices.min { (abs($0.particles - particles), $0.particles) < (abs($1.particles - particles), $1.particles) }
  }

  /// What was predicted of a setting, or nil where it was not tried.
  public func row(particles: Int, temperature: Double, resample: String) -> Row? {
    rows.first {
      $0.particles == particles && abs($0.temperature - temperature) < 1e-9 && $0.resample == resample
    }
  }
}
