import Agents
import Foundation

/// The answer to `POST /pooling`: `{"data": [{"index": 0, "data": [0.7]}, …]}`, in any order and with any other keys.
struct PoolingAnswer {
  /// What is wrong with the whole of it, in words that follow a colon.
  struct Problem: Error {
    let message: String
  }

  private let json: JSONValue

  /// nil for what is no JSON. Python's NaN and Infinity, which are none either, are read.
  init?(_ body: Data) {
    guard let json = try? OutsideJSON.decode(JSONValue.self, from: body, nonFinite: true) else { return nil }
    self.json = json
  }

  /// The number of each text, in order; nil where it is missing.
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

  /// Which text each item is of. Where no item says so there is one for each text, in order.
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
