import Agents
import ChildProcess
import Dialects
import Foundation
import Gateway

/// An agent's own program, unchanged, behind the gateway.
package struct AgentSettings: WorldKind {
  package static let name = "agent"
  package static let summary = "An agent's own program, unchanged: its steps are its model calls."
  package static let takesPrompts = false
  package static let readsTasks = true
  package static let asksQuestions = true

  private let settings: AgentWorld.Settings
  /// nil for a number that suits the concurrency.
  private let processes: Int?

  package init(_ yaml: inout YAMLMapping) throws {
    let command = try yaml.texts(
      "command", default: .required,
      "[the program](your-own-agent.md) and its arguments, as a list; `{task}` is the task's id, `{input}` its input")
    let tasks = try yaml.text(
      "tasks", default: .required,
      """
      file with the tasks, one JSON object on a line: `id`, and if wanted `split`, `input`, `maximalReward` (1 unless \
      given) and anything else; the program gets the line as COX_TASK
      """)
    let folder = try yaml.text(
      "folder", default: "an empty one", "folder that is copied for every attempt and used as its working folder")
    let score = try Self.score(&yaml)
    let calls = try yaml.count("calls", most: Bounds.steps, default: 30, "model calls of one attempt at most")
    let timeout = try yaml.seconds("timeout", default: 600.0, "seconds without a question or an end")
    processes = try yaml.count(
      "processes", most: Bounds.processes, default: "twice `policy.concurrency`, 8 to 32",
      "programs alive at a time; others are put away and replayed when they go on")
    let match = try yaml.choice(
      "match", default: QuestionMatch.ids,
      """
      how a replayed question is compared. `exact`: as it is. `ids`: ids may differ. `shell`: dates, durations, temporary \
      paths and spacing, too
      """)
    let ignore =
      try yaml.texts(
        "ignore", default: .none, "regular expressions of further text that may differ, as a list") ?? []
    let files = try yaml.texts(
      "identityFiles", default: "the program, or the script, that the command names, and `folder`",
      "files and folders that decide what the program does: their digest is part of the prior's identity")
    let seed = try yaml.count(
      "programSeed", least: 0, default: 1, "decides COX_SEED, which is the same for all attempts at a task")
    let variables = try yaml.variables()
    guard let command, !command.isEmpty else {
      throw ConfigurationError.missing("environment.command", "the program and its arguments, as a list.")
    }
    guard let tasks else {
      throw ConfigurationError.missing("environment.tasks", "the file with the tasks, one JSON object on a line.")
    }
    guard let text = try TextFile.text(tasks) else {
      throw ConfigurationError("environment.tasks: there is no readable file \(tasks).")
    }
    let comparison: QuestionComparison
    do throws(PatternError) { comparison = try QuestionComparison(match, ignore: ignore) } catch {
      throw ConfigurationError("environment.\(error)")
    }
    var settings = AgentWorld.Settings(command: command, tasks: (tasks, text), comparison: comparison)
    settings.folder = folder
    settings.score = score
    settings.calls = calls
    settings.timeout = timeout
    settings.identityFiles = files
    settings.environment = ChildEnvironment(passing: variables)
    settings.seed = UInt64(seed)
    self.settings = settings
  }

  private static func score(_ yaml: inout YAMLMapping) throws -> AgentScore {
    let help = """
      where the reward comes from. `stdout`: the last JSON line with `reward`. `exit`: 1 for status 0, else 0. \
      `{ file: result.json }`: a file that the program writes. `{ command: [python, grade.py] }`: run afterwards in the \
      folder; its last JSON line with `reward`, else its status
      """
    if let word = yaml.word("score", type: "stdout, exit or a mapping", default: "`stdout`", help) {
      switch word {
      case "stdout": return .stdout
      case "exit": return .exit
      default:
        throw ConfigurationError(
          "environment.score is \(word); write stdout, exit, { file: result.json } or { command: [python, grade.py] }.")
      }
    }
    let score = try yaml.mapping("score", default: "`stdout`", help) { yaml -> AgentScore in
      let file = try yaml.text("file", default: .none, "the file, in the working folder")
      let command = try yaml.texts("command", default: .none, "the command, as a list")
      switch (file, command) {
      case (let file?, nil): return .file(file)
      case (nil, let command?) where !command.isEmpty: return .command(command)
      default: throw ConfigurationError("environment.score needs either file or command, and not both.")
      }
    }
    return score ?? .stdout
  }

  package func make(_ environment: WorldSettings, observer: any WorkObserver) async throws -> any World {
    var settings = settings
    let keys = environment.children.keys
    if let key = settings.environment.passing.first(where: keys.contains) {
      throw ConfigurationError(
        "environment.variables has \(key), which holds a model's key. The program gets a key of the gateway in its place."
      )
    }
    settings.environment.keys = keys
    // As many attempts as a campaign has under way, so that few are put away.
    settings.processes = processes ?? min(max(2 * environment.concurrency, 8), 32)
    return try await AgentWorld(settings)
  }
}
