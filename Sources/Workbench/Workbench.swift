import Agents
import Foundation
import HTTP
import Policies
import RolloutStore
import Steering

/// What the verbs work with, made from the configuration.
struct Workbench {
  let configuration: Configuration
  let options: CommonOptions
  let suite: any TaskSuite
  let store: RolloutStore
  let source: PolicySource
  /// What the command may take, its critic included.
  let budget: Budget
  let criticCost = CriticCost()

  /// - Parameters:
  ///   - shared: a store that is open already.
  ///   - creating: makes the store where there is none; a command that only reads finds an empty one instead.
  init(_ options: CommonOptions, store shared: RolloutStore? = nil, creating: Bool = true) async throws {
    self.options = options
    if let problem = OpenFiles.problem() { throw ConfigurationError(problem) }
    configuration = try options.configuration()
    source = try await PolicySource(configuration.policy)
    budget = Budget(limits: configuration.limits, pricing: configuration.policy.pricing)
    store = try shared ?? RolloutStore(path: options.store, creating: creating)
    // Last, since nobody would close it where another is refused.
    suite = try await configuration.environment.suite()
  }

  /// The same world, store and limits with another policy.
  init(_ other: Workbench, _ configuration: Configuration, source: PolicySource) {
    self.configuration = configuration
    self.source = source
    (options, suite, store, budget) = (other.options, other.suite, other.store, other.budget)
  }

  var pricing: Pricing { configuration.policy.pricing }

  /// Refuses settings that cannot be run, before anything is started.
  func check(_ settings: SteeringSettings, for tasks: [AgentTask]) throws {
    if let problem = settings.effective.problem(stepLimit: tasks.map(\.stepLimit).max() ?? 1) {
      throw ConfigurationError(problem + ".")
    }
  }
}
