import Agents
import Foundation
import GRDB
import RolloutStore
import TestSupport
import Testing

@Suite("Prompts are stored as they were sent, each part once")
struct PromptTests {
  static let rules = String(repeating: "Fill in the form, one field at a time. ", count: 40)

  private func answer(_ particle: Int, step: Int, _ prompt: [PromptPart]?) -> AnswerRecord {
    var answer = StoreTests.answer(particle, step: step)
    answer.prompt = prompt
    return answer
  }

  private func count(_ path: String, _ query: String) async throws -> Int {
    try await DatabaseQueue(path: path).read { try Int.fetchOne($0, sql: query) ?? 0 }
  }

  /// Three particles of five steps, whose transcripts grow.
  private func filled(_ path: String, particles: Range<Int> = 0..<3) async throws -> [CallKey: [PromptPart]] {
    let store = try RolloutStore(path: path)
    try await store.begin(StoreTests.run())
    var sent: [CallKey: [PromptPart]] = [:]
    for particle in particles {
      var prompt = [
        PromptPart(.instructions, Self.rules), PromptPart(.prompt, "I want a \u{0}coat\u{1B}[2J é \u{65}\u{301} 🧥"),
      ]
      for step in 0..<5 {
        let answer = answer(particle, step: step, prompt + [PromptPart(.choices, #"["a","b"]"#)])
        sent[answer.key] = answer.prompt
        try await store.record(answer)
        prompt += [
          PromptPart(.response, "particle \(particle)"),
          PromptPart(
            .prompt, "You are in step \(step). " + String(repeating: "A long list of things follows. ", count: 9)),
        ]
      }
    }
    return sent
  }

  @Test("What was sent is read again; equal texts are stored once")
  func roundTrip() async throws {
    let scratch = try Scratch()
    let path = scratch.path("s.sqlite")
    let sent = try await filled(path)
    let store = try RolloutStore(path: path)
    for (key, prompt) in sent { #expect(try await store.prompt(of: key) == prompt, "\(key)") }
    #expect(try await store.prompt(of: CallKey(run: "r1", task: "t1", particle: 9, step: 0)) == nil)
    // The instructions, the opening, whose zero byte no text of SQLite can hold, and the observation after each step but the last.
    #expect(try await count(path, "SELECT COUNT(*) FROM piece") == 6)
    // Two parts that all share, and for each particle two a step and the choices of each call; the first are alike.
    #expect(try await count(path, "SELECT COUNT(*) FROM prompt") == 2 + 3 * (2 * 4 + 5) - 2)
    #expect(try await count(path, "SELECT SUM(LENGTH(text)) FROM piece") < Self.rules.utf8.count / 2)
    // What was read again is not written again.
    for key in sent.keys { try await store.record(answer(key.particle, step: key.step, sent[key])) }
    #expect(try await count(path, "SELECT COUNT(*) FROM piece") == 6)
  }

  @Test("An answer may have no prompt, and a prompt may be empty", arguments: [nil, [PromptPart]()])
  func nothing(prompt: [PromptPart]?) async throws {
    let scratch = try Scratch()
    let store = try RolloutStore(path: scratch.path("s.sqlite"))
    try await store.begin(StoreTests.run())
    try await store.record(answer(0, step: 0, prompt))
    #expect(try await store.prompt(of: StoreTests.answer(0, step: 0).key) == nil)
    #expect(try await store.answer(for: StoreTests.answer(0, step: 0).key) != nil)
  }

  @Test("Where a name stands for another text, no prompt is stored, and the answer is", arguments: ["piece", "prompt"])
  func collision(table: String) async throws {
    let scratch = try Scratch()
    let path = scratch.path("s.sqlite")
    let sent = try await filled(path, particles: 0..<1)
    try await DatabaseQueue(path: path).write { database in
      try database.execute(sql: "UPDATE call SET prompt = NULL")
      if table == "piece" {
        try database.execute(sql: "DELETE FROM prompt; UPDATE piece SET isCompressed = 0, text = CAST('other' AS BLOB)")
      } else {
        try database.execute(sql: "UPDATE prompt SET role = 'tools'")
      }
    }
    let store = try RolloutStore(path: path)
    try await store.begin(StoreTests.run())
    for (key, prompt) in sent {
      try await store.record(answer(key.particle, step: key.step, prompt))
      #expect(try await store.prompt(of: key) == nil)
    }
    #expect(try await count(path, "SELECT COUNT(*) FROM call") == sent.count)
  }

  @Test("Damage is named")
  func damage() async throws {
    let scratch = try Scratch()
    let path = scratch.path("s.sqlite")
    let sent = try await filled(path, particles: 0..<1)
    for bytes in ["x'00'", "x'ffffffffffffffff78'", "x'0500000000000000789c'", "zeroblob(20)"] {
      try await DatabaseQueue(path: path).write { try $0.execute(sql: "UPDATE piece SET text = \(bytes)") }
      let store = try RolloutStore(path: path)
      let key = try #require(sent.keys.first)
      let error = await #expect(throws: StoreError.self) { _ = try await store.prompt(of: key) }
      #expect(error?.kind == .damaged, "\(bytes): \(error?.message ?? "")")
    }
  }

  @Test("Prompts of shards are merged; a store of version 9 has none")
  func merged() async throws {
    let scratch = try Scratch()
    let (all, other, old) = (scratch.path("all.sqlite"), scratch.path("other.sqlite"), scratch.path("old.sqlite"))
    let first = try await filled(all, particles: 0..<2)
    let second = try await filled(other, particles: 2..<4)
    _ = try await filled(old, particles: 4..<5)
    try await DatabaseQueue(path: old).write { try $0.execute(sql: OlderStore.nine) }
    let store = try RolloutStore(path: all)
    _ = try await store.merge(other)
    #expect(try await store.merge(old).calls.added == 5)
    for (key, prompt) in first.merging(second, uniquingKeysWith: { $1 }) {
      #expect(try await store.prompt(of: key) == prompt)
    }
    #expect(try await store.prompt(of: CallKey(run: "r1", task: "t1", particle: 4, step: 0)) == nil)
  }

  @Test("Views show a store under readable names")
  func views() async throws {
    let scratch = try Scratch()
    let path = scratch.path("s.sqlite")
    _ = try await filled(path)
    let store = try RolloutStore(path: path)
    try await store.note([StoreTests.task], split: .test, of: StoreTests.world)
    try await store.save(
      run: "r1", task: StoreTests.task,
      trajectories: [
        TrajectoryRecord(particle: 0, trajectory: StoreTests.trajectory(["a", "b"])),
        TrajectoryRecord(
          particle: 1, trajectory: StoreTests.trajectory(["a"]), failure: AttemptFailure(.unknown, "it hung")),
      ])
    try await DatabaseQueue(path: path).read { database in
      let runs = try String.fetchAll(
        database,
        sql:
          "SELECT run || ' ' || trajectories || ' ' || failed || ' ' || calls || ' ' || reward_best || ' ' || input_tokens FROM runs"
      )
      #expect(runs == ["r1 2 1 15 1.0 150.0"])
      let attempts = try String.fetchAll(
        database,
        sql:
          "SELECT split || ' ' || steps || COALESCE(' ' || reward, '') || COALESCE(' ' || failure_kind, '') FROM trajectories ORDER BY particle"
      )
      #expect(attempts == ["test 2 1.0", "test 1 unknown"])
      let steps = try Int.fetchOne(database, sql: "SELECT COUNT(*) FROM steps WHERE task = 't1'")
      let prompts = try Int.fetchOne(database, sql: "SELECT COUNT(*) FROM calls WHERE prompt IS NOT NULL")
      #expect(steps == 3 && prompts == 15)
    }
  }

  @Test("Progress is kept by run, the last alone")
  func progress() async throws {
    let scratch = try Scratch()
    let store = try RolloutStore(path: scratch.path("s.sqlite"))
    try await store.begin(StoreTests.run())
    for done in 1...2 { try await store.note(progress: #"{"calls":\#(done)}"#, ofRun: "r1") }
    let noted = try await store.progress()
    #expect(noted.map(\.run) == ["r1"] && noted.map(\.figures) == [#"{"calls":2}"#])
  }
}
