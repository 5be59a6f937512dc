import Agents

/// A world that a program made itself. No configuration file names it.
struct GivenWorld: WorldKind {
  static let name = "given"
  static let summary = "A world that a program has made."

  private let made: any TaskSuite

  init(_ made: any TaskSuite) { self.made = made }

  init(_ yaml: inout YAMLMapping) throws {
    throw ConfigurationError("environment.kind given is for programs that make their own world.")
  }

  func suite(_ environment: EnvironmentSettings, observer: any WorkObserver) -> any TaskSuite { made }
}
