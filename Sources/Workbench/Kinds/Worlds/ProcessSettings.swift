import Agents
import ChildProcess
import ProcessWorld

package struct ProcessSettings: WorldKind {
  package static let name = "process"
  package static let summary = "Any program that speaks lines of JSON."
  package static let asksForIdentity = true

  private let settings: ProgramWorld.Settings

  package init(_ yaml: inout YAMLMapping) throws {
    let stepLimit = try yaml.stepLimit()
    guard let command = try yaml.texts("command"), !command.isEmpty else {
      throw ConfigurationError.missing("environment.command", "the program and its arguments, as a list.")
    }
    settings = ProgramWorld.Settings(
      command: command, folder: try yaml.text("folder"),
      processes: try yaml.count("processes", most: Bounds.processes) ?? 1,
      timeout: try yaml.seconds("timeout") ?? 60, stepLimit: stepLimit,
      environment: ChildEnvironment(passing: try yaml.variables()))
  }

  package func make(_ environment: WorldSettings, observer: any WorkObserver) async throws -> any World {
    var settings = settings
    settings.environment.keys = environment.children.keys
    return try await ProgramWorld(settings, splits: environment.splits) { try environment.prompts.applied(to: $0) }
  }
}
