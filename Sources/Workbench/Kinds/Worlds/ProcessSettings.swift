import Agents
import ChildProcess
import ProcessWorld

package struct ProcessSettings: WorldKind {
  package static let name = "process"
  package static let summary = "Any program that speaks lines of JSON."
  package static let asksForIdentity = true

  private let settings: ProgramWorld.Settings

  package init(_ yaml: inout YAMLMapping) throws {
    let stepLimit = try yaml.stepLimit(default: "that of the program")
    let command = try yaml.texts(
      "command", default: .required, "[the program](process-environment.md) and its arguments, as a list")
    let folder = try yaml.text("folder", default: "the current folder", "working folder of the program")
    let processes = try yaml.count("processes", most: Bounds.processes, default: 1, "number of processes")
    let timeout = try yaml.seconds("timeout", default: 60.0, "maximal time for an answer, in seconds")
    let scoreTimeout = try yaml.seconds(
      "scoreTimeout", default: 3_600.0, "maximal time for a reward that is not known at the end, in seconds")
    let variables = try yaml.variables()
    guard let command, !command.isEmpty else {
      throw ConfigurationError.missing("environment.command", "the program and its arguments, as a list.")
    }
    var settings = ProgramWorld.Settings(
      command: command, folder: folder, processes: processes, timeout: timeout, stepLimit: stepLimit,
      environment: ChildEnvironment(passing: variables))
    settings.scoreTimeout = scoreTimeout
    self.settings = settings
  }

  package func make(_ environment: WorldSettings, observer: any WorkObserver) async throws -> any World {
    var settings = settings
    settings.environment.keys = environment.children.keys
    let world = try await ProgramWorld(settings, splits: environment.splits) {
      try environment.prompts.applied(to: $0)
    }
    guard world.isConversation else { return world }
    do { return try ConversationWorld(world) } catch {
      await world.close()
      throw error
    }
  }
}
