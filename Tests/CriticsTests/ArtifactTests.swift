import Agents
import Foundation
import Testing

@testable import Critics

@Test func roundTripKeepsEveryBit() throws {
  #expect(coinCritic.record.rounds > 0)
  let data = try coinCritic.encoded()
  let read = try TreesCritic(decoding: data, for: CoinWorld.identity)
  let states = coinStates(tasks: 500..<540)
  #expect(try read.predict(states) == coinCritic.predict(states))
  #expect(try read.encoded() == data)
  #expect(read.identity == coinCritic.identity)
  #expect(read.record == coinCritic.record)
}

@Test func identityNamesWhatTheCriticIs() {
  let identity = coinCritic.identity
  #expect(identity.hasPrefix("trees, coins (6 rounds), 320 rollouts of 80 tasks, "))
  #expect(identity.suffix(16).allSatisfy { $0.isHexDigit })
}

@Test func oneByOneOrTogetherIsTheSame() async throws {
  let states = coinStates(tasks: 600..<620)
  let together = try coinCritic.predict(states)
  #expect(Set(together.map(\.mean)).count > 5)
  for (state, belief) in zip(states, together) { #expect(try coinCritic.predict([state]) == [belief]) }
  #expect(try coinCritic.predict([]).isEmpty)
}

@Test func manyTasksMayAskAtOnce() async throws {
  let states = coinStates(tasks: 700..<720)
  let expected = try coinCritic.predict(states)
  try await withThrowingTaskGroup(of: Bool.self) { group in
    for index in 0..<64 {
      group.addTask {
        let half = Array(states[(index % 20)...])
        return try await coinCritic.returnsToGo(from: half) == expected[(index % 20)...].map { $0 }
      }
    }
    for try await isSame in group { #expect(isSame) }
  }
}

@Test func anotherEnvironmentIsRefused() throws {
  let data = try coinCritic.encoded()
  let error = #expect(throws: CriticError.self) {
    try TreesCritic(decoding: data, for: WorldIdentity(kind: "orders", rules: "5 fields"))
  }
  #expect(error?.kind == .wrongEnvironment)
  #expect(error?.message.contains("coins (6 rounds)") == true)
  #expect(error?.message.contains("orders (5 fields)") == true)
  #expect(error?.message.contains("Train one for it") == true)
}

@Test func anotherVersionIsRefusedWhateverItsShape() {
  let error = #expect(throws: CriticError.self) {
    try TreesCritic(
      decoding: Data(#"{"format": "coxswain-trees", "version": 9, "forest": []}"#.utf8), for: CoinWorld.identity)
  }
  #expect(error?.kind == .unreadable)
  #expect(error?.message.contains("version 9") == true)
  #expect(error?.message.contains("version 2") == true)
}

@Test func damagedFilesAreRefused() throws {
  let data = try coinCritic.encoded()
  var files = [Data(), Data("[]".utf8), Data(#"{"format": "other", "version": 1}"#.utf8), Data([0xff, 0xfe, 0x00])]
  for share in [0.01, 0.3, 0.7, 0.999] { files.append(data.prefix(Int(Double(data.count) * share))) }
  // Deep nesting overflows the stack of a naive parser.
  files.append(Data(String(repeating: "[", count: 200_000).utf8))
  for file in files {
    let error = #expect(throws: CriticError.self) { try TreesCritic(decoding: file, for: CoinWorld.identity) }
    #expect(error?.kind == .unreadable)
  }
}

/// The critic's file with one field changed.
private func forged(_ change: (inout [String: Any]) throws -> Void) throws -> Data {
  var object = try #require(try JSONSerialization.jsonObject(with: coinCritic.encoded()) as? [String: Any])
  try change(&object)
  return try JSONSerialization.data(withJSONObject: object)
}

extension [String: Any] {
  fileprivate mutating func replace(_ path: [String], _ value: Any) {
    guard let first = path.first else { return }
    guard path.count > 1 else {
      self[first] = value
      return
    }
    var inner = self[first] as? [String: Any] ?? [:]
    inner.replace(Array(path.dropFirst()), value)
    self[first] = inner
  }
}

/// The critic's file with one list of the first tree changed. The text is edited, since XGBoost distinguishes 0 from
/// 0E0.
private func forgedTree(_ list: String, _ change: (inout [Substring]) -> Void) throws -> Data {
  try forged { object in
    var trees = try #require(object["trees"] as? [String: Any])
    var text = try #require(trees["model"] as? String)
    let start = try #require(text.range(of: "\"\(list)\":["))
    let end = try #require(text[start.upperBound...].firstIndex(of: "]"))
    var items = text[start.upperBound..<end].split(separator: ",")
    change(&items)
    text.replaceSubrange(start.upperBound..<end, with: items.joined(separator: ","))
    trees["model"] = text
    object["trees"] = trees
  }
}

@Test func forgedTreesAreRefusedBeforeXGBoostWalksThem() throws {
  // A rewrite without any change keeps the critic intact.
  let untouched = try TreesCritic(decoding: forgedTree("left_children") { _ in }, for: CoinWorld.identity)
  let states = coinStates(tasks: 800..<805)
  #expect(try untouched.predict(states) == coinCritic.predict(states))
  let changes: [(String, (inout [Substring]) -> Void)] = [
    ("left_children", { $0[0] = "0" }),
    ("left_children", { $0[0] = "1000000" }),
    ("left_children", { $0.removeLast() }),
    ("right_children", { $0[0] = "-7" }),
    ("right_children", { $0[0] = "1" }),
    ("right_children", { $0[0] = "\"one\"" }),
    ("split_indices", { $0[0] = "1000000" }),
    ("split_indices", { $0[0] = "-1" }),
    ("split_type", { $0[0] = "1" }),
    ("split_conditions", { $0[0] = "1E300" }),
    ("split_conditions", { $0[0] = "NaN" }),
    ("base_weights", { $0.removeLast() }),
    ("default_left", { $0 = [] }),
    ("categories", { $0 = ["1"] }),
    ("tree_info", { $0[0] = "99" }),
    // An integer in place of a float passes our check and fails XGBoost's own.
    ("loss_changes", { $0[0] = "0" }),
  ]
  for (list, change) in changes {
    let data = try forgedTree(list, change)
    let error = #expect(throws: CriticError.self, "\(list)") {
      try TreesCritic(decoding: data, for: CoinWorld.identity)
    }
    #expect(error?.kind == .unreadable, "\(list)")
  }
}

@Test func forgedPartsAreRefused() throws {
  let changes: [(inout [String: Any]) -> Void] = [
    { $0["trees"] = nil },
    { $0.replace(["trees", "model"], "{}") },
    { $0.replace(["trees", "model"], "binf") },
    { $0.replace(["trees", "baseMargin"], [0.1, 0.2]) },
    { $0.replace(["trees", "links", "starts"], [1]) },
    { $0.replace(["trees", "links", "links"], [["thresholds": [Double](), "slope": 1]]) },
    { $0.replace(["trees", "links", "links"], [["thresholds": [1.0, 2, 3, 4, 5, 6], "slope": 1]]) },
    { $0.replace(["trees", "links", "links"], [["thresholds": [6.0, 5, 4, 3, 2, 1], "slope": -1]]) },
    { $0["features"] = ["hashBuckets": 0] },
    { $0["features"] = ["hashBuckets": 65] },
    { $0["features"] = ["hashBuckets": 1 << 60] },
    { $0["bins"] = ["values": [Double](), "lowerBounds": [Double]()] },
    { $0["bins"] = ["values": [1.0, 0.0], "lowerBounds": [0.0, 1.0]] },
    { object in
      guard var record = object["record"] as? [String: Any] else { return }
      record["marginal"] = ["returns": [0.0], "probabilities": [0.0]]
      object["record"] = record
    },
    { object in
      guard var record = object["record"] as? [String: Any] else { return }
      record["rounds"] = 1_000_000
      object["record"] = record
    },
  ]
  for (number, change) in changes.enumerated() {
    let data = try forged(change)
    let error = #expect(throws: CriticError.self, "change \(number)") {
      try TreesCritic(decoding: data, for: CoinWorld.identity)
    }
    #expect(error?.kind == .unreadable)
  }
}
