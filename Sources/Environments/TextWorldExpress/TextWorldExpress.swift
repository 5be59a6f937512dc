import Agents
import JavaBridge

/// Eight text games with short episodes (TextWorldExpress, arXiv 2208.01174): cook, tidy up, find a coin, read a map,
/// calculate, sort, do what Simon says.
///
/// The simulator's own jar runs behind a ``SimulatorPool``. A task is named by its fold and seed, `train-17`. The reward
/// of a step is the change in the score, which is 1 at the end of a game that is won; some games are lost with −1. The
/// admissible actions are the choices. A fork is a replay.
///
/// ```swift
/// let program = JavaProgram.textWorldExpress
/// let jar = try program.findJar(in: [".venv"])
/// let settings = SimulatorPool.Settings(
///   program, jar: jar, gateway: try program.findGateway(for: jar, in: [".venv"]), java: try program.findJava())
/// try await SimulatorPool.with(settings) { pool in
///   let world = try TextWorldExpress(pool: pool, game: .twc, parameters: "numLocations=1,numItemsToPutAway=2")
/// }
/// ```
public struct TextWorldExpress: ExpertWorld {
  /// The game that all tasks are made of.
  public let game: TextGame
  /// The values of all parameters of the game, in its order.
  public let parameters: String
  /// Steps after which an attempt is cut.
  public let stepLimit: Int
  /// Admissible actions that are not among the choices.
  public let hiddenActions: Set<String>
  private let pool: SimulatorPool
  private let prompting: Prompting
  private let splits: TaskSplits
  private let solutions = Solutions()

  /// What ``hiddenActions`` is by default: valid in every state, and without any effect. ``TextGame/simonsays`` does not
  /// have them.
  public static let idleActions: Set = ["look around", "inventory"]

  /// No instructions: the opening states the task.
  public static let prompting = Prompting("")

  /// - Parameters:
  ///   - parameters: as the simulator writes them, `numLocations=1,includeDoors=0`. What is missing has the game's
  ///     standard value.
  ///   - splits: the seeds of each split. A seed decides the fold: train has 0 to 999, dev 10000 to 10999, test 20000
  ///     to 20999. If all are empty, train, validation and test have all seeds of train, dev and test.
  ///   - stepLimit: at least 1.
  ///   - prompting: what the policy is told before the task, and how much of the past it is shown.
  /// - Throws: `misconfigured` for a parameter that the game does not have, or a seed that no fold has.
  public init(
    pool: SimulatorPool, game: TextGame, parameters: String = "", splits: TaskSplits? = nil, stepLimit: Int = 50,
    hiddenActions: Set<String> = Self.idleActions, prompting: Prompting = Self.prompting
  ) throws(WorldError) {
    guard stepLimit > 0 else {
      throw WorldError(.misconfigured, "environment.maxSteps is \(stepLimit); an attempt has at least one step.")
    }
    let values = try game.values(in: parameters)
    self.pool = pool
    self.game = game
    self.parameters = game.parameters.map { "\($0.name)=\(values[$0.name] ?? $0.standard)" }.joined(separator: ",")
    self.stepLimit = stepLimit
    self.hiddenActions = hiddenActions
    self.prompting = prompting
    if let splits, splits.largest != nil {
      self.splits = splits
    } else {
      self.splits = try TaskSplits(
        Dictionary(uniqueKeysWithValues: Split.allCases.map { ($0, Array(GameFold($0).seeds)) }))
    }
    for split in Split.allCases {
      if let seed = self.splits[split].first(where: { GameFold(seed: $0) == nil }) {
        throw WorldError(
          .misconfigured, "environment.tasks.\(split.rawValue) has \(seed), which is none of the seeds: \(Self.seeds).")
      }
    }
  }

  public var identity: WorldIdentity {
    let hidden = hiddenActions.isEmpty ? "none" : hiddenActions.sorted().joined(separator: ", ")
    return WorldIdentity(
      kind: "textworld-express",
      rules:
        "\(game.rawValue)\(parameters.isEmpty ? "" : " " + parameters); jar \(JavaProgram.textWorldExpress.version); "
        + "\(stepLimit) steps; hidden \(hidden); \(prompting.summary)")
  }

  public var maximalReward: Double? { 1 }
  public var storesOutcomes: Bool { true }

  public func tasks(in split: Split) throws(WorldError) -> [AgentTask] {
    var tasks: [AgentTask] = []
    for seed in splits[split] { tasks.append(task(try setup(seed))) }
    return tasks
  }

  /// Accepts any seed by its fold, also outside the splits: `dev-10004`.
  public func task(_ id: TaskID) throws(WorldError) -> AgentTask { task(try setup(id)) }

  public func begin(
    _ task: AgentTask
  ) async throws(WorldError) -> (episode: any Episode, observation: Observation) {
    try await GameEpisode.begin(try setup(task.id), hidden: hiddenActions, in: pool)
  }

  public func transcript(for trajectory: Trajectory) -> Transcript { prompting.transcript(for: trajectory) }

  /// Ends the pool's processes.
  public func close() async { await pool.close() }

  /// The shortest of several solutions of the simulator's own solver, without the hidden actions that have no effect. The
  /// same in every run.
  public func solution(of task: AgentTask) async throws(WorldError) -> [String]? {
    let setup = try setup(task.id)
    if solutions[setup.id] == nil {
      let (episode, _) = try await GameEpisode.begin(setup, hidden: hiddenActions, in: pool)
      do throws(WorldError) {
        let idle = hiddenActions.intersection(Self.idleActions)
        solutions[setup.id] = try await episode.solution()?.filter { !idle.contains($0) } ?? []
        await episode.close()
      } catch {
        await episode.close()
        throw error
      }
    }
    guard let path = solutions[setup.id], !path.isEmpty, path.count <= task.stepLimit else { return nil }
    return path
  }

  /// The opening states the task, and differs by seed in some games.
  private func task(_ setup: GameSetup) -> AgentTask { AgentTask(id: setup.id, request: "", stepLimit: stepLimit) }

  private func setup(_ seed: Int) throws(WorldError) -> GameSetup {
    guard let fold = GameFold(seed: seed) else {
      throw WorldError(.unknownTask, "There is no seed \(seed). The seeds: \(Self.seeds).")
    }
    return GameSetup(game: game, parameters: parameters, seed: seed, fold: fold)
  }

  private func setup(_ id: TaskID) throws(WorldError) -> GameSetup {
    let parts = id.rawValue.split(separator: "-", omittingEmptySubsequences: false)
    guard parts.count == 2, let seed = Int(parts[1]), "\(seed)" == parts[1],
      GameFold(seed: seed)?.rawValue == String(parts[0])
    else {
      throw WorldError(
        .unknownTask,
        "There is no game \(id.rawValue.clipped(to: 80)); a game is named like train-17. The seeds: \(Self.seeds).")
    }
    return try setup(seed)
  }

  private static let seeds = GameFold.allCases.map {
    "\($0.rawValue) has \($0.seeds.lowerBound) to \($0.seeds.upperBound - 1)"
  }.joined(separator: ", ")
}
