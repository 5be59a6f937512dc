import Agents

/// A world that a program made itself. No configuration file names it.
package struct GivenWorld: WorldKind {
  package static let name = "given"
  package static let summary = "A world that a program has made."

  private let made: any TaskSuite

  package init(_ made: any TaskSuite) { self.made = made }

  package init(_ yaml: inout YAMLMapping) throws {
    throw ConfigurationError("environment.kind given is for programs that make their own world.")
  }

  package func suite(_ environment: EnvironmentSettings, observer: any WorkObserver) -> any TaskSuite { made }
}
