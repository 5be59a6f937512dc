import Agents
import AsyncHTTPClient
import HTTP

/// Worlds behind OpenEnv servers (PyPI's `openenv-core`), over their WebSocket `/ws`.
///
/// OpenEnv has no tasks. A task here is a seed, `seed-17`, with which the world is reset. The reward of a step is the
/// one that the server reports. A fork is a replay.
///
/// ```swift
/// let world = try await OpenEnv(.init(urls: ["http://127.0.0.1:8000"]), splits: TaskSplits([.train: Array(0..<64)]))
/// ```
public struct OpenEnv: World {
  public let identity: WorldIdentity
  public var maximalReward: Double? { settings.maximalReward }
  public var storesOutcomes: Bool { true }

  private let settings: Settings
  private let splits: TaskSplits
  private let prompting: Prompting
  private let world: SessionEpisode.Instance

  /// Asks every server for its action schema. Opens no session.
  ///
  /// - Parameters:
  ///   - splits: the seeds of each split.
  ///   - prompting: changes the default instructions, which are made of the environment's description and the form of
  ///     an action.
  /// - Throws: ``WorldError``: `misconfigured` if a setting is invalid, a URL is not an OpenEnv server's, or two
  ///   servers differ; `unavailable` if a server cannot be reached; and what `prompting` throws.
  public init(
    _ settings: Settings, splits: TaskSplits, client: HTTPClient = .standard,
    prompting: (Prompting) throws -> Prompting = { $0 }
  ) async throws {
    try settings.check()
    self.settings = settings
    self.splits = splits
    var servers: [OpenEnvServer] = []
    for url in settings.urls { servers.append(try OpenEnvServer(url, allowsPlainHTTP: settings.allowsPlainHTTP)) }
    let exchange = HTTPExchange(client: client, longestBody: 4 << 20)
    var cards: [ServerCard] = []
    for server in servers {
      cards.append(try await ServerCard.read(server, with: exchange, timeout: settings.timeout))
    }
    let card = cards[0]
    if let other = cards.firstIndex(where: { $0.name != card.name || $0.action != card.action }) {
      throw WorldError(
        .misconfigured,
        "environment.url names servers of different environments: \(servers[0].base) has \(card.name), "
          + "\(servers[other].base) has \(cards[other].name), or other actions. One run has one environment.")
    }
    let form = try ActionForm(schema: card.action, field: settings.actionField, fixed: settings.action)
    let words = settings.request ?? (card.description.isEmpty ? card.name : card.description)
    self.prompting = try prompting(Prompting(words + "\n\n" + form.hint))
    world = SessionEpisode.Instance(
      pool: SessionPool(servers, sessions: settings.sessionsPerServer, limits: .init(timeout: settings.timeout)),
      form: form, text: ObservationText(rendering: settings.rendering, field: settings.observationField),
      patience: .init(capacityWait: settings.capacityWait, recoveryWait: settings.recoveryWait))
    identity = WorldIdentity(kind: "openenv", rules: settings.rules(of: card, self.prompting))
  }

  public func tasks(in split: Split) throws(WorldError) -> [AgentTask] { splits[split].map(task) }

  /// Accepts any seed, also outside the splits.
  public func task(_ id: TaskID) throws(WorldError) -> AgentTask { task(try seed(id)) }

  public func begin(_ task: AgentTask) async throws(WorldError) -> (
    episode: any Episode, observation: Observation
  ) {
    let parameters = settings.reset.merging(["seed": .integer(try seed(task.id))]) { _, seed in seed }
    return try await SessionEpisode.begin(task.id, parameters: parameters, in: world)
  }

  public func transcript(for trajectory: Trajectory) -> Transcript { prompting.transcript(for: trajectory) }

  public func tools(for task: AgentTask) -> [ActionTool]? { world.form.tools }

  /// Closes the sessions.
  public func close() async { await world.pool.close() }

  private static let prefix = "seed-"

  private func task(_ seed: Int) -> AgentTask {
    AgentTask(id: TaskID(Self.prefix + String(seed)), request: settings.request ?? "", stepLimit: settings.stepLimit)
  }

  private func seed(_ id: TaskID) throws(WorldError) -> Int {
    let digits = id.rawValue.dropFirst(Self.prefix.count)
    guard id.rawValue.hasPrefix(Self.prefix), let seed = Int(digits), seed >= 0, String(seed) == digits else {
      throw WorldError(.unknownTask, "There is no task \(id); a task of OpenEnv is a seed, named like seed-17.")
    }
    return seed
  }
}

extension OpenEnv.Settings {
  /// Everything that determines the world's rules and texts.
  fileprivate func rules(of card: ServerCard, _ prompting: Prompting) -> String {
    var rules = [card.name + (card.version.map { " \($0)" } ?? ""), "\(stepLimit) steps"]
    rules.append("observations \(observationField.map { "of \($0) " } ?? "")as \(rendering.rawValue)")
    if let actionField { rules.append("actions fill \(actionField)") }
    if !action.isEmpty { rules.append("action \(JSONValue.object(action).json)") }
    if !reset.isEmpty { rules.append("reset \(JSONValue.object(reset).json)") }
    return (rules + [prompting.summary]).joined(separator: "; ")
  }
}
