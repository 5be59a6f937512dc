import Agents
import Foundation
import RolloutStore

/// A request that cannot be answered.
struct ViewerProblem: Error, Sendable, Hashable {
  let status: Int
  let message: String

  static func badRequest(_ message: String) -> ViewerProblem { ViewerProblem(status: 400, message: message) }
  static func notFound(_ message: String) -> ViewerProblem { ViewerProblem(status: 404, message: message) }
}

/// The query of an address.
struct Query: Sendable, Hashable {
  private let values: [String: String]

  /// - Parameter text: what stands after the question mark; nil without one.
  init(_ text: String?) {
    values = (text ?? "").split(separator: "&").reduce(into: [:]) { values, part in
      let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let name = Self.decoded(pair[0])
      if values[name] == nil { values[name] = pair.count == 2 ? Self.decoded(pair[1]) : "" }
    }
  }

  subscript(name: String) -> String? { values[name] }

  func text(_ name: String) throws(ViewerProblem) -> String {
    guard let value = values[name] else { throw .badRequest("The address lacks \(name).") }
    return value
  }

  func number(_ name: String) throws(ViewerProblem) -> Int {
    guard let value = Int(try text(name)), value >= 0 else { throw .badRequest("\(name) is not a number from 0 on.") }
    return value
  }

  /// The rows that are wanted: `offset` and `limit`.
  func slice(limit: Int = 100, most: Int = 500) throws(ViewerProblem) -> Slice {
    Slice(
      offset: values["offset"] == nil ? 0 : try number("offset"),
      limit: min(values["limit"] == nil ? limit : try number("limit"), most))
  }

  private static func decoded(_ text: Substring) -> String {
    text.replacing("+", with: " ").removingPercentEncoding ?? String(text)
  }
}
