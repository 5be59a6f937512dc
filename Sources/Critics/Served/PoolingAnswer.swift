import Agents
import Foundation

/// The answer to `POST /pooling`: `{"data": [{"index": 0, "data": [0.7]}, …]}`. Items may be in any order, and other
/// keys are ignored.
struct PoolingAnswer {
  /// What is wrong with the whole answer, as text after a colon.
  struct Problem: Error {
    let message: String
  }

  private let json: JSONValue

  /// nil if the body is not JSON. Python's NaN and Infinity literals are accepted.
  init?(_ body: Data) {
    guard let json = try? OutsideJSON.decode(JSONValue.self, from: body, nonFinite: true) else { return nil }
    self.json = json
  }

  /// The number for each text, in order; nil if it is missing.
  func numbers(for count: Int) throws(Problem) -> [Double?] {
    guard let items = json["data"]?.items else { throw Problem(message: "there is no list under data") }
    guard !items.isEmpty, items.count <= count else {
      throw Problem(message: "\(items.count) items for \(count) texts")
    }
    let contents = items.map { Content($0["data"]) }
    guard contents.contains(where: { $0 != .otherShape }) else {
      throw Problem(message: "every item's data is \(Self.shape(items[0]["data"])), not one number")
    }
    var numbers: [Double?] = Array(repeating: nil, count: count)
    for (place, content) in zip(try places(of: items, count: count), contents) { numbers[place] = content.number }
    return numbers
  }

  /// The index of the text for each item. If no item has an index, items are in the order of the texts.
  private func places(of items: [JSONValue], count: Int) throws(Problem) -> [Int] {
    let stated = items.map { $0["index"] }
    if stated.allSatisfy({ $0 == nil }), items.count == count { return Array(items.indices) }
    let places = stated.compactMap { index -> Int? in
      guard case .number(let number) = index, let place = number.integer, (0..<count).contains(place) else {
        return nil
      }
      return place
    }
    guard Set(places).count == items.count else {
      throw Problem(message: "its indexes are not those of \(count) texts")
    }
    return places
  }

  private enum Content: Equatable {
    case number(Double)
    case missing
    case otherShape

    init(_ value: JSONValue?) {
      switch value {
      case .number(let number): self = number.double.isFinite ? .number(number.double) : .missing
      case .null, .text, .flag: self = .missing
      case .list(let items) where items.count == 1: self = Content(items[0])
      default: self = .otherShape
      }
    }

    var number: Double? {
      if case .number(let number) = self { number } else { nil }
    }
  }

  private static func shape(_ value: JSONValue?) -> String {
    guard let value else { return "not there" }
    return value.items.map { $0.isEmpty ? "an empty list" : "a list of \($0.count), each \($0[0].noun)" } ?? value.noun
  }
}
