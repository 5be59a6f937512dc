import Agents
import Foundation
import JavaBridge
import WorldKit

/// What the simulator says after an action, or about the start.
struct GameReport: Sendable, Hashable, ReplayedStep {
  /// The observation, without white space at its ends.
  let text: String
  let validActions: [String]
  /// The cumulative score, −1 to 1.
  let score: Double
  let isDone: Bool

  var seen: String { text }
  var reward: Double { score }

  private struct Answer: Decodable {
    let observation: String
    let validActions: [String]
    let score: Double
    let tasksuccess: Bool
    let taskfailure: Bool
  }

  /// Reads the simulator's JSON.
  ///
  /// - Throws: ``Py4JFailure`` of kind `malformed` if it is something else, `refused` if it is an error of the
  ///   simulator's own.
  init(_ json: String) throws(Py4JFailure) {
    guard let answer = try? JSONDecoder().decode(Answer.self, from: Data(json.utf8)) else {
      throw Py4JFailure(.malformed, "a report that cannot be read: \(json.prefix(120).debugDescription)")
    }
    guard !answer.observation.hasPrefix("ERROR:") else {
      throw Py4JFailure(.refused, String(answer.observation.prefix(300)))
    }
    // Written so that NaN is refused.
    guard (-1...1).contains(answer.score) else { throw Py4JFailure(.malformed, "a score of \(answer.score)") }
    text = String(answer.observation.trimmed)
    validActions = answer.validActions
    score = answer.score
    isDone = answer.tasksuccess || answer.taskfailure || answer.score >= 1
  }
}
