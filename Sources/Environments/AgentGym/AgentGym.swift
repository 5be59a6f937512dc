import Agents
import AsyncHTTPClient
import HTTP
import WorldKit

/// Worlds behind AgentGym's environment servers (arXiv 2406.04151): ScienceWorld, ALFWorld, BabyAI and others over
/// HTTP.
///
/// Several servers of one world are one pool. A task is named by the server's number for it, `sciworld-17`. Episodes
/// that lose their server are opened again, perhaps on another, and their actions replayed; a fork is a replay.
///
/// ```swift
/// let world = try AgentGym(
///   .init(dialect: .sciworld, urls: ["http://127.0.0.1:36001"]), splits: TaskSplits([.train: Array(0..<64)]),
///   prompting: Prompting("…"))
/// ```
public final class AgentGym: World {
  /// The servers and how they are asked.
  public struct Settings: Sendable, Hashable {
    /// The kind of environment that the servers run.
    public var dialect: Dialect
    /// Base URLs of servers of the same world.
    public var urls: [String]
    /// The most seconds for one answer, and for the return of a server that has gone away.
    public var timeout: Double
    /// The most open requests at one server.
    public var concurrencyPerServer: Int
    /// The most environments that one server keeps at a time; nil for the dialect's limit. With more open episodes, the
    /// one idle longest loses its environment and is replayed when it continues.
    public var environmentsPerServer: Int?
    /// The maximal number of steps; nil for the dialect's.
    public var stepLimit: Int?
    /// Permits unencrypted HTTP to hosts other than loopback.
    public var allowsPlainHTTP: Bool

    /// - Parameters:
    ///   - urls: base URLs of servers of the same world, at least one.
    ///   - timeout: in seconds.
    public init(
      dialect: Dialect, urls: [String], timeout: Double = 60, concurrencyPerServer: Int = 16,
      environmentsPerServer: Int? = nil, stepLimit: Int? = nil, allowsPlainHTTP: Bool = false
    ) {
      self.dialect = dialect
      self.urls = urls
      self.timeout = timeout
      self.concurrencyPerServer = concurrencyPerServer
      self.environmentsPerServer = environmentsPerServer
      self.stepLimit = stepLimit
      self.allowsPlainHTTP = allowsPlainHTTP
    }
  }

  /// The kind of environment that the servers run.
  public let dialect: Dialect
  /// The maximal number of steps of every task.
  public let stepLimit: Int
  /// The instructions before the task, and how much of the past is shown.
  public let prompting: Prompting
  private let splits: TaskSplits
  let pool: GymPool
  /// The client to shut down at the end; nil if the caller owns it.
  private let ownClient: HTTPClient?

  /// The longest answer, in bytes. Longer answers are rejected.
  private static let longestAnswer = 4 << 20

  /// Creates the world without asking a server.
  ///
  /// - Parameters:
  ///   - splits: the servers' numbers of the tasks of each split.
  ///   - prompting: what the policy is told before the task, and how much of the past it is shown.
  ///   - client: nil for a client of its own.
  /// - Throws: `misconfigured` if a setting is invalid or a number is past the last task.
  public convenience init(
    _ settings: Settings, splits: TaskSplits, prompting: Prompting, client: HTTPClient? = nil
  ) throws(WorldError) {
    try self.init(
      settings, splits: splits, prompting: prompting, client: client, limits: .init(timeout: settings.timeout))
  }

  init(
    _ settings: Settings, splits: TaskSplits, prompting: Prompting, client: HTTPClient?, limits: GymPool.Limits
  ) throws(WorldError) {
    let limit = settings.stepLimit ?? settings.dialect.stepLimit
    try settings.check(stepLimit: limit)
    if let largest = splits.largest, let count = settings.dialect.taskCount, largest >= count {
      throw WorldError(
        .misconfigured,
        "environment.tasks names task \(largest); \(settings.dialect.name) has \(count), numbered from 0.")
    }
    dialect = settings.dialect
    stepLimit = limit
    self.prompting = prompting
    self.splits = splits
    let own = client == nil ? HTTPClient(connections: settings.concurrencyPerServer, for: settings.urls.first) : nil
    ownClient = own
    pool = GymPool(
      dialect: settings.dialect, urls: settings.urls, limits: limits,
      capacity: settings.environmentsPerServer ?? settings.dialect.environmentsPerServer,
      width: settings.concurrencyPerServer,
      wire: GymWire(exchange: HTTPExchange(client: client ?? own ?? .standard, longestBody: Self.longestAnswer)))
  }

