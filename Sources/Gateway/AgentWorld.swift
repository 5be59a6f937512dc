import Agents
import ChildProcess
import Dialects
import Foundation
import Synchronization

/// An agent's own program as a world: its steps are its model calls.
///
/// An episode starts the program; the observation is the question that it asks its model; the action is the answer. A
/// fork is the same program started again, whose first questions are answered from the record.
package final class AgentWorld: QuestionWorld, DescribedWorld {
  /// The program and how it is run.
  package struct Settings: Sendable {
    /// The program and its arguments. `{task}` stands for the task's id and `{input}` for its input.
    package var command: [String]
    /// The path of the file with the tasks, for messages, and its text.
    package var tasks: (file: String, text: String)
    /// The folder that is copied for every attempt; nil for an empty one.
    package var folder: String?
    package var score = AgentScore.stdout
    /// The most model calls of an attempt.
    package var calls = 30
    /// The most seconds without a question or an end.
    package var timeout = 600.0
    /// The most programs that run at a time.
    package var processes = 8
    package var comparison: QuestionComparison
    /// Files and folders that decide what the program does; nil for the program that the command names and the folder.
    package var identityFiles: [String]?
    /// The environment variables that the program gets.
    package var environment = ChildEnvironment()
    /// The seed of the programs' own randomness.
    package var seed: UInt64 = 1

    package init(command: [String], tasks: (file: String, text: String), comparison: QuestionComparison) {
      self.command = command
      self.tasks = tasks
      self.comparison = comparison
    }
  }

  package let identity: WorldIdentity
  package let maximalReward: Double?
  package var storesOutcomes: Bool { true }
  package var divergenceAdvice: String? {
    """
    cox check-environment shows whether the program asks the same questions for the same answers. What may differ, such \
    as times, goes into environment.ignore.
    """
  }

  let settings: Settings
  let desk = AttemptDesk()
  let seats: ProgramSeats
  private let tasks: AgentTasks
  private let place: ProgramPlace
  /// How questions are compared: as configured, and without the names of working folders.
  let comparison: QuestionComparison
  /// Whether some file of the program is part of the identity.
  let isIdentified: Bool
  private let server: GatewayServer
  private let folders = WorkingFolders()
  private let attempts = Mutex(0)
  /// The folder in which programs store results of tools, so that a replay reads them instead of running a tool again; nil
  /// if there is none.
  private let records = Mutex<String?>(nil)

  /// Reads the tasks, finds the program and starts the gateway.
  ///
  /// - Throws: `misconfigured` with what is missing.
  package init(_ settings: Settings) async throws(WorldError) {
    self.settings = settings
    tasks = try AgentTasks(text: settings.tasks.text, file: settings.tasks.file)
    place = try ProgramPlace(settings.command, key: "environment.command", folder: settings.folder)
    if case .command(let grader) = settings.score {
      _ = try ProgramPlace(grader, key: "environment.score.command", folder: settings.folder)
    }
    if let folder = settings.folder {
      var isFolder: ObjCBool = false
      guard FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder), isFolder.boolValue else {
        throw WorldError(.misconfigured, "environment.folder: there is no folder \(folder).")
      }
    }
    comparison = settings.comparison.ignoring(WorkingFolders.pattern, containing: WorkingFolders.prefix)
    // Every task's own maximum, or else 1, which is what verifiers usually pay.
    maximalReward = tasks.entries.map { $0.maximalReward ?? 1 }.max()
    let files = settings.identityFiles ?? place.files + (settings.folder.map { [$0] } ?? [])
    isIdentified = !files.isEmpty
    identity = WorldIdentity(
      kind: "agent",
      rules: """
        \(settings.command.joined(separator: " ")), files \(try IdentityFiles.digest(of: files)), score \
        \(settings.score.text), \(settings.calls) calls, seed \(settings.seed)\
        \(settings.folder == nil ? "" : ", in a copied folder")
        """)
    seats = ProgramSeats(processes: settings.processes)
    server = try await GatewayServer.start(desk)
  }

  package func tasks(in split: Split) -> [AgentTask] {
    tasks.entries.filter { $0.split == split }.map(task)
  }

  package func task(_ id: TaskID) throws(WorldError) -> AgentTask {
    guard let entry = tasks[id] else {
      throw WorldError(.unknownTask, "\(settings.tasks.file) has no task \(id).")
    }
    return task(entry)
  }

  package var takesDescriptions: Bool { true }

  package func task(describedBy text: String) throws(WorldError) -> AgentTask {
    task(try AgentTasks.Entry(describedBy: text))
  }

  private func task(_ entry: AgentTasks.Entry) -> AgentTask {
    AgentTask(id: entry.id, request: entry.input, stepLimit: settings.calls)
  }

  package func begin(_ task: AgentTask) async throws(WorldError) -> (
    episode: any Episode, observation: Observation
  ) {
    let episode = AgentEpisode(self, task, ticket: await seats.ticket())
    do {
      return (episode, try await episode.open())
    } catch {
      await episode.close()
      throw error
    }
  }

  package func resume(
    _ trajectory: Trajectory, keepsDivergences: Bool
  ) async throws(WorldError) -> (episode: any Episode, mismatches: Int) {
    let episode = try AgentEpisode(self, after: trajectory, ticket: await seats.ticket())
    do {
      try await episode.reopen(keepsDivergences: keepsDivergences)
      return (episode, 0)
    } catch {
      await episode.close()
      throw error
    }
  }

  /// Sends what is no step, such as embeddings, to the policy's server.
  package func use(
    _ forward: @escaping @Sendable (_ path: String, _ body: OrderedJSON) async throws(PolicyError) -> OrderedJSON
  ) async {
    await desk.use(forward)
  }

  /// Gives programs a folder for results of tools that must not run again on a replay. Each identity has its own.
  package func use(recordsIn folder: String) {
    var digest = Digest()
    digest.add(identity.kind, identity.rules)
    let path = "\(folder)/\(digest.text.prefix(16))"
    records.withLock { $0 = path }
  }

  /// Answers what a framework asks before the agent's work begins. It is no step.
  package func use(
    probe: @escaping @Sendable (_ question: ModelQuestion) async throws(PolicyError) -> ModelAnswer
  ) async {
    await desk.use(probe: probe)
  }

  package func close() async {
    for episode in await seats.close() { await episode.close() }
    await server.stop()
    folders.removeAll()
  }

  // MARK: - Programs

  /// The line of a task in the file of tasks.
  func line(of task: AgentTask) -> String { tasks[task]?.json ?? "" }

  /// Starts the program for an attempt at a task.
  func start(_ task: AgentTask, replaying calls: Int) async throws(WorldError) -> AgentProgram {
    guard let entry = tasks[task] else {
      throw WorldError(.unknownTask, "\(settings.tasks.file) has no task \(task.id).")
    }
    let number = attempts.withLock { number in
      number += 1
      return number
    }
    let folder = try folders.folder(copying: settings.folder, as: "\(number)")
    if case .file(let name) = settings.score { folder.remove(name) }
    var environment = settings.environment
    let seed = Seed(settings.seed).split(task.id.rawValue).rawValue >> 33
    environment.setting.merge([
      "COX_TASK": entry.json, "COX_SEED": "\(seed)", "COX_REPLAYED_CALLS": "\(calls)",
    ]) { $1 }
    if let records = records.withLock(\.self) {
      do {
        try FileManager.default.createDirectory(
          atPath: records, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
      } catch {
        throw WorldError(.unavailable, "No folder could be made at \(records): \(error.localizedDescription)")
      }
      environment.setting["COX_RECORD"] = records
    }
    return await AgentProgram.start(
      path: place.path(in: folder), arguments: place.arguments(task: task), in: folder,
      line: AttemptLine(comparison: comparison, input: entry.json), desk: desk, port: server.port,
      environment: environment)
  }
}
