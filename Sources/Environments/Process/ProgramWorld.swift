import Agents
import ChildProcess
import Foundation
import Synchronization
import WorldKit

/// A world played by an external program, over JSON lines on its standard input and output
/// (`Documentation/process-environment.md`).
public final class ProgramWorld: World, DescribedWorld {
  /// The program and how it is run.
  public struct Settings: Sendable, Hashable {
    /// The program and its arguments.
    public var command: [String]
    /// The working directory; nil for the current one.
    public var folder: String?
    /// The number of processes. An episode stays with one of them.
    public var processes: Int
    /// The most seconds for one answer.
    public var timeout: Double
    /// The most seconds for a reward that is not known at the end.
    public var scoreTimeout = 3_600.0
    /// The maximal number of steps; nil for the program's.
    public var stepLimit: Int?
    /// The environment variables that the program gets.
    public var environment: ChildEnvironment

    /// - Parameter command: the program and its arguments.
    public init(
      command: [String], folder: String? = nil, processes: Int = 1, timeout: Double = 60, stepLimit: Int? = nil,
      environment: ChildEnvironment = ChildEnvironment()
    ) {
      self.command = command
      self.folder = folder
      self.processes = processes
      self.timeout = timeout
      self.stepLimit = stepLimit
      self.environment = environment
    }
  }

  /// The version of the protocol.
  public static let protocolVersion = 1
  /// Raised with additions that older programs may ignore.
  public static let protocolRevision = 3

  public let identity: WorldIdentity
  public let maximalReward: Double?
  public var storesOutcomes: Bool { true }
  let settings: Settings
  private let prompting: Prompting
  /// Of the tasks that have instructions of their own.
  private let promptings: [TaskID: Prompting]
  private let listed: [TaskID: ProgramTask]
  private let splits: TaskSplits
  let hello: ProgramReply
  private let stepLimit: Int
  private let pool: ProgramPool
  private let episodes = Mutex(0)

  /// Starts the program and asks for its properties.
  ///
  /// - Parameters:
  ///   - splits: see ``tasks(in:)``.
  ///   - prompting: changes the program's own instructions.
  /// - Throws: `misconfigured` if the program violates the protocol; and what `prompting` throws.
  public init(
    _ settings: Settings, splits: TaskSplits,
    prompting: (Prompting) throws -> Prompting = { $0 }
  ) async throws {
    self.settings = settings
    self.splits = splits
    pool = ProgramPool(
      .init(
        command: settings.command, folder: settings.folder, timeout: settings.timeout,
        environment: settings.environment), size: settings.processes)
    do {
      hello = try await pool.worker(0).ask {
        ProgramRequest(id: $0, op: .hello, protocol: Self.protocolVersion, revision: Self.protocolRevision)
      }
      let name = try hello.checkedName(of: settings.command)
      try hello.checkTaskNames(of: name)
      stepLimit = try hello.checkedStepLimit(or: settings.stepLimit)
      self.prompting = try prompting(Prompting(hello.instructions ?? ""))
      var listed: [TaskID: ProgramTask] = [:]
      var promptings: [TaskID: Prompting] = [:]
      for task in (hello.tasks ?? [:]).values.joined() {
        listed[TaskID(task.id)] = task
        promptings[TaskID(task.id)] = try task.instructions.map { try prompting(Prompting($0)) }
      }
      (self.listed, self.promptings) = (listed, promptings)
      maximalReward = hello.maximalReward
      var own = Digest()
      for (id, prompting) in promptings.sorted(by: { $0.key < $1.key }) { own.add(id.rawValue, prompting.summary) }
      let ownInstructions = promptings.isEmpty ? "" : ", instructions by task \(own.text.prefix(8))"
      identity = WorldIdentity(
        kind: "process",
        rules: """
          \(name)\(hello.version.map { " \($0)" } ?? ""), \(stepLimit) steps, \(self.prompting.summary)\(ownInstructions)\
          \(hello.conversation == true ? WorldIdentity.speaking : "")
          """)
    } catch {
      await pool.close()
      throw error
    }
  }

  /// The program's own splits. If the configuration gives splits, they are places in the list of all tasks, from train
  /// to test.
  public func tasks(in split: Split) throws(WorldError) -> [AgentTask] {
    guard let largest = splits.largest else { return (hello.tasks?[split.rawValue] ?? []).map { task($0.id) } }
    let all = Split.allCases.flatMap { hello.tasks?[$0.rawValue] ?? [] }
    guard largest < all.count else {
      throw WorldError(
        .misconfigured, "environment.tasks names task \(largest); the program has \(all.count) tasks, numbered from 0.")
    }
    return splits[split].map { task(all[$0].id) }
  }

  public func task(_ id: TaskID) throws(WorldError) -> AgentTask {
    guard listed[id] != nil else {
      throw WorldError(.unknownTask, "The program has no task \(id).")
    }
    return task(id.rawValue)
  }

  /// Whether the program makes tasks of texts (`descriptions` of `hello`).
  package var takesDescriptions: Bool { hello.descriptions == true }

