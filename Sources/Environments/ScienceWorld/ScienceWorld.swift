import Agents
import JavaBridge

/// Elementary-school science in a text world (ScienceWorld, arXiv 2203.07540): boil water, wire a lamp, find an animal.
///
/// The simulator's own jar runs behind a ``SimulatorPool``. A task is named by its game, `boil/17`. The reward of a
/// step is the change in the score, as a share of the full score. A wrong focus ends the game with −1 in total. A fork
/// is a replay.
///
/// ```swift
/// let program = JavaProgram.scienceWorld
/// let settings = SimulatorPool.Settings(
///   program, jar: try program.findJar(in: [".venv"]), java: try program.findJava())
/// try await SimulatorPool.with(settings) { pool in
///   let world = try ScienceWorld(pool: pool, games: .benchmark(TaskSplits([.train: Array(0..<64)])))
/// }
/// ```
public struct ScienceWorld: World {
  /// Which games the splits list. Any other game can still be named.
  public enum Games: Sendable, Hashable {
    /// Places in the benchmark's order of 4,639 games of 23 tasks; see ``Catalogue/benchmark``.
    case benchmark(TaskSplits)
    /// Places in the order of all 7,207 games; see ``Catalogue/games``.
    case all(TaskSplits)
    /// The simulator's own splits of the named tasks' variations; of all tasks if none are named.
    case variations(tasks: [String] = [])
  }

  /// Options that make the world easier, as the simulator names them.
  public enum Simplification: String, CaseIterable, Sendable, Codable {
    /// Moving to any room in one step; doors open; containers open; pots that water themselves; no actions for
    /// circuits.
    case teleportAction, openDoors, openContainers, selfWateringFlowerPots, noElectricalAction
    /// All other options that the task permits.
    case easy
  }

  /// The active options, in the simulator's order. They are part of the world's identity.
  public let simplifications: [Simplification]
  /// Steps after which an attempt is cut.
  public let stepLimit: Int
  private let pool: SimulatorPool
  private let prompting: Prompting
  private let listed: [Split: [Game]]

  /// - Parameters:
  ///   - stepLimit: at least 1.
  ///   - prompting: what the policy is told before the task, and how much of the past it is shown.
  /// - Throws: `misconfigured` if a place is past the last game, or a task name is unknown.
  public init(
    pool: SimulatorPool, games: Games, simplifications: [Simplification] = [], stepLimit: Int = 30,
    prompting: Prompting = Self.prompting
  ) throws(WorldError) {
    guard stepLimit > 0 else {
      throw WorldError(.misconfigured, "environment.maxSteps is \(stepLimit); an attempt has at least one step.")
    }
    self.pool = pool
    self.simplifications = Simplification.allCases.filter(simplifications.contains)
    self.stepLimit = stepLimit
    self.prompting = prompting
    listed = try games.listed()
  }

  public var identity: WorldIdentity {
    let names = simplifications.isEmpty ? "none" : simplificationText
    return WorldIdentity(
      kind: "scienceworld",
      rules: "jar \(Catalogue.version); simplifications \(names); \(stepLimit) steps; \(prompting.summary)")
  }

  public var maximalReward: Double? { 1 }
  public var storesOutcomes: Bool { true }

  public func tasks(in split: Split) throws(WorldError) -> [AgentTask] {
    var tasks: [AgentTask] = []
    for game in listed[split] ?? [] { tasks.append(try task(game)) }
    return tasks
  }

  /// Accepts any game by its name or by the paper's number, also outside the splits: `boil/17` or `1-1/17`. Both give
  /// the task `boil/17`.
  public func task(_ id: TaskID) throws(WorldError) -> AgentTask { try task(try game(id)) }

  public func begin(
    _ task: AgentTask
  ) async throws(WorldError) -> (episode: any Episode, observation: Observation) {
    try await LabEpisode.begin(try game(task.id), simplifications: simplificationText, in: pool)
  }

  public func transcript(for trajectory: Trajectory) -> Transcript { prompting.transcript(for: trajectory) }

  /// Ends the pool's processes.
  public func close() async { await pool.close() }

  /// The simulator's own solution of a game. The actions reach the full score, though not always in the fewest steps.
  public func goldPath(_ id: TaskID) async throws(WorldError) -> [String] {
    let (episode, _) = try await LabEpisode.begin(try game(id), simplifications: simplificationText, in: pool)
    do throws(WorldError) {
      let path = try await episode.goldPath()
      await episode.close()
      return path
    } catch {
      await episode.close()
      throw error
    }
  }

  /// The options in the simulator's format.
  private var simplificationText: String { simplifications.map(\.rawValue).joined(separator: ",") }

  private func task(_ game: Game) throws(WorldError) -> AgentTask {
    if simplifications.contains(.noElectricalAction),
      game.task.hasPrefix("power-component") || game.task.hasPrefix("test-conductivity")
    {
      throw WorldError(
        .misconfigured, "The task \(game) is about electricity, which noElectricalAction removes; leave the task out.")
    }
    guard let request = Catalogue.standard.request(game) else {
      throw WorldError(.unknownTask, "There is no game \(game).")
    }
    return AgentTask(id: game.id, request: request, stepLimit: stepLimit)
  }

  private func game(_ id: TaskID) throws(WorldError) -> Game {
    let parts = id.rawValue.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    let catalogue = Catalogue.standard
    guard let entry = catalogue[parts[0]] ?? catalogue.entries.first(where: { $0.id == parts[0] }) else {
      let names = catalogue.entries.map(\.name).joined(separator: ", ")
      throw WorldError(
        .unknownTask, "There is no task \"\(parts[0])\"; a game is named like boil/17. The tasks: \(names).")
    }
    guard parts.count == 2, let variation = Int(parts[1]), (0..<entry.variations).contains(variation) else {
      throw WorldError(
        .unknownTask, "There is no game \(id); those of \(entry.name) are \(entry.name)/0 to /\(entry.variations - 1).")
    }
    return Game(task: entry.name, variation: variation)
  }
}

extension ScienceWorld.Games {
  func listed() throws(WorldError) -> [Split: [Game]] {
    let catalogue = Catalogue.standard
    var listed: [Split: [Game]] = [:]
    switch self {
    case .benchmark(let splits): listed = try Self.places(splits, in: catalogue.benchmark)
    case .all(let splits): listed = try Self.places(splits, in: catalogue.games)
    case .variations(let names):
      var entries: [Catalogue.Entry] = []
      for name in names {
        guard let entry = catalogue[name] else {
          throw WorldError(
            .misconfigured,
            "There is no task \"\(name)\"; the tasks: \(catalogue.entries.map(\.name).joined(separator: ", ")).")
        }
        entries.append(entry)
      }
      for split in Split.allCases {
        listed[split] = (names.isEmpty ? catalogue.entries : entries).flatMap { entry in
          entry.variations(in: split).map { Game(task: entry.name, variation: $0) }
        }
      }
    }
    return listed
  }

  private static func places(_ splits: TaskSplits, in games: [Game]) throws(WorldError) -> [Split: [Game]] {
    if let largest = splits.largest, largest >= games.count {
      throw WorldError(
        .misconfigured, "environment.tasks names game \(largest); there are \(games.count), numbered from 0.")
    }
    return Dictionary(uniqueKeysWithValues: Split.allCases.map { split in (split, splits[split].map { games[$0] }) })
  }
}
