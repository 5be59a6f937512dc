import Steering

extension Plan {
  /// The choice among methods under one budget for all tasks, with a verifier or without. Tasks that are solved leave
  /// their calls to the others.
  public struct MethodChoice: Sendable, Codable {
    /// Whether rewards are known while a method runs.
    public let hasVerifier: Bool
    /// Model calls for a task on average: those of N attempts.
    public let calls: Double
    /// The method to use: `best-of` unless another is surely better.
    public let method: String
    /// The gain of the candidate over best-of with stopping, in reward units, chosen and judged on different tasks. The
    /// standard error is that of a bootstrap over tasks.
    public let gain: MeanEstimate
    /// The two ends of the 99 % interval of the same bootstrap.
    public let interval: [Double]
    /// Why this is the choice, in one sentence.
    public let reason: String
    /// Every method simulated, best-of with stopping first.
    public let forecasts: [Forecast]
  }

  /// What a method is predicted to reach.
  public struct Forecast: Sendable, Codable {
    /// The method with its settings.
    public let method: String
    /// N of each population; nil for methods without populations.
    public let particles: Int?
    /// β, in reward units; nil for methods without populations.
    public let temperature: Double?
    /// The schedule as the command line takes it; nil for methods without populations.
    public let resample: String?
    /// The gain over best-of with stopping at the plan's calls, paired over tasks.
    public let gain: MeanEstimate
    /// Reward against calls.
    public let points: [Point]
  }

  /// A point of a curve of reward against calls.
  public struct Point: Sendable, Codable {
    /// Model calls for a task on average.
    public let calls: Double
    /// The best reward, over tasks; without a verifier that of the attempt that the critic chooses.
    public let reward: MeanEstimate
  }

  /// What a frontier search is predicted to spend and to reach if it ends where no call is worth its price.
  public struct PriceForecast: Sendable, Codable {
    /// What a unit of reward is worth, in money.
    public let worth: Double
    /// The price of a call, in reward units.
    public let price: Double
    /// Model calls for a task, over tasks.
    public let calls: MeanEstimate
    /// The best reward, over tasks.
    public let reward: MeanEstimate
  }

  /// The choice among methods; nil in plans of versions that made none.
  public func methodChoice(hasVerifier: Bool) -> MethodChoice? { methods?.first { $0.hasVerifier == hasVerifier } }
}