  deinit {
    // An HTTP client that is released without a shutdown ends a debug build. A second shutdown is harmless.
    if let ownClient { Task { await ownClient.shutdownInOrder() } }
  }

  /// Does not contain the servers' addresses, so that stored rollouts stay usable when they change.
  public var identity: WorldIdentity {
    WorldIdentity(kind: "agentgym", rules: "\(dialect.summary); \(stepLimit) steps; \(prompting.summary)")
  }

  public var maximalReward: Double? { dialect.maximalReward }
  public var storesOutcomes: Bool { true }
  public var divergenceAdvice: String? { dialect.divergenceAdvice }

  public func tasks(in split: Split) -> [AgentTask] { splits[split].map(task) }

  /// Accepts any number, also outside the splits, with or without the dialect's name.
  public func task(_ id: TaskID) throws(WorldError) -> AgentTask { task(try number(id)) }

  public func begin(
    _ task: AgentTask
  ) async throws(WorldError) -> (episode: any Episode, observation: Observation) {
    let (number, dialect, pool) = (try number(task.id), dialect, pool)
    let recovering = try await RecoveringEpisode.begin(advice: dialect.divergenceAdvice) {
      () async throws(WorldError) in
      let (episode, observation) = try await GymEpisode.begin(number, dialect, in: pool)
      return (episode, observation)
    }
    return (recovering.episode, recovering.observation)
  }

  public func transcript(for trajectory: Trajectory) -> Transcript { prompting.transcript(for: trajectory) }

  /// Closes every environment that is still open on the servers, in bounded time.
  public func close() async {
    await pool.close()
    await ownClient?.shutdownInOrder()
  }

  /// The request is empty here: the server states it when the task begins.
  private func task(_ number: Int) -> AgentTask {
    AgentTask(id: TaskID("\(dialect.name)-\(number)"), request: "", stepLimit: stepLimit)
  }

  private func number(_ id: TaskID) throws(WorldError) -> Int {
    let prefix = "\(dialect.name)-"
    let digits = id.rawValue.hasPrefix(prefix) ? id.rawValue.dropFirst(prefix.count) : id.rawValue[...]
    guard digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(digits),
      number < dialect.taskCount ?? .max
    else {
      throw WorldError(
        .unknownTask,
        "There is no task \"\(id.rawValue.clipped(to: 60))\"; they are named \(prefix)0 "
          + "\(dialect.taskCount.map { "to \(prefix)\($0 - 1)" } ?? "and so on").")
    }
    return number
  }
}

extension AgentGym.Settings {
  fileprivate func check(stepLimit: Int) throws(WorldError) {
    func problem(_ what: String) -> WorldError { WorldError(.misconfigured, "environment.\(what)") }
    guard !urls.isEmpty else { throw problem("url is missing: the base URL of an AgentGym server.") }
    for (place, url) in urls.enumerated() {
      if let what = ServerURL.problem(url, in: "environment", allowsPlainHTTP: allowsPlainHTTP) {
        throw problem("\(urls.count == 1 ? "url" : "urls[\(place)]") \(what)")
      }
    }
    guard Set(urls).count == urls.count else { throw problem("urls names a server twice.") }
    guard timeout.isFinite, timeout > 0 else { throw problem("timeout is \(timeout); write seconds, above 0.") }
    guard concurrencyPerServer > 0 else {
      throw problem("concurrency is \(concurrencyPerServer); it must be at least 1.")
    }
    if let most = environmentsPerServer, most < 1 {
      throw problem("environmentsPerServer is \(most); it must be at least 1.")
    }
    guard stepLimit > 0 else { throw problem("maxSteps is \(stepLimit); an attempt has at least one step.") }
  }
}
