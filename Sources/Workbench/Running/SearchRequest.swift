import Agents
import Steering

/// How a frontier search spends its calls. Fields that are nil are taken from the configuration.
public struct SearchRequest: Sendable {
  /// Model calls for a task on average.
  public var calls: Int?
  /// How many states of one task are extended at a time.
  public var width: Int?
  /// Money per unit of reward.
  public var worth: Double?
  /// Whether rewards are known while the search runs.
  public var hasVerifier: Bool?

  /// A request that follows the configuration.
  public init() {}

  func apply(to settings: inout SearchSettings) {
    settings.calls = calls ?? settings.calls
    settings.width = width ?? settings.width
    settings.worth = worth ?? settings.worth
    settings.hasVerifier = hasVerifier ?? settings.hasVerifier
  }
}

extension Workbench {
  /// The settings with the price of a call in reward units, if a unit of reward has a worth: the mean cost of a stored
  /// call divided by that worth.
  ///
  /// - Throws: ``ConfigurationError`` if the cost of a call is unknown.
  package func priced(_ settings: SteeringSettings) async throws -> SteeringSettings {
    guard settings.method == .frontier, let worth = settings.search.worth else { return settings }
    guard !pricing.isFree else {
      throw ConfigurationError(
        "steering.worth needs policy.pricing in the configuration: without prices all costs are 0.")
    }
    let (calls, usage) = try await store.usage(of: world.identity, policy: policyIdentity)
    guard calls > 0 else {
      throw ConfigurationError(
        "steering.worth needs stored rollouts of this policy to know the cost of a call: make some with cox collect.")
    }
    var settings = settings
    // Rounded to two digits, so that a few more rollouts do not change the run's id.
    settings.search.rule.price = (pricing.cost(of: usage) / Double(calls) / worth).rounded(digits: 2)
    return settings
  }
}

extension Double {
  /// The nearest number of so many significant digits.
  fileprivate func rounded(digits: Int) -> Double {
    Double(
      formatted(.number.precision(.significantDigits(digits)).grouping(.never).locale(.init(identifier: "en_US_POSIX")))
    ) ?? self
  }
}
