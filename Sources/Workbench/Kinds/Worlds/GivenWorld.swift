import Agents

/// A world that the calling program made. No configuration file names it.
package struct GivenWorld: WorldKind {
  package static let name = "given"
  package static let summary = "A world that a program has made."

  private let made: any World

  package init(_ made: any World) { self.made = made }

  package init(_ yaml: inout YAMLMapping) throws {
    throw ConfigurationError(
      "environment.kind given is only for programs that make their own world; choose another kind.")
  }

  package func make(_ environment: WorldSettings, observer: any WorkObserver) -> any World { made }
}
