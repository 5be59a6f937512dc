import Agents
import AsyncHTTPClient
import HTTP
import WorldKit

/// Worlds behind servers of the Open Reward Standard (PyPI's `openreward`): tools over HTTP, with a reward for each call.
///
/// A task is an index of a split of the server, `train-17`. An action is a call of one tool. Episodes that lose their
/// session are opened again and their actions replayed; a fork is a replay.
///
/// ```swift
/// let world = try await ORS(.init(urls: ["http://127.0.0.1:8080"]), tasks: [.train: Array(0..<64)])
/// ```
public final class ORS: World {
  public let identity: WorldIdentity
  public var maximalReward: Double? { settings.maximalReward }
  public var storesOutcomes: Bool { true }
  public let divergenceAdvice: String? =
    "Its tools do not depend on the task and the calls alone: they draw at random, or use something outside."

  private let settings: Settings
  private let card: ServerCard
  private let names: [Split: [TaskID]]
  private let prompting: Prompting
  private let toolBox: ToolBox
  let pool: SessionPool
  private let client: HTTPClient

  /// Asks every server for its environments, splits and tools. Opens no session.
  ///
  /// - Parameters:
  ///   - tasks: the indices of each split.
  ///   - prompting: changes the default instructions, which list the tools and say how a call is written.
  /// - Throws: ``WorldError``: `misconfigured` if a setting is invalid, a URL is not such a server's, the environment,
  ///   a split or a task is not there, or two servers differ; `unavailable` if a server cannot be reached; and what
  ///   `prompting` throws.
  public convenience init(
    _ settings: Settings, tasks: [Split: [Int]], prompting: (Prompting) throws -> Prompting = { $0 }
  ) async throws {
    try settings.check()
    let client = HTTPClient(connections: settings.concurrency, for: settings.urls.first)
    do {
      let wire = ORSWire(exchange: HTTPExchange(client: client, longestBody: 16 << 20), settings: settings)
      let card = try await ServerCard.read(settings, tasks: tasks, by: wire)
      try self.init(settings, card, tasks, prompting(Prompting(card.tools.instructions)), wire, client)
    } catch {
      await client.shutdownInOrder()
      throw error
    }
  }

  private init(
    _ settings: Settings, _ card: ServerCard, _ tasks: [Split: [Int]], _ prompting: Prompting, _ wire: ORSWire,
    _ client: HTTPClient
  ) throws {
    self.settings = settings
    self.card = card
    self.prompting = prompting
    self.client = client
    toolBox = card.tools
    var names: [Split: [TaskID]] = [:]
    for (split, indices) in tasks {
      guard let server = card.splits[split] else { continue }
      names[split] = indices.map { TaskID("\(server)-\($0)") }
    }
    if let twice = Split.allCases.flatMap({ names[$0] ?? [] }).firstRepeated {
      throw WorldError(
        .misconfigured,
        "environment.tasks lists the task \(twice) twice; every task may be listed once only. Splits of the run that "
          + "are the same split of the server (environment.splits) share its tasks.")
    }
    self.names = names
    pool = SessionPool(wire: wire, environment: card.environment, settings: settings)
    identity = WorldIdentity(kind: "ors", rules: settings.rules(of: card, prompting))
  }

  deinit {
    // An HTTP client that is released without a shutdown ends a debug build. A second shutdown is harmless.
    Task { [client] in await client.shutdownInOrder() }
  }

  public func tasks(in split: Split) throws(WorldError) -> [AgentTask] { (names[split] ?? []).map(task(named:)) }

  /// Accepts any index of any split of the server.
  public func task(_ id: TaskID) throws(WorldError) -> AgentTask {
    _ = try place(of: id)
    return task(named: id)
  }

  public func begin(
    _ task: AgentTask
  ) async throws(WorldError) -> (episode: any Episode, observation: Observation) {
    let (place, toolBox, pool) = (try place(of: task.id), toolBox, pool)
    let recovering = try await RecoveringEpisode.begin(advice: divergenceAdvice) { () async throws(WorldError) in
      let (episode, observation) = try await CallingEpisode.begin(place.split, place.index, toolBox, in: pool)
      return (episode, observation)
    }
    return (recovering.episode, recovering.observation)
  }

  public func transcript(for trajectory: Trajectory) -> Transcript { prompting.transcript(for: trajectory) }

  public func tools(for task: AgentTask) -> [ActionTool]? {
    toolBox.actionTools + (settings.offersTaskTools ? [ToolBox.caller] : [])
  }

  /// Deletes the sessions, in bounded time.
  public func close() async {
    await pool.close()
    await client.shutdownInOrder()
  }

  /// The request is empty here: the server states it when the task begins.
  private func task(named id: TaskID) -> AgentTask { AgentTask(id: id, request: "", stepLimit: settings.stepLimit) }

  private func place(of id: TaskID) throws(WorldError) -> (split: String, index: Int) {
    let name = id.rawValue
    guard let dash = name.lastIndex(of: "-"), case let digits = name[name.index(after: dash)...],
      let index = Int(digits), index >= 0, String(index) == digits, card.allSplits.contains(String(name[..<dash]))
    else {
      throw WorldError(
        .unknownTask,
        "There is no task \"\(name.clipped(to: 60))\"; a task is an index of a split of the server, named like "
          + "\(card.allSplits.first ?? "train")-17.")
    }
    return (String(name[..<dash]), index)
  }
}

extension ORS.Settings {
  /// Everything that determines the world's rules and texts.
  fileprivate func rules(of card: ServerCard, _ prompting: Prompting) -> String {
    var tools = Digest()
    tools.add(card.tools.described.json)
    let splits = Set(card.splits.values).sorted().joined(separator: ", ")
    return [
      card.environment, "splits \(splits)",
      "tools \(tools.text.prefix(8))" + (offersTaskTools ? " and the task's" : ""),
      "\(stepLimit) steps", prompting.summary,
    ].joined(separator: "; ")
  }
}
