import Agents
import Foundation

/// The outcome of a step, in the server's units.
struct GymOutcome: Sendable, Hashable {
  let text: String
  let amount: Double
  let isDone: Bool
  let choices: [String]?
}

extension Dialect {
  /// The name of a new environment, in the form that later requests need.
  func created(_ answer: JSONValue) throws(GymFailure) -> JSONValue {
    let id = try value(createdID, of: answer, to: create, optional: false)
    switch id {
    case .text: return id
    case .number(let number) where number.isWhole: return id
    default: throw foreign(answer, to: create, "has \(id.noun) for an environment's name at \(Self.shown(createdID))")
    }
  }

  /// The first observation, after the task's request if the answer states it separately.
  ///
  /// - Parameter look: the answer to the extra request, if the dialect has one.
  func opening(_ answer: JSONValue, look: JSONValue? = nil) throws(GymFailure) -> GymOutcome {
    let view = try text(openingObservation, of: look ?? answer, to: self.look ?? reset)
    var parts = [view]
    if let taskText { parts.insert(try text(taskText, of: answer, to: reset), at: 0) }
    return GymOutcome(
      text: parts.joined(separator: "\n\n"), amount: 0, isDone: false, choices: try list(in: answer, to: reset))
  }

  func outcome(_ answer: JSONValue) throws(GymFailure) -> GymOutcome {
    GymOutcome(
      text: try text(observation, of: answer, to: step), amount: try number(reward, of: answer),
      isDone: try flag(done, of: answer), choices: try list(in: answer, to: step))
  }

  func isInvalid(_ text: String) -> Bool { invalidPrefixes.contains { text.hasPrefix($0) } }

  /// Whether the failure means that the server no longer knows the environment.
  func hasLost(_ failure: GymFailure) -> Bool {
    failure.kind == .refused && lostPhrases.contains { failure.reason.contains($0) }
  }

  // MARK: - Values

  private func text(_ path: String, of answer: JSONValue, to route: Route) throws(GymFailure) -> String {
    let value = try value(path, of: answer, to: route, optional: false)
    guard case .text(let text) = value else {
      throw foreign(answer, to: route, "has \(value.noun) at \(Self.shown(path)), where a text is expected")
    }
    return text
  }

  private func number(_ path: String, of answer: JSONValue) throws(GymFailure) -> Double {
    let value = try value(path, of: answer, to: step, optional: false)
    let number: Double
    switch value {
    case .number(let value): number = value.double
    case .flag(let value): number = value ? 1 : 0
    case .null:
      throw foreign(
        answer, to: step,
        "has null for a reward at \(Self.shown(path)), which some servers write in place of NaN")
    default: throw foreign(answer, to: step, "has \(value.noun) at \(Self.shown(path)), where a number is expected")
    }
    guard number.isFinite else { throw foreign(answer, to: step, "pays \(number), but a reward must be finite") }
    return number
  }

  private func flag(_ path: String, of answer: JSONValue) throws(GymFailure) -> Bool {
    switch try value(path, of: answer, to: step, optional: false) {
    case .flag(let value): return value
    case .integer(0): return false
    case .integer(1): return true
    case let value:
      throw foreign(answer, to: step, "has \(value.noun) at \(Self.shown(path)), where true or false is expected")
    }
  }

  private func list(in answer: JSONValue, to route: Route) throws(GymFailure) -> [String]? {
    guard offersChoices, let choices else { return nil }
    let value = try value(choices, of: answer, to: route, optional: true)
    switch value {
    case .null: return nil
    case .list(let elements):
      let texts = elements.compactMap(\.text)
      guard texts.count == elements.count else { fallthrough }
      return texts
    default:
      throw foreign(answer, to: route, "has \(value.noun) at \(Self.shown(choices)), where a list of texts is expected")
    }
  }

  private func value(
    _ path: String, of answer: JSONValue, to route: Route, optional: Bool
  ) throws(GymFailure) -> JSONValue {
    if let value = answer.value(at: path) { return value }
    if optional { return .null }
    throw foreign(answer, to: route, "has nothing at \(Self.shown(path))")
  }

  private func foreign(_ answer: JSONValue, to route: Route, _ what: String) -> GymFailure {
    var failure = GymFailure(
      .foreign, "does not follow the dialect \(name): its answer to \(route) \(what). The answer was \(answer.excerpt)")
    failure.answer = answer
    return failure
  }

  private static func shown(_ path: String) -> String { path.isEmpty ? "its top" : "\"\(path)\"" }
}

extension JSONValue {
  /// The JSON, clipped to 300 characters.
  var excerpt: String { json.clipped(to: 300) }
}
