import Agents
import JavaBridge
import WorldKit

/// A world of the simulator in which a game is played.
struct Bench: Sendable {
  let world: SimulatedWorld

  /// Releases the list of all tasks (12 MB). Each load recreates it, and steps do not need it.
  private var forgetTasks: Py4JCall { world.call("taskMaker_$eq", .nothing) }

  /// The outcome of one action.
  struct Report: Sendable, Hashable {
    let text: String
    /// The cumulative score in hundredths: 0 to 100, or −100 after a wrong focus.
    let score: Int
    let isDone: Bool
  }

  /// Loads a game in place of the current one.
  func load(_ game: Game, simplifications: String) async throws(Py4JFailure) {
    let problem = try await world.answers(to: [loading(game, simplifications, gold: false), forgetTasks])[0].text()
    guard problem.isEmpty else { throw Py4JFailure(.refused, problem) }
  }

  private func loading(_ game: Game, _ simplifications: String, gold: Bool) -> Py4JCall {
    world.call(
      "load", .text(game.task), .integer(Int32(clamping: game.variation)), .text(simplifications), .boolean(gold))
  }

  /// The request, and the first view as the Python package's `reset` returns it. Neither takes time in the world.
  func opening() async throws(Py4JFailure) -> (request: String, view: String) {
    let answers = try await world.answers(to: [world.call("getTaskDescription"), world.call("freeActionLook")])
    // The free look's text ends with a newline; that of the action `look around` does not.
    let view = try answers[1].text()
    return (try answers[0].text(), view.hasSuffix("\n") ? String(view.dropLast()) : view)
  }

  /// Takes actions and returns their outcomes.
  func reports(of actions: [String]) async throws(Py4JFailure) -> [Report] {
    let answers = try await world.answers(
      to: actions.flatMap { [world.call("step", .text($0)), world.call("getScore"), world.call("getCompleted")] })
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
    let answers = try await world.answers(
      to: [loading(game, simplifications, gold: true), world.call("getGoldActionSequence"), forgetTasks])
    return try await world.connection.texts(of: answers[1])
  }
}

extension Bench.Report: ReplayedStep {
  var seen: String { text }
  var reward: Double { Double(score) / 100 }
}
