import Agents
import Critics
import Foundation
import Policies
import RolloutStore
import Steering

/// What the verbs work with, made from the configuration.
struct Workspace {
  let configuration: Configuration
  let options: CommonOptions
  let suite: any TaskSuite
  let store: RolloutStore
  let source: PolicySource

  /// - Parameter shared: a store that is open already.
  init(_ options: CommonOptions, store shared: RolloutStore? = nil) async throws {
    self.options = options
    configuration = try options.configuration()
    source = try await PolicySource(configuration.policy)
    store = try shared ?? RolloutStore(path: options.store)
    // Last, since nobody would close it where another is refused.
    suite = try await configuration.environment.suite()
  }

  var pricing: Pricing { configuration.policy.pricing }

  /// Refuses settings that cannot be run, before anything is started.
  func check(_ settings: SteeringSettings, for tasks: [AgentTask]) throws {
    if let problem = settings.effective.problem(stepLimit: tasks.map(\.stepLimit).max() ?? 1) {
      throw ConfigurationError(problem + ".")
    }
  }

  // MARK: - The critic

  /// Where `cox train` puts a critic of this name, and where the others look for it.
  func criticPath(_ name: String) -> String { Self.criticPath(name, store: options.store) }

  static func criticPath(_ name: String, store: String) -> String {
    if name.contains("/") || name.hasSuffix(".json") { return name }
    return URL(fileURLWithPath: store).deletingLastPathComponent()
      .appendingPathComponent("\(name).critic.json").path
  }

  /// The critic that `--critic` or the configuration names.
  func critic(_ flag: String?) throws -> any Critic {
    let name = flag ?? configuration.critic.kind.rawValue
    if name == CriticSettings.Kind.constant.rawValue { return ConstantCritic() }
    if ["judge", "pooling", "lm"].contains(name) {
      throw ConfigurationError(
        "This version has no critic \(name): give a critic file, a name given to cox train, or constant.")
    }
    let path = criticPath(name)
    guard let data = FileManager.default.contents(atPath: path) else {
      throw ConfigurationError(
        "There is no critic \(path). Make one with cox collect and cox train, or give --critic constant.")
    }
    return try TreesCritic(decoding: data, for: suite.identity)
  }
}
