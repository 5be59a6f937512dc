import Agents
import ChildProcess
import Steering

/// A kind of world: its name, the keys that it reads, and how it is made from them. A new kind is one file with one such type, and
/// one line in ``worldKinds``.
package protocol WorldKind: Sendable {
  /// As `environment.kind` names it.
  static var name: String { get }

  /// One line for help and documentation.
  static var summary: String { get }

  /// Whether ``PromptSettings`` apply to it.
  static var takesPrompts: Bool { get }

  /// Reads the keys of this kind. The keys that all kinds share are read elsewhere.
  init(_ yaml: inout YAMLMapping) throws

  /// What of this machine's software a world of these settings needs.
  var needs: Set<Need> { get }

  /// Makes the world. The caller closes it.
  ///
  /// - Parameter observer: told of reading that takes long.
  func suite(_ environment: EnvironmentSettings, observer: any WorkObserver) async throws -> any TaskSuite
}

extension WorldKind {
  package static var takesPrompts: Bool { true }
  package var needs: Set<Need> { [] }
}

/// Every kind of world, in the order in which they are listed.
package let worldKinds: [any WorldKind.Type] = [
  OrdersSettings.self, ArithmeticSettings.self, TextCraftSettings.self, ShopSettings.self, ScienceWorldSettings.self,
  AgentGymSettings.self, OpenEnvSettings.self, ProcessSettings.self,
]

package struct EnvironmentSettings: Sendable {
  /// The kind's name.
  package let kind: String
  package var seed: UInt64 = 1
  /// Whether an attempt or the run ends with a world that fails.
  package var onError = EnvironmentErrorPolicy.fail
  package let tasks: [Split: [Int]]
  package let world: any WorldKind
  package let prompts: PromptSettings
  /// What the world's programs get of the environment, beside what the world's own settings say.
  package var children = ChildEnvironment()

  package init(_ yaml: inout YAMLMapping) throws {
    let names = worldKinds.map { $0.name }
    guard let name = try yaml.choice("kind", among: names),
      let kind = worldKinds.first(where: { $0.name == name })
    else { throw ConfigurationError.missing("environment.kind", "one of \(names.joined(separator: ", ")).") }
    self.kind = name
    if let seed = try yaml.integer("seed") { self.seed = UInt64(bitPattern: Int64(seed)) }
    onError = try yaml.choice("onError", EnvironmentErrorPolicy.self) ?? onError
    tasks =
      try yaml.mapping("tasks") { yaml in
        var tasks: [Split: [Int]] = [:]
        for split in Split.allCases { tasks[split] = try yaml.numbers(split.rawValue) }
        return tasks
      } ?? [:]
    world = try kind.init(&yaml)
    prompts = kind.takesPrompts ? try PromptSettings(&yaml) : PromptSettings()
  }

  /// For a world that the caller has made.
  package init(_ suite: any TaskSuite) {
    kind = GivenWorld.name
    tasks = [:]
    world = GivenWorld(suite)
    prompts = PromptSettings()
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
  package func closing<T>(_ body: () async throws -> T) async throws -> T {
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
