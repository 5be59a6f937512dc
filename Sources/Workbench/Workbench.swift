import Agents
import Foundation
import HTTP
import Policies
import RolloutStore
import Steering

/// The commands without a terminal: collect, train, plan, steer, compare, and report on one configuration and one
/// store.
///
/// ```swift
/// let options = try Workbench.Options(configuration: "agent.yaml", store: "rollouts.sqlite")
/// try await Workbench.with(options) { bench in
///   let rollouts = try await bench.collect(split: .train, rollouts: 4)
///   let critic = try await bench.train()
///   print(rollouts.text, critic.text)
/// }
/// ```
public struct Workbench: Sendable {
  /// The configuration, the store and the observer of a workbench.
  public struct Options: Sendable {
    /// The configuration: read from a file and changed by flags.
    package var configuration: Configuration
    /// The source of the configuration, for messages.
    package var configurationName: String
    /// The rollout store: a path of one SQLite file.
    public var store: String
    /// Receives progress and remarks.
    public var observer: any WorkObserver

    /// - Parameters:
    ///   - file: a YAML file; nil for the embedded configuration.
    ///   - store: a path of one SQLite file, created where it is missing.
    ///   - seed: decides every random choice.
    /// - Throws: ``ConfigurationError`` where the file cannot be read or is wrong.
    public init(
      configuration file: String?, store: String, seed: UInt64 = 0, observer: any WorkObserver = SilentObserver()
    ) throws {
      configuration =
        try file.map { try Configuration(file: $0) }
        ?? Configuration(yaml: Defaults.yaml, file: "the embedded configuration")
      configuration.steering.seed = seed
      configurationName = file ?? "the embedded configuration"
      self.store = store
      self.observer = observer
    }

    /// A policy that the caller has made, in place of the configured one.
    package var policy: (any Policy)?

    /// - Parameters:
    ///   - file: a YAML file; nil for `agent`, or else for the configuration beside the store, or the embedded one.
    ///   - agent: the configuration of an agent's own program, as YAML. It is kept beside the store.
    package init(
      configuration file: String?, agent: String?, usesKept: Bool = true, store: String, seed: UInt64,
      observer: any WorkObserver
    ) throws {
      guard let agent else {
        let kept = Workbench.beside(store: store, "agent.yaml")
        let hasKept = try usesKept && file == nil && TextFile.text(kept) != nil
        try self.init(configuration: file ?? (hasKept ? kept : nil), store: store, seed: seed, observer: observer)
        if hasKept { observer.note("The configuration is \(kept).") }
        return
      }
      guard file == nil else {
        throw ConfigurationError("A program after `--` cannot be used with --config: its command is in the file.")
      }
      try self.init(configuration: nil, store: store, seed: seed, observer: observer)
      configuration = try Configuration(yaml: agent, file: "the command line")
      configuration.steering.seed = seed
      configurationName = "the command line"
      self.agent = agent
    }

    /// The configuration of an agent's own program that is kept beside the store once it has been opened.
    private(set) var agent: String?

    /// For a world and a policy of the caller's own.
    ///
    /// - Parameters:
    ///   - world: is closed by the workbench.
    ///   - store: a path of one SQLite file, created where it is missing.
    ///   - critic: guides populations; nil for trees, which ``Workbench/train(_:)`` fits.
    ///   - steering: method, N, β and seed. Its schedule is left to the plan.
    ///   - concurrency: model calls in flight.
    ///   - limits: end the work cleanly when they are reached.
    public init(
      world: any World, policy: any Policy, critic: (any Critic)? = nil, store: String,
      steering: SteeringSettings = SteeringSettings(answer: .search), concurrency: Int = 8, limits: Limits = Limits(),
      pricing: Pricing = Pricing(), observer: any WorkObserver = SilentObserver()
    ) {
      configuration = Configuration(world, policy: policy)
      if let critic { configuration.critic.own = GivenCritic(critic) }
      configuration.steering = steering
      configuration.policy.concurrency = concurrency
      configuration.policy.pricing = pricing
      configuration.limits = limits
      configurationName = "the program's own configuration"
      self.policy = policy
      self.store = store
      self.observer = observer
    }
  }

