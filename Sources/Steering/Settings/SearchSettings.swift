import ParticleFilter

/// How a search spends its calls.
public struct SearchSettings: Sendable, Hashable, Codable {
  /// Model calls for a task on average, at least 1. The budget of a campaign is this times its tasks, and tasks that
  /// are solved leave their calls to the others: best-of goes on with attempts, steered methods with further
  /// populations. nil for N attempts at each task; a frontier search then has N times the step limit.
  public var calls: Int?
  /// How many states of one task a frontier search extends at a time, at least 1. More saves time and costs calls.
  public var width: Int
  /// How a frontier search chooses.
  public var rule: Frontier.Rule
  /// What a unit of reward is worth, in money. A frontier search then ends where no call is worth its price. nil for
  /// calls that are limited alone.
  public var worth: Double?
  /// Whether rewards are known while a search runs. Without a verifier a frontier search goes by the critic's estimates
  /// of finished attempts.
  public var hasVerifier: Bool

  /// By default a search with a verifier that extends one state of a task at a time, at N attempts' calls.
  public init(
    calls: Int? = nil, width: Int = 1, rule: Frontier.Rule = Frontier.Rule(), worth: Double? = nil,
    hasVerifier: Bool = true
  ) {
    self.calls = calls
    self.width = width
    self.rule = rule
    self.worth = worth
    self.hasVerifier = hasVerifier
  }

  /// What is wrong with these settings, in words; nil if they can be run.
  var problem: String? {
    if let calls, calls < 1 { return "steering.calls is \(calls); a task has at least 1 call" }
    if width < 1 { return "steering.width is \(width); a search extends at least 1 state at a time" }
    if let worth, !(worth > 0 && worth.isFinite) {
      return "steering.worth is \(worth); it must be an amount of money above 0"
    }
    if !(rule.price >= 0 && rule.price.isFinite) {
      return "the price of a call is \(rule.price) in reward units; it must be a finite number of at least 0"
    }
    return nil
  }
}
