import Agents
import Constraints
import Foundation

/// What a search for a complete text gave.
enum Search: Equatable {
  case found([UInt8])
  /// No complete text can be reached.
  case deadEnd
  /// There were too many states.
  case unknown
}

extension ByteLanguage {
  /// The bytes that may follow.
  func following(_ state: State) -> [UInt8] { (0...255).filter { self.state(after: $0, state) != nil } }

  /// A shortest way from a state to a complete text; nil if none is found among the first states.
  func completion(of state: State) -> [UInt8]? {
    if case .found(let bytes) = search(from: state, among: 20_000) { bytes } else { nil }
  }

  /// Looks for a complete text among the nearest states.
  func search(from state: State, among limit: Int) -> Search {
    var ways: [(state: State, from: Int, byte: UInt8)] = [(state, -1, 0)]
    var seen: Set<State> = [state]
    var place = 0
    while place < ways.count {
      if isComplete(ways[place].state) {
        var bytes: [UInt8] = []
        while place > 0 {
          bytes.append(ways[place].byte)
          place = ways[place].from
        }
        return .found(bytes.reversed())
      }
      guard ways.count < limit else { return .unknown }
      for byte in following(ways[place].state) {
        guard let next = self.state(after: byte, ways[place].state), seen.insert(next).inserted else { continue }
        ways.append((next, place, byte))
      }
      place += 1
    }
    return .deadEnd
  }

  /// A text of the language: random bytes as long as it pleases, then the shortest way to an end.
  func randomText(_ dice: inout SplitMix64, length: Int, favouring favourites: [UInt8] = []) -> [UInt8]? {
    var bytes: [UInt8] = []
    var state = start
    while bytes.count < length {
      var choices = following(state)
      let favoured = choices.filter(favourites.contains)
      if !favoured.isEmpty, Int.random(in: 0..<8, using: &dice) > 0 { choices = favoured }
      guard let byte = choices.randomElement(using: &dice), let next = self.state(after: byte, state) else { break }
      bytes.append(byte)
      state = next
      if isComplete(state), Int.random(in: 0..<6, using: &dice) == 0 { return bytes }
    }
    return completion(of: state).map { bytes + $0 }
  }
}
