import Agents
import Foundation
import GRDB
import RolloutStore
import Steering
import TestSupport
import Testing

@testable import Viewer

@Suite("A store that changes while it is viewed", .timeLimit(.minutes(5)))
struct FollowingTests {
  private func run(_ state: JSONValue, _ id: String = StoredRuns.collect) -> JSONValue? {
    state["runs"]?.items?.first { $0["id"]?.shown == id }
  }

  @Test func aStoreThatDoesNotExistYetIsWaitedFor() async throws {
    try await Browsing.inFolder { folder in
      let path = folder.path + "/s.sqlite"
      try await Browsing.with(path) { page in
        #expect(try await page.api("state")["state"]?.shown == "missing")
        #expect(try await page.get("/api/tasks?run=x", cookie: page.cookie).status == 503)
        #expect(!FileManager.default.fileExists(atPath: path))
        try await StoredRuns().write(to: path)
        _ = try await page.wait("state") { run($0)?["tasks"]?.integer == 5 }
      }
    }
  }

  @Test func attemptsAreShownWhileTheyRun() async throws {
    try await Browsing.inFolder { folder in
      let path = folder.path + "/s.sqlite"
      try await StoredRuns().write(to: path)
      try await Browsing.with(path) { page in
        let before = try await page.api("state")
        #expect(run(before)?["openTasks"]?.integer == 0)
        let store = try RolloutStore(path: path)
        let task = try await StoredRuns().begin(store)
        var figures = ProgressFigures()
        (figures.tasks, figures.calls, figures.expectedCalls, figures.secondsLeft) = (6, 23, 30, 12.5)
        figures.pricing = Pricing(inputPerMillion: 1_000)
        let json = String(decoding: try JSONEncoder().encode(figures), as: UTF8.self)
        try await store.note(progress: json, ofRun: StoredRuns.collect)
        let state = try await page.wait("state") {
          run($0)?["openTasks"]?.integer == 1 && run($0)?["state"]?.shown == "running"
        }
        #expect(run(state)?.value(at: "progress.secondsLeft")?.shown == "12.5")
        #expect(run(state)?["calls"]?.integer == 23 && run(state)?["cost"]?.shown == "2.3")
        let query: KeyValuePairs = ["run": StoredRuns.collect, "task": task.id.rawValue]
        let attempts = try await page.api("attempts", query)
        #expect(attempts["running"]?.items?.map { $0["steps"]?.integer } == [2, 1])
        #expect(attempts.value(at: "running.0.latest")?.shown == "take")
        let talk = try await page.api(
          "trajectory",
          [
            "run": StoredRuns.collect, "task": "under-way", "particle": "0", "standing": "running",
          ])
        let steps = talk["steps"]?.items ?? []
        #expect(steps.map { $0["action"]?.shown } == ["look", "take"])
        // What the agent saw is in the next prompt; the last outcome and the rewards are not stored yet.
        #expect(
          talk["opening"]?.shown == "Seen before step 1." && steps[0]["observation"]?.shown == "Seen before step 2.")
        #expect(steps[1]["observation"] == nil && steps[0]["reward"] == nil)
        try await StoredRuns().end(store, task)
        let ended = try await page.wait("attempts", query) { $0["running"]?.items?.isEmpty == true }
        #expect(
          ended.value(at: "page.rows.0.steps")?.integer == 3 && ended.value(at: "page.rows.0.reward")?.shown == "1")
        // An address of before still finds it.
        let same = try await page.api(
          "trajectory",
          [
            "run": StoredRuns.collect, "task": "under-way", "particle": "0", "standing": "running",
          ])
        #expect(same.value(at: "attempt.standing")?.shown == "final")
      }
    }
  }

  @Test func aDeletedStoreIsMissingAndAnotherOneIsRead() async throws {
    try await Browsing.inFolder { folder in
      let path = folder.path + "/s.sqlite"
      try await StoredRuns().write(to: path)
      try await Browsing.with(path) { page in
        #expect(run(try await page.api("state")) != nil)
        try FileManager.default.removeItem(atPath: path)
        let state = try await page.wait("state") { $0["state"]?.shown == "missing" }
        #expect(state["runs"]?.items?.isEmpty == true)
        #expect(try await page.get("/api/tasks?run=\(StoredRuns.collect)", cookie: page.cookie).status == 503)
        try Data("no store".utf8).write(to: URL(fileURLWithPath: path))
        let broken = try await page.wait("state") { $0["state"]?.shown == "unreadable" }
        #expect(broken["message"]?.shown.contains("not a Coxswain store") == true)
        try FileManager.default.removeItem(atPath: path)
        try await StoredRuns().write(to: path)
        _ = try await page.wait("state") { run($0) != nil }
      }
    }
  }

  @Test(arguments: [OlderStore.nine, OlderStore.one]) func aStoreOfAnOlderVersionIsReadAndStaysAsItIs(script: String)
    async throws
  {
    try await Browsing.inFolder { folder in
      let path = folder.path + "/s.sqlite"
      try await StoredRuns().write(to: path)
      do {
        let queue = try DatabaseQueue(path: path)
        try await queue.writeWithoutTransaction { try $0.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)") }
        try await queue.write { try $0.execute(sql: script) }
        try await queue.writeWithoutTransaction { try $0.execute(sql: "PRAGMA journal_mode = DELETE") }
      }
      let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
      try await Browsing.with(path) { page in
        #expect(run(try await page.api("state"))?["calls"]?.integer == 20)
        let prompt = try await page.api(
          "prompt",
          [
            "run": StoredRuns.collect, "task": "task-1", "particle": "0", "standing": "final", "step": "1",
          ])
        #expect(prompt["note"]?.shown.contains("older version") == true)
      }
      #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == bytes)
    }
  }

  @Test func readersWriteNothingAndLeaveOneFile() async throws {
    try await Browsing.inFolder { folder in
      let path = folder.path + "/s.sqlite"
      try await StoredRuns().write(to: path)
      let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
      try await Browsing.with(path) { page in
        _ = try await page.api("attempts", ["run": StoredRuns.steer, "task": "melt/1"])
        _ = try await page.api("search", ["run": StoredRuns.steer, "words": "heat"])
      }
      #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == bytes)
      // A writer that ends while the page is open cannot merge its log; the page does that.
      try await Browsing.with(path) { page in
        do {
          let store = try RolloutStore(path: path)
          _ = try await StoredRuns().begin(store)
          _ = try await page.wait("state") { run($0)?["openTasks"]?.integer == 1 }
        }
        while FileManager.default.fileExists(atPath: path + "-wal") { try await Task.sleep(for: .milliseconds(200)) }
        #expect(run(try await page.api("state"))?["openTasks"]?.integer == 1)
      }
    }
  }
}