  package let configuration: Configuration
  package private(set) var options: Options
  /// The world, closed when ``with(_:creating:_:)`` returns.
  public let world: any World
  /// The store that rollouts are read from and written to.
  public let store: RolloutStore
  package let source: any PolicyKind
  /// The limits of this workbench, the critic's spending included.
  public let budget: Budget
  package let criticCost = CriticCost()
  package let trackers: Trackers

  package var observer: any WorkObserver { options.observer }

  /// The policy's identity: model, sampling, and how its actions are written.
  public var policyIdentity: String { source.identity }

  /// The prices of the policy's tokens.
  public var pricing: Pricing { configuration.policy.pricing }

  /// Opens the store and the world, runs `body`, and closes the world however `body` ends.
  ///
  /// - Parameters:
  ///   - creating: whether a missing store is created. If false, only stored rollouts are read: an empty store is used
  ///     if there is none, and a world behind a program or a server is not started if its identity is known.
  ///   - body: what to do.
  public static func with<T: Sendable>(
    _ options: Options, creating: Bool = true, _ body: (Workbench) async throws -> T
  ) async throws -> T {
    try await with(options, store: nil, creating: creating, body)
  }

  /// - Parameter shared: a store that is already open.
  package static func with<T: Sendable>(
    _ options: Options, store shared: RolloutStore?, creating: Bool = true, _ body: (Workbench) async throws -> T
  ) async throws -> T {
    if let problem = OpenFiles.problem() { throw ConfigurationError(problem) }
    let source =
      if let policy = options.policy { GivenPolicy(policy) as any PolicyKind } else {
        try await options.configuration.policy.kind.init(options.configuration.policy)
      }
    let store = try shared ?? RolloutStore(path: options.store, creating: creating)
    // Opened last: it may start programs, and an error above would leave them running.
    let world = try await open(options, isReading: !creating)
    return try await world.closing {
      if creating, let agent = options.agent {
        let kept = beside(store: options.store, "agent.yaml")
        try OutputFile.write(Data(agent.utf8), to: kept)
        // Arguments may be private.
        try? FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: kept)
      }
      let bench = Workbench(
        options: options, world: world, store: store, source: source,
        budget: Budget(limits: options.configuration.limits, pricing: options.configuration.policy.pricing))
      return try await bench.tracked { try await body(bench) }
    }
  }

  /// The configured world. If only stored rollouts are read, a known identity is used and no program or server is
  /// started.
  private static func open(_ options: Options, isReading: Bool) async throws -> any World {
    var settings = options.configuration.environment
    settings.concurrency = options.configuration.policy.concurrency
    guard type(of: settings.own).asksForIdentity else { return try await settings.make(observer: options.observer) }
    if isReading, let card = WorldCard.read(settings, beside: options.store) { return RememberedWorld(card: card) }
    let world = try await settings.make(observer: options.observer)
    if !isReading { WorldCard.keep(world, of: settings, beside: options.store) }
    return world
  }

  private init(options: Options, world: any World, store: RolloutStore, source: any PolicyKind, budget: Budget) {
    configuration = options.configuration
    self.options = options
    self.world = world
    self.store = store
    self.source = source
    self.budget = budget
    trackers = Trackers(options)
  }

  /// The same world, store and limits with another policy.
  package init(_ other: Workbench, _ configuration: Configuration, source: any PolicyKind) {
    self.configuration = configuration
    self.source = source
    (options, world, store, budget) = (other.options, other.world, other.store, other.budget)
    trackers = other.trackers
  }

  /// The same with another observer.
  func observed(by observer: any WorkObserver) -> Workbench {
    var copy = self
    copy.options.observer = observer
    return copy
  }

  /// Warns if the machine's limit of open files is below the concurrency.
  func noteConnections(_ policy: PolicySettings) {
    guard policy.kind.opensConnections,
      let remark = OpenFiles.remark(on: policy.concurrency, key: "\(policy.section).concurrency")
    else { return }
    observer.warn(remark)
  }

  /// Refuses settings that cannot be run, before anything is started.
  package func check(_ settings: SteeringSettings, for tasks: [AgentTask]) throws {
    if let problem = settings.effective.problem(stepLimit: tasks.map(\.stepLimit).max() ?? 1) {
      throw ConfigurationError(problem + ".")
    }
  }
}
