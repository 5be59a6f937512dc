import Agents
import WorldKit

/// A running simulator: one connection with several worlds behind it. Each world runs one episode at a time.
struct Simulator: Sendable {
  let connection: Py4JConnection
  let version: String
  private let singletons: Singletons

  private static let type = "scienceworld.runtime.pythonapi.PythonInterface"

  /// A `PythonInterface` with its own singletons.
  struct Instance: Sendable {
    /// The object's name at the gateway.
    let name: String
    let singletons: Py4JContext
  }

  /// Asks a gateway for its version.
  static func greet(_ connection: Py4JConnection) async throws(Py4JFailure) -> Simulator {
    let type = try await connection.answer(to: Py4JCall(type: "java.lang.Class", "forName", .text(type))).object()
    let package = try await connection.answer(to: Py4JCall(type, "getPackage")).object()
    let version = try await connection.answer(to: Py4JCall(package, "getImplementationVersion")).text()
    return Simulator(connection: connection, version: version, singletons: try await Singletons.find(connection))
  }

  /// Takes about 0.1 s.
  func makeWorld() async throws(Py4JFailure) -> Instance {
    let singletons = try await singletons.made()
    let name = try await connection.answer(to: Py4JCall(new: Self.type), in: singletons).object()
    return Instance(name: name, singletons: singletons)
  }
}

/// The world of one episode.
struct Bench: Sendable {
  let connection: Py4JConnection
  let world: Simulator.Instance

  /// Releases the list of all tasks (12 MB). Each load recreates it, and steps do not need it.
  private var forgetTasks: Py4JCall { Py4JCall(world.name, "taskMaker_$eq", .nothing) }

  /// Makes calls with this world's singletons set.
  private func answers(to calls: [Py4JCall]) async throws(Py4JFailure) -> [Py4JAnswer] {
    try await connection.answers(to: calls, in: world.singletons)
  }

  /// The outcome of one action.
  struct Report: Sendable, Hashable {
    let text: String
    /// The cumulative score in hundredths: 0 to 100, or −100 after a wrong focus.
    let score: Int
    let isDone: Bool
  }

  /// Loads a game in place of the current one.
  func load(_ game: Game, simplifications: String) async throws(Py4JFailure) {
    let call = Py4JCall(
      world.name, "load", .text(game.task), .integer(Int32(clamping: game.variation)), .text(simplifications),
      .boolean(false))
    let problem = try await answers(to: [call, forgetTasks])[0].text()
    guard problem.isEmpty else { throw Py4JFailure(.refused, problem) }
  }

  /// The request, and the first view as the Python package's `reset` returns it. Neither takes time in the world.
  func opening() async throws(Py4JFailure) -> (request: String, view: String) {
    let answers = try await answers(to: [
      Py4JCall(world.name, "getTaskDescription"), Py4JCall(world.name, "freeActionLook"),
    ])
    // The free look ends with a newline, unlike the look action.
    let view = try answers[1].text()
    return (try answers[0].text(), view.hasSuffix("\n") ? String(view.dropLast()) : view)
  }

  /// Takes actions and returns their outcomes.
  func reports(of actions: [String]) async throws(Py4JFailure) -> [Report] {
    let answers = try await answers(
      to: actions.flatMap {
        [
          Py4JCall(world.name, "step", .text($0)), Py4JCall(world.name, "getScore"),
          Py4JCall(world.name, "getCompleted"),
        ]
      })
    var reports: [Report] = []
    for start in stride(from: 0, to: answers.count - 2, by: 3) {
      let share = try answers[start + 1].double()
      guard (-1...1).contains(share) else { throw Py4JFailure(.malformed, "a score of \(share)") }
      let score = Int((share * 100).rounded())
      let isDone = try answers[start + 2].boolean() || score < 0
      reports.append(Report(text: try answers[start].text(), score: score, isDone: isDone))
    }
    return reports
  }

  /// The simulator's own solution of a game, which is loaded for this. Some games of a few tasks have none.
  func goldPath(_ game: Game, simplifications: String) async throws(Py4JFailure) -> [String] {
    let load = Py4JCall(
      world.name, "load", .text(game.task), .integer(Int32(clamping: game.variation)), .text(simplifications),
      .boolean(true))
    let answers = try await answers(to: [load, Py4JCall(world.name, "getGoldActionSequence"), forgetTasks])
    let list = try answers[1].object()
    let count = try await connection.answer(to: Py4JCall(list, "size")).integer()
    let items = try await connection.answers(
      to: (0..<count).map { Py4JCall(list, "get", .integer(Int32(clamping: $0))) })
    var actions: [String] = []
    for item in items { actions.append(try item.text()) }
    return actions
  }
}

extension Bench.Report: ReplayedStep {
  var seen: String { text }
  var reward: Double { Double(score) / 100 }
}

extension Py4JAnswer {
  func text() throws(Py4JFailure) -> String {
    guard case .text(let text) = self else { throw unexpected("a text") }
    return text
  }

  func object() throws(Py4JFailure) -> String {
    guard case .object(let name) = self else { throw unexpected("an object") }
    return name
  }

  func integer() throws(Py4JFailure) -> Int {
    guard case .integer(let number) = self else { throw unexpected("a whole number") }
    return number
  }

  func double() throws(Py4JFailure) -> Double {
    guard case .double(let number) = self else { throw unexpected("a number") }
    return number
  }

  func boolean() throws(Py4JFailure) -> Bool {
    guard case .boolean(let flag) = self else { throw unexpected("true or false") }
    return flag
  }

  private func unexpected(_ wanted: String) -> Py4JFailure {
    Py4JFailure(.malformed, "\(self) where \(wanted) was expected")
  }
}
