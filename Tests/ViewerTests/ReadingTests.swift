import Agents
import Foundation
import RolloutStore
import TestSupport
import Testing

@testable import Viewer

@Suite("What the page asks for", .timeLimit(.minutes(5)))
struct ReadingTests {
  private func open<T>(_ body: (Browsing) async throws -> T) async throws -> T {
    try await Browsing.inFolder { folder in
      let path = folder.path + "/s.sqlite"
      try await StoredRuns().write(to: path)
      return try await Browsing.with(path, body)
    }
  }

  private func rows(_ page: JSONValue) -> [JSONValue] { page["rows"]?.items ?? [] }
  private func names(_ page: JSONValue) -> [String] { rows(page).map { $0["task"]?.shown ?? "" } }

  @Test func runsHaveSettingsAndSums() async throws {
    try await open { page in
      let state = try await page.api("state")
      #expect(state["state"]?.shown == "open")
      let runs = state["runs"]?.items ?? []
      #expect(runs.count == 3)
      let collect = try #require(runs.first { $0["id"]?.shown == StoredRuns.collect })
      #expect(
        collect["tasks"]?.integer == 5 && collect["trajectories"]?.integer == 10 && collect["failed"]?.integer == 1)
      #expect(collect["calls"]?.integer == 20 && collect.value(at: "tokens.input")?.integer == 2_000)
      #expect(collect["state"]?.shown == "done")
      let steer = try #require(runs.first { $0["id"]?.shown == StoredRuns.steer })
      #expect(steer["culled"]?.integer == 1 && steer["settings"]?.json.contains("β") == true)
    }
  }

  @Test func tasksAreFilteredOrderedAndPaged() async throws {
    try await open { page in
      let run = StoredRuns.collect
      #expect(names(try await page.api("tasks", ["run": run])) == (0..<5).map { "task-\($0)" })
      let best = try await page.api("tasks", ["run": run, "sort": "best", "limit": "2"])
      #expect(names(best) == ["task-4", "task-3"] && best["total"]?.integer == 5 && best["hasMore"] == .flag(true))
      let next = try await page.api("tasks", ["run": run, "sort": "best", "limit": "2", "offset": "4"])
      #expect(names(next) == ["task-0"] && next["hasMore"] == .flag(false))
      #expect(names(try await page.api("tasks", ["run": run, "show": "failed"])) == ["task-3"])
      #expect(names(try await page.api("tasks", ["run": run, "words": "ICE of task-2"])) == ["task-2"])
    }
  }

  @Test func everyTextIsSearched() async throws {
    try await open { page in
      let run = StoredRuns.collect
      func places(_ words: String, _ run: String = run) async throws -> [String] {
        rows(try await page.api("search", ["run": run, "words": words])).map {
          "\($0["task"]?.shown ?? "") \($0["place"]?.shown ?? "") \($0["step"]?.shown ?? "")"
        }
      }
      #expect(try await places("task-4") == ["task-4 task 0"])
      #expect(try await places("ICE OF TASK-4") == ["task-4 request 0"])
      #expect(try await places("heat 2").contains("task-2 action 2"))
      #expect(try await places("should heat 2").contains("task-2 response 2"))
      #expect(try await places("You see wait").count == 5)
      // What would be a pattern is a text.
      #expect(try await places("%").isEmpty)
      #expect(try await places("_ook").isEmpty)
      #expect(try await places("melt", StoredRuns.steer).contains("melt/1 action 2"))
      let hits = try await page.api("search", ["run": run, "words": "look", "limit": "3"])
      #expect(rows(hits).count == 3 && hits["hasMore"] == .flag(true))
      let more = try await page.api("search", ["run": run, "words": "look", "limit": "3", "offset": "3"])
      #expect(Set(rows(more).map(\.json)).isDisjoint(with: rows(hits).map(\.json)))
    }
  }

  @Test func aTrajectoryIsAConversation() async throws {
    try await open { page in
      // Particle 0 is a copy of particle 1 after the first step, whose call is particle 1's.
      let query: KeyValuePairs = ["run": StoredRuns.steer, "task": "melt/1", "particle": "0", "standing": "final"]
      let talk = try await page.api("trajectory", query)
      let steps = talk["steps"]?.items ?? []
      #expect(steps.count == 3 && talk["opening"]?.shown == "A lab.")
      #expect(steps[0]["action"]?.shown == "take" && steps[0]["thought"]?.shown == "I should take")
      #expect(steps[0]["value"]?.shown == "0.625" && steps[0].value(at: "call.particle")?.integer == 1)
      #expect(steps[0]["reasoning"]?.shown == "reasoning about take")
      #expect(
        steps[2].value(at: "call.tokens.cached")?.integer == 20 && steps[2].value(at: "call.attempts")?.integer == 2)
      #expect(steps[2].value(at: "rewards.heat")?.shown == "1" && steps[2]["paid"]?.shown == "1")
      let prompt = try await page.api(
        "prompt",
        [
          "run": StoredRuns.steer, "task": "melt/1", "particle": "0", "standing": "final", "step": "1",
        ])
      #expect(prompt["parts"]?.items?.map { $0["role"]?.shown } == ["instructions", "prompt"])
      let culled = try await page.api(
        "trajectory",
        [
          "run": StoredRuns.steer, "task": "melt/1", "particle": "0", "standing": "culled 1",
        ])
      #expect(culled["steps"]?.items?.map { $0["action"]?.shown } == ["break"])
      let found = try await page.api(
        "trajectory",
        [
          "run": StoredRuns.frontier, "task": "search-1", "particle": "0", "standing": "final",
        ])
      #expect(found["steps"]?.items?.map { $0.value(at: "call.particle")?.integer } == [0, 1])
      #expect(found["value"]?.shown == "0.25" && found["steps"]?.items?[0]["value"]?.shown == "0.75")
    }
  }

  @Test func populationsAndTreesHavePictures() async throws {
    try await open { page in
      let attempts = try await page.api("attempts", ["run": StoredRuns.steer, "task": "melt/1"])
      #expect(attempts["picture"]?.shown == "population" && attempts.value(at: "page.rows")?.items?.count == 4)
      let picture = try await page.api("picture", ["run": StoredRuns.steer, "task": "melt/1"])
      #expect(picture["svg"]?.shown.contains("data-line") == true && picture["svg"]?.shown.contains("<style") == false)
      let lines = picture["lines"]?.items?.map { "\($0["particle"]?.shown ?? "–") \($0["standing"]?.shown ?? "")" }
      #expect(lines == ["0 culled 1", "1 final", "2 final", "0 final"])
      let tree = try await page.api("picture", ["run": StoredRuns.frontier, "task": "search-1"])
      #expect(tree["kind"]?.shown == "tree" && tree["svg"]?.shown.contains("cox-tree") == true)
      // Each state leads to the attempt that went through it, at its step.
      let states = tree["lines"]?.items?.map { "\($0["particle"]?.shown ?? "–") \($0["step"]?.shown ?? "–")" }
      #expect(states == ["0 0", "0 1", "0 2"])
      #expect(tree["svg"]?.shown.split(separator: "data-line=").count == 4)
    }
  }

  @Test func failuresAreListedByReason() async throws {
    try await open { page in
      let failures = try await page.api("failures", ["run": StoredRuns.collect])
      #expect(failures.value(at: "reasons.0.kind")?.shown == "environmentFailed")
      #expect(failures.value(at: "reasons.0.count")?.integer == 1)
      #expect(failures.value(at: "page.rows.0.failure")?.shown == "the world was lost")
      let others = try await page.api("failures", ["run": StoredRuns.collect, "kind": "noAnswer"])
      #expect(others.value(at: "page.rows")?.items?.isEmpty == true)
    }
  }

  @Test func whatIsNotThereIsSaid() async throws {
    try await open { page in
      for (path, status, words) in [
        ("tasks", 400, "run"), ("tasks?run=none", 404, "no run"),
        ("attempts?run=\(StoredRuns.collect)&task=none", 404, "no task"),
        ("trajectory?run=\(StoredRuns.collect)&task=task-1&particle=9&standing=final", 404, "particle 9"),
        ("trajectory?run=\(StoredRuns.collect)&task=task-1&particle=x&standing=final", 400, "particle"),
        ("trajectory?run=\(StoredRuns.collect)&task=task-1&particle=0&standing=odd", 400, "odd"),
        ("picture?run=\(StoredRuns.collect)&task=task-1", 404, "no picture"),
        ("search?run=\(StoredRuns.collect)&words=%20", 400, "no words"),
        ("tasks?run=\(StoredRuns.collect)&limit=-1", 400, "limit"),
      ] as [(String, UInt, String)] {
        let answer = try await page.get("/api/\(path)", cookie: page.cookie)
        #expect(
          answer.status == status && answer.json["error"]?.shown.contains(words) == true, "\(path): \(answer.text)")
      }
    }
  }
}
