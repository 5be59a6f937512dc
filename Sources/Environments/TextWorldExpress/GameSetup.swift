import Agents
import JavaBridge

/// A game to be played: its generator and a seed.
struct GameSetup: Sendable, Hashable {
  let game: TextGame
  /// As the simulator reads them, such as `numLocations=1,includeDoors=0`.
  let parameters: String
  let seed: Int
  let fold: GameFold

  /// The task's name, such as `train-17`. The game and its parameters are part of the world's identity.
  var id: TaskID { TaskID("\(fold.rawValue)-\(seed)") }

  /// Generates the game in place of the current one.
  func load(in world: SimulatedWorld) async throws(Py4JFailure) -> (request: String, view: GameReport) {
    let answers = try await world.answers(to: [
      world.call("load", .text(game.rawValue), .text(parameters)),
      world.call("generateNewGameJSON", .integer(Int32(clamping: seed)), .text(fold.rawValue), .boolean(false)),
      world.call("getTaskDescription"),
    ])
    let problem = try answers[0].text()
    guard problem.isEmpty else { throw Py4JFailure(.refused, problem) }
    return (try answers[2].text(), try GameReport(try answers[1].text()))
  }

  /// How many times the simulator's solver is asked; its walks through a house are random.
  static let tries = 8

  /// The shortest solution of several that the simulator's own solver finds; nil if it finds none. It is always the
  /// same one: the walks are seeded, unlike those of the simulator's interface. The game cannot be used afterwards.
  func solution(in world: SimulatedWorld) async throws(Py4JFailure) -> [String]? {
    let connection = world.connection
    var shortest: [String]?
    // Walks that lead nowhere are not counted, up to a point.
    for chance in 0..<4 * Self.tries where chance < Self.tries || shortest == nil {
      _ = try await load(in: world)
      let path = try await connection.releasing { objects throws(Py4JFailure) -> [String]? in
        func made(_ answer: Py4JAnswer) throws(Py4JFailure) -> String {
          let name = try answer.object()
          objects.append(name)
          return name
        }
        let state = try made(try await world.answers(to: [world.call("game")])[0])
        let solver = try made(try await connection.answer(to: Py4JCall(new: solverType, .object(state))))
        let random = try made(
          try await connection.answer(to: Py4JCall(new: "scala.util.Random", .integer(Int32(chance)))))
        let result = try made(try await connection.answer(to: Py4JCall(solver, "mkGoldPath", .object(random))))
        let parts = try await connection.answers(to: [Py4JCall(result, "_1"), Py4JCall(result, "_2")])
        let path = try await connection.texts(of: parts[1]).filter { !$0.isEmpty }
        return try parts[0].boolean() ? path : nil
      }
      if let path, path.count < shortest?.count ?? .max { shortest = path }
    }
    return shortest
  }

  private var solverType: String {
    let name =
      switch game {
      case .cookingworld: "CookingWorld"
      case .twc: "TWC"
      case .coin: "Coin"
      case .mapreader: "MapReader"
      case .arithmetic: "Arithmetic"
      case .sorting: "Sorting"
      // Two games to the simulator.
      case .simonsays: parameters.contains("memorization=1") ? "SimonSaysMemory" : "SimonSays"
      case .peckingorder: "PeckingOrder"
      }
    return "textworldexpress.goldagent.\(name)GoldAgent"
  }
}
