import Agents
import ChildProcess
import Steering

/// What the configuration says of one kind of world, and how it is made from that.
package protocol WorldSettings: Sendable {
  /// Reads the keys of this kind; the ones that all kinds share are read elsewhere.
  init(_ yaml: inout YAMLMapping) throws

  /// - Parameter observer: told of reading that takes long.
  func suite(_ environment: EnvironmentSettings, observer: any WorkObserver) async throws -> any TaskSuite
}

package struct EnvironmentSettings: Sendable {
  package enum Kind: String, CaseIterable {
    case orders, arithmetic, textcraft, shop, scienceworld, agentgym, openenv, process

    package var settings: any WorldSettings.Type {
      switch self {
      case .orders: OrdersSettings.self
      case .arithmetic: ArithmeticSettings.self
      case .textcraft: TextCraftSettings.self
      case .shop: ShopSettings.self
      case .scienceworld: ScienceWorldSettings.self
      case .agentgym: AgentGymSettings.self
      case .openenv: OpenEnvSettings.self
      case .process: ProcessSettings.self
      }
    }
  }

  package let kind: Kind
  package var seed: UInt64 = 1
  /// Whether an attempt or the run ends with a world that fails.
  var onError = EnvironmentErrorPolicy.fail
  package let tasks: [Split: [Int]]
  package let world: any WorldSettings
  let prompts: PromptSettings
  /// What the world's programs get of the environment, beside what the world's own settings say.
  var children = ChildEnvironment()

  package init(_ yaml: inout YAMLMapping) throws {
    guard let kind = try yaml.choice("kind", Kind.self) else {
      throw ConfigurationError.missing(
        "environment.kind", "one of \(Kind.allCases.map(\.rawValue).joined(separator: ", ")).")
    }
    self.kind = kind
    if let seed = try yaml.integer("seed") { self.seed = UInt64(bitPattern: Int64(seed)) }
    onError = try yaml.choice("onError", EnvironmentErrorPolicy.self) ?? onError
    tasks =
      try yaml.mapping("tasks") { yaml in
        var tasks: [Split: [Int]] = [:]
        for split in Split.allCases { tasks[split] = try yaml.numbers(split.rawValue) }
        return tasks
      } ?? [:]
    world = try kind.settings.init(&yaml)
    // The order desk's worked orders are part of its tasks.
    prompts = kind == .orders ? PromptSettings() : try PromptSettings(&yaml)
  }

  /// Makes the world. The caller closes it.
  package func suite(observer: any WorkObserver) async throws -> any TaskSuite {
    try await world.suite(self, observer: observer)
  }

  /// Makes the world and closes it after `body`, also when interrupted.
  package func withSuite<T: Sendable>(
    observer: any WorkObserver, _ body: @escaping @Sendable (any TaskSuite) async throws -> T
  ) async throws -> T {
    try await observer.cancellable {
      let suite = try await suite(observer: observer)
      return try await suite.closing { try await body(suite) }
    }
  }

  package var splits: TaskSplits { get throws { try TaskSplits(tasks) } }
}

extension YAMLMapping {
  /// `maxSteps`, the steps after which an attempt is cut.
  package mutating func stepLimit() throws -> Int? { try count("maxSteps", most: Bounds.steps) }

  /// Seconds, above 0 and at most a day.
  package mutating func seconds(_ key: String) throws -> Double? {
    guard let seconds = try number(key) else { return nil }
    guard seconds > 0, seconds <= 86_400 else {
      throw ConfigurationError("environment.\(key) is \(seconds); seconds, above 0 and at most a day.")
    }
    return seconds
  }

  package mutating func range(_ key: String) throws -> ClosedRange<Int>? {
    guard let numbers = try numbers(key) else { return nil }
    guard let low = numbers.min(), let high = numbers.max() else {
      throw ConfigurationError("environment.\(key) is an empty range; write it as \"3...4\".")
    }
    return low...high
  }
}

extension TaskSuite {
  /// Runs `body` and closes the world after it, however it ended.
  func closing<T>(_ body: () async throws -> T) async throws -> T {
    do {
      let value = try await body()
      await close()
      return value
    } catch {
      await close()
      throw error
    }
  }
}
