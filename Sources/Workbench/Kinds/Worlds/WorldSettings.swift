import Agents
import ChildProcess
import Steering

/// The configured world.
package struct WorldSettings: Sendable {
  /// The kind's name.
  package let kind: String
  /// A digest of the whole section, for kinds that ask a program or server for the identity; empty for others.
  package let digest: String
  package var seed: UInt64 = 1
  /// Model calls in flight, which decides how many attempts are under way.
  package var concurrency = 8
  /// Whether a failing world ends the attempt or the run.
  package var onError = WorldErrorPolicy.fail
  package let tasks: [Split: [Int]]
  /// The settings of the kind itself.
  package let own: any WorldKind
  package let prompts: PromptSettings
  /// The environment variables that the world's programs receive, in addition to those in the kind's own settings.
  package var children = ChildEnvironment()

  package init(_ yaml: inout YAMLMapping) throws {
    let names = worldKinds.map { $0.name }
    guard
      let name = try yaml.kind("kind", among: names, default: .required, "the world; see [worlds](worlds.md)"),
      let kind = worldKinds.first(where: { $0.name == name })
    else { throw ConfigurationError.missing("environment.kind", "one of \(names.joined(separator: ", ")).") }
    self.kind = name
    digest = kind.asksForIdentity ? "\(name) \(yaml.digest)" : ""
    if let seed = try yaml.integer("seed", default: "\(seed)", "seed of the generated tasks") {
      self.seed = UInt64(bitPattern: Int64(seed))
    }
    onError = try yaml.choice(
      "onError", default: onError,
      """
      `fail`: if a step or the opening of a task still fails or hangs after the world's own retries, the attempt ends. \
      `stop`: the run ends. See [failed attempts](#failed-attempts)
      """)
    tasks =
      try kind.readsTasks
      ? [:]
      : yaml.mapping("tasks", default: .none, "the tasks of each split. No task may be in two splits") { yaml in
        var tasks: [Split: [Int]] = [:]
        for split in Split.allCases {
          tasks[split] = try yaml.numbers(
            split.rawValue, default: .none, "a range `\"0..<64\"` or `\"0...63\"`, a number, or a list of these")
        }
        return tasks
      } ?? [:]
    // Read before the kind's keys, so that the prompt keys are documented even if the kind then misses a required key.
    prompts = kind.takesPrompts ? try PromptSettings(&yaml) : PromptSettings()
    own = try kind.init(&yaml)
  }

  /// The settings for a world that the caller has made.
  package init(_ world: any World) {
    kind = GivenWorld.name
    digest = ""
    tasks = [:]
    own = GivenWorld(world)
    prompts = PromptSettings()
  }

  /// Creates the world. The caller closes it.
  package func make(observer: any WorkObserver) async throws -> any World {
    try await own.make(self, observer: observer)
  }

  /// Creates the world and closes it after `body`, even after an interrupt.
  package func withWorld<T: Sendable>(
    observer: any WorkObserver, _ body: @escaping @Sendable (any World) async throws -> T
  ) async throws -> T {
    try await observer.cancellable {
      let world = try await make(observer: observer)
      return try await world.closing { try await body(world) }
    }
  }

  package var splits: TaskSplits { get throws { try TaskSplits(tasks) } }
}

extension YAMLMapping {
  /// `maxSteps`, the largest number of steps of an attempt.
  package mutating func stepLimit(default fallback: KeyDefault) throws -> Int? {
    try count("maxSteps", most: Bounds.steps, default: fallback, "maximal number of steps of an attempt")
  }

  package mutating func stepLimit(default value: Int) throws -> Int {
    try stepLimit(default: KeyDefault(value)) ?? value
  }
}

extension World {
  /// Runs `body` and closes the world afterwards, even after an error.
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