  package func task(describedBy text: String) throws(WorldError) -> AgentTask {
    guard takesDescriptions else {
      throw WorldError(.misconfigured, "The program takes no descriptions of tasks.")
    }
    return AgentTask(
      id: TaskID(describedBy: text), request: text, stepLimit: settings.stepLimit ?? stepLimit)
  }

  private func task(_ name: String) -> AgentTask {
    let id = TaskID(name)
    return AgentTask(id: id, request: "", stepLimit: settings.stepLimit ?? listed[id]?.stepLimit ?? stepLimit)
  }

  public func transcript(for trajectory: Trajectory) -> Transcript {
    prompting(for: trajectory.task).transcript(for: trajectory)
  }

  func prompting(for task: AgentTask) -> Prompting { promptings[task.id] ?? prompting }

  public func tools(for task: AgentTask) -> [ActionTool]? {
    if case .actions(let tools) = hello.tools { tools } else { nil }
  }

  /// Whether the program speaks in messages and tool calls, so that it is played as a ``ConversationWorld``.
  package var isConversation: Bool { hello.conversation == true }

  public func begin(_ task: AgentTask) async throws(WorldError) -> (
    episode: any Episode, observation: Observation
  ) {
    let recovering = try await RecoveringEpisode.begin { () async throws(WorldError) in
      let number = self.nextEpisode()
      let worker = try await self.pool.worker(number)
      let name = task.id.rawValue
      // The same for every attempt, so that a replay draws what the attempt drew.
      let seed = Int(Seed(1).split(name).rawValue >> 33)
      let reply = try await worker.ask {
        ProgramRequest(
          id: $0, op: .reset, episode: number, task: name, description: task.description,
          seed: seed)
      }
      let episode = ProgramEpisode(world: self, worker: worker, number: number, task: task)
      return (episode, try self.observation(reply, to: "reset"))
    }
    return (recovering.episode, recovering.observation)
  }

  func nextEpisode() -> Int {
    episodes.withLock {
      $0 += 1
      return $0
    }
  }

  /// What the agent sees; in a conversation, the new messages and tools as JSON.
  func observation(_ reply: ProgramReply, to operation: String) throws(WorldError) -> Observation {
    if isConversation { return Observation(try ProgramMessages(reply, to: operation).json) }
    guard let text = reply.observation else {
      throw WorldError(.misconfigured, "The program answered \(operation) without an observation.")
    }
    return Observation(text, choices: reply.choices)
  }

  /// Ends the programs.
  public func close() async { await pool.close() }
}

extension ProgramReply {
  fileprivate func checkedName(of command: [String]) throws(WorldError) -> String {
    guard let name, tasks?.isEmpty == false else {
      throw WorldError(
        .misconfigured, "\(command.first ?? "") answered hello without a name or without tasks.")
    }
    return name
  }

  /// Rejects repeated task names. Answers are stored by task name, and a task in two splits would be tested on its own
  /// training data.
  fileprivate func checkTaskNames(of name: String) throws(WorldError) {
    let names = Split.allCases.flatMap { tasks?[$0.rawValue] ?? [] }.map { TaskID($0.id) }
    guard let repeated = names.firstRepeated else { return }
    let splits = Split.allCases.filter { tasks?[$0.rawValue]?.contains { TaskID($0.id) == repeated } == true }
    throw WorldError(
      .misconfigured,
      "\(name.clipped(to: 80)) lists the task \(repeated.rawValue.clipped(to: 80)) more than once (in \(splits.map(\.rawValue).joined(separator: " and "))): "
        + "every task must have a name of its own, and belong to one split.")
  }

  fileprivate func checkedStepLimit(or own: Int?) throws(WorldError) -> Int {
    let limits = (tasks ?? [:]).values.joined().map { own ?? $0.stepLimit ?? stepLimit }
    guard !limits.contains(where: { ($0 ?? 0) < 1 }), let limit = own ?? stepLimit ?? limits.compactMap(\.self).max()
    else {
      throw WorldError(
        .misconfigured,
        "\(name ?? "The program") names no stepLimit for all of its tasks: answer hello with one, at least 1, or set environment.maxSteps."
      )
    }
    return limit
  }
}

/// The running programs. A program that has ended is restarted for the next episode.
actor ProgramPool {
  private let settings: ProgramWorker.Settings
  private let size: Int
  private var workers: [Int: ProgramWorker] = [:]

  init(_ settings: ProgramWorker.Settings, size: Int) {
    self.settings = settings
    self.size = max(size, 1)
  }

  func worker(_ number: Int) async throws(WorldError) -> ProgramWorker {
    let place = number % size
    while let worker = workers[place] {
      if await worker.isRunning { return worker }
      // Another episode may have restarted the program in the meantime.
      if workers[place] === worker { break }
    }
    let worker = try ProgramWorker(settings)
    workers[place] = worker
    return worker
  }

  func close() async {
    for worker in workers.values { await worker.close() }
    workers = [:]
  }
}
