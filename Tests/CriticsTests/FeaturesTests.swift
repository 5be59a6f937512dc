import Agents
import Foundation
import Testing

@testable import Critics

extension FeatureReader {
  /// The row of one state.
  static func row(_ map: FeatureMap, for state: CriticState) throws -> FeatureRow {
    var reader = FeatureReader(map)
    return try reader.row(for: state)
  }
}

@Test func wordsOfAnyScript() {
  #expect(Words.split("Two medium, GREEN leather-dress!") == ["two", "medium", "green", "leather", "dress"])
  #expect(Words.split("  … ") == [])
  #expect(Words.split("Größe 42 für Ärzte") == ["größe", "42", "für", "ärzte"])
  // A composed and a decomposed letter give the same word.
  #expect(Words.split("caf\u{e9}") == Words.split("CAFE\u{301}"))
  #expect(Words.split("чай и ЧАЙ") == ["чай", "и", "чай"])
  #expect(Words.split("赤いシャツ") == ["赤", "い", "シ", "ャ", "ツ"])
  #expect(Words.split("हिन्दी") == ["हिन्दी"])
}

@Test func hashIsFNV1a() {
  // Published test vectors of 64-bit FNV-1a.
  var hash = FNV1a()
  #expect(hash.value == 0xcbf2_9ce4_8422_2325)
  hash.add(byte: UInt8(ascii: "a"))
  #expect(hash.value == 0xaf63_dc4c_8601_ec8c)
}

@Test func denseFeaturesByHand() throws {
  let task = AgentTask(id: "order", request: "Two medium green leather dress", stepLimit: 5)
  var trajectory = Trajectory(task: task, opening: Observation("Which item?"))
  for (action, isInvalid) in [("dress", false), ("cotton", true), ("cotton", true), ("dark Green", false)] {
    trajectory.append(
      Step(
        response: action, action: .act(action),
        outcome: Outcome(Observation("Which next?"), reward: 0.25, isInvalid: isInvalid)))
  }
  let row = try FeatureReader.row(FeatureMap(hashBuckets: 32), for: CriticState(trajectory))
  #expect(row.indices.prefix(9).elementsEqual(0..<9))
  // The actions so far are dress, cotton, cotton, dark, green. Of these, dress and green occur.
  #expect(Array(row.values.prefix(9)) == [2, 0.4, 1, 0.5, 0.8, 4, 1, 1, 2])
  #expect(zip(row.indices, row.indices.dropFirst()).allSatisfy { $0 < $1 })
  #expect(row.indices.allSatisfy { $0 < 9 + 3 * 32 })
  // 5 + 2 + 2 words and 4 + 1 + 1 pairs.
  #expect(row.values.dropFirst(9).reduce(0, +) == 15)
}

@Test func textsHaveColumnsOfTheirOwn() throws {
  func state(request: String, action: String, observation: String) -> CriticState {
    let task = AgentTask(id: "t", request: request, stepLimit: 2)
    return CriticState(
      Trajectory(
        task: task, opening: Observation(""),
        steps: [Step(response: "", action: .act(action), outcome: Outcome(Observation(observation)))]))
  }
  let map = FeatureMap(hashBuckets: 16)
  let places = try [("apple", "", ""), ("", "apple", ""), ("", "", "apple")].map {
    Array(try FeatureReader.row(map, for: state(request: $0, action: $1, observation: $2)).indices.dropFirst(9))
  }
  #expect(places.allSatisfy { $0.count == 1 })
  #expect(places[1][0] == places[0][0] + 16)
  #expect(places[2][0] == places[0][0] + 32)
}

/// Pinned, since stored critics depend on it. The values were computed independently of this code: FNV-1a of each
/// word's UTF-8 and 0xFF, the high half folded into the low one, modulo 1024.
@Test func columnsAreStable() throws {
  let task = AgentTask(id: "t", request: "red hat", stepLimit: 2)
  let row = try FeatureReader.row(
    FeatureMap(), for: CriticState(Trajectory(task: task, opening: Observation("Größe?"))))
  #expect(Array(row.indices.dropFirst(9)) == [372, 911, 943, 2381])
}
