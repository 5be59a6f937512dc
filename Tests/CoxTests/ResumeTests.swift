import Agents
import Foundation
import GRDB
import TestSupport
import TestTraits
import Testing

@Suite("A run that is killed, disturbed or out of room continues", .alone)
struct ResumeTests {
  /// The part of the JSON that depends neither on the time taken nor on the number of stored answers.
  static func lasting(_ json: [String: Any]) -> NSDictionary {
    var json = json
    for key in ["wallSeconds", "criticalPathSeconds", "storedCalls"] { json[key] = nil }
    return json as NSDictionary
  }

  static func count(_ store: String, _ sql: String) async throws -> Int {
    try await DatabaseQueue(path: store).read { try Int.fetchOne($0, sql: sql) ?? 0 }
  }

  /// The seeds, as sent, of all calls with a stored answer.
  static func storedSeeds(_ store: String) async -> Set<Int> {
    let keys = try? await DatabaseQueue(path: store).read { database in
      try Row.fetchAll(database, sql: "SELECT run, task, particle, step FROM call").map { row in
        CallKey(run: row["run"], task: TaskID(row["task"] as String), particle: row["particle"], step: row["step"])
      }
    }
    return Set((keys ?? []).map { Int($0.seed(from: Seed(0).split($0.run)).rawValue >> 33) })
  }

  static func seed(_ request: TestServer.Request) -> Int { request.json["seed"] as? Int ?? -1 }

  @Test("Killed at 20 random moments: nothing stored is asked again, nothing lost, the same result")
  func killed() async throws {
    let cox = try Command()
    defer { cox.clean() }
    let reply: @Sendable (TestServer.Request) -> TestServer.Reply = { .after(0.04, OrderServer.answer($0)) }
    try await TestServer.with(reply) { server in
      let file = try cox.write(
        OrderServer.configuration(
          server.url, tasks: 20, policy: "concurrency: 8, samplesPerCall: 1",
          steering: "temperature: 0.1, resample: { steps: [2, 4] }"), to: "c.yaml")
      let rollouts = try await cox.run(
        "collect", "--config", file, "--store", "whole.sqlite", "--rollouts", "3", "--quiet")
      #expect(rollouts.status == 0, "\(rollouts.errors)")
      let trained = try await cox.run("train", "--config", file, "--store", "whole.sqlite", "--quiet")
      #expect(trained.status == 0, "\(trained.errors)")
      let critic = cox.folder.appendingPathComponent("trees.critic.json").path
      func arguments(_ store: String) -> [String] {
        ["steer", "--config", file, "--store", store, "--critic", critic, "--json", "-", "--quiet"]
      }
      let (wholeProcess, wholeOutput, wholeErrors) = try cox.start(arguments("whole.sqlite"))
      let whole = await Command.finish(wholeProcess, wholeOutput, wholeErrors)
      #expect(whole.status == 0, "\(whole.errors)")
      #expect((whole.json["resamplings"] as? Int ?? 0) > 0)

      let store = cox.folder.appendingPathComponent("s.sqlite").path
      var generator = Seed(2_026).generator()
      var kills = 0
      var seen = server.requests.count
      var last: Command.Result?
      while last == nil {
        let stored = await Self.storedSeeds(store)
        let (process, output, errors) = try cox.start(arguments(store))
        if kills < 20 {
          // The kill comes at a random time between the first call and the middle of the run. It is measured in calls,
          // so the speed of the machine does not matter.
          let progress = Int(generator.uniform() * 40)
          let start = ContinuousClock.now
          while server.requests.count - seen < progress, start.duration(to: .now) < .seconds(30) {
            try await Task.sleep(for: .milliseconds(1))
          }
          try await Task.sleep(for: .milliseconds(Int(generator.uniform() * 50)))
          kill(process.processIdentifier, SIGKILL)
          let result = await Command.finish(process, output, errors)
          if result.status == SIGKILL {
            kills += 1
          } else {
            // On a busy machine the run may end before the kill. Nothing is left to be killed then.
            #expect(result.status == 0 && kills >= 10, "after \(kills) kills: \(result.errors)")
            last = result
          }
        } else {
          last = await Command.finish(process, output, errors)
        }
        let requests = server.requests
        let asked = Set(requests[seen...].map(Self.seed))
        seen = requests.count
        #expect(asked.isDisjoint(with: stored))
        if FileManager.default.fileExists(atPath: store) {
          let checks = try await DatabaseQueue(path: store).read {
            try String.fetchAll($0, sql: "PRAGMA integrity_check")
          }
          #expect(checks == ["ok"])
        }
      }
      // The stored seeds match the requested ones. Otherwise the check above would be empty.
      #expect(await Self.storedSeeds(store).isSubset(of: server.requests.map(Self.seed)))
      let result = try #require(last)
      #expect(result.status == 0, "\(result.errors)")
      #expect(Self.lasting(result.json) == Self.lasting(whole.json))
      let stored = result.json["storedCalls"] as? Int ?? 0
      print("killed \(kills) times; \(stored) of 800 answers were stored before the last start")
      #expect(stored > 100)
      #expect(try await Self.count(store, "SELECT COUNT(*) FROM call") == 20 * 8 * 5)
      let places = "SELECT DISTINCT run, task, particle FROM trajectory WHERE standing = 'final'"
      #expect(try await Self.count(store, "SELECT COUNT(*) FROM (\(places))") == 20 * 8)
      #expect(try await Self.count(store, "SELECT COUNT(*) FROM trajectory WHERE standing = 'final'") == 20 * 8)
    }
  }

  @Test(
    "Answers drawn several at a time: a recording of a killed run gives its result again, and refuses anything else")
  func recorded() async throws {
    let cox = try Command()
    defer { cox.clean() }
    let reply: @Sendable (TestServer.Request) -> TestServer.Reply = { .after(0.03, OrderServer.answer($0)) }
    try await TestServer.with(reply) { server in
      let file = try cox.write(
        OrderServer.configuration(server.url, tasks: 6, policy: "concurrency: 24"), to: "c.yaml")
      let arguments = [
        "compare", "--methods", "single,best-of", "--config", file, "--store", "s.sqlite", "--json", "-",
      ]
      for _ in 0..<4 {
        let (process, output, errors) = try cox.start(arguments)
        try await Task.sleep(for: .milliseconds(160))
        kill(process.processIdentifier, SIGKILL)
        _ = await Command.finish(process, output, errors)
      }
      let (process, output, errors) = try cox.start(arguments)
      let result = await Command.finish(process, output, errors)
      #expect(result.status == 0, "\(result.errors)")
      let saved = (result.json["total"] as? [String: Any])?["savedInputTokens"] as? Int ?? 0
      #expect(saved > 0)

      let exported = try await cox.run("export", "--config", file, "--store", "s.sqlite", "--cassette", "c.jsonl")
      #expect(exported.status == 0 && exported.output.contains("240 answers"), "\(exported.errors)\(exported.output)")
      let asked = server.requests.count
      for recording in ["s.sqlite", "c.jsonl"] {
        let path = cox.folder.appendingPathComponent(recording).path
        let replay = try cox.write(
          """
          environment: { kind: orders, tasks: { test: "0..<6" } }
          policy: { kind: recorded, recording: "\(path)", format: plain, concurrency: 3 }
          steering: { particles: 8, answer: sample }
          """, to: "replay.yaml")
        let again = try await cox.run(
          "compare", "--methods", "single,best-of", "--config", replay, "--store", "replay-\(recording).sqlite",
          "--json", "-")
        #expect(again.status == 0, "\(again.errors)")
        func methods(_ json: [String: Any]) -> [NSDictionary] {
          (json["methods"] as? [[String: Any]] ?? []).map(Self.lasting)
        }
        #expect(methods(again.json) == methods(result.json) && methods(again.json).count == 2)
        let more = try await cox.run(
          "steer", "--method", "best-of", "--particles", "9", "--config", replay, "--store",
          "replay-\(recording).sqlite")
        #expect(more.status == 1 && more.errors.contains("no answer for particle 8"), "\(more.errors)")
        let other = try await cox.run(
          "steer", "--method", "best-of", "--seed", "4", "--config", replay, "--store", "other-\(recording).sqlite")
        #expect(other.status == 1 && other.errors.contains("the same tasks, seed and settings"), "\(other.errors)")
      }
      #expect(server.requests.count == asked)
      let missing = try cox.write(
        "environment: { kind: orders, tasks: { test: \"0..<2\" } }\npolicy: { kind: recorded, recording: none.jsonl }",
        to: "missing.yaml")
      let refused = try await cox.run("steer", "--method", "single", "--config", missing)
      #expect(refused.status == 2 && refused.errors.contains("none.jsonl"), "\(refused.errors)")
    }
  }

  @Test("A second process on the same store is refused and told why; the first is not disturbed")
  func twoProcesses() async throws {
    let cox = try Command()
    defer { cox.clean() }
    let reply: @Sendable (TestServer.Request) -> TestServer.Reply = { .after(0.5, OrderServer.answer($0)) }
    try await TestServer.with(reply) { server in
      let file = try cox.write(
        OrderServer.configuration(server.url, tasks: 6, policy: "concurrency: 8"), to: "c.yaml")
      let arguments = ["collect", "--split", "test", "--config", file, "--store", "s.sqlite", "--json", "-"]
      let (process, output, errors) = try cox.start(arguments)
      for _ in 0..<1_000 where server.requests.isEmpty { try await Task.sleep(for: .milliseconds(20)) }
      let (second, secondOutput, secondErrors) = try cox.start(arguments)
      let refused = await Command.finish(second, secondOutput, secondErrors)
      #expect(refused.status == 1)
      #expect(
        refused.errors.contains("Another process (\(process.processIdentifier))") && refused.errors.contains("--store"),
        "\(refused.errors)")
      // A reader does not disturb the run.
      let doctor = try await cox.run("doctor", "--config", file, "--store", "s.sqlite")
      #expect(doctor.output.contains("ok       Store"), "\(doctor.output)")
      let result = await Command.finish(process, output, errors)
      #expect(result.status == 0 && result.json["trajectories"] as? Int == 24, "\(result.errors)")
      #expect(server.requests.map(Self.seed).count == Set(server.requests.map(Self.seed)).count)
      // The lock is released when the process ends.
      let again = try await cox.run(
        "collect", "--split", "test", "--config", file, "--store", "s.sqlite", "--json", "-")
      #expect(again.status == 0, "\(again.errors)")
    }
  }

  @Test("No room to write ends the run in order; with room, the same command continues")
  func full() async throws {
    let cox = try Command()
    defer { cox.clean() }
    let reply: @Sendable (TestServer.Request) -> TestServer.Reply = { OrderServer.answer($0) }
    try await TestServer.with(reply) { server in
      let file = try cox.write(
        OrderServer.configuration(server.url, tasks: 6, policy: "concurrency: 4, samplesPerCall: 1"), to: "c.yaml")
      // A file size limit simulates a full disk for this process: the same system call fails in the same way.
      let command = "ulimit -f 160; exec \"$0\" \"$@\""
      let limited = try cox.start(
        [
          "-c", command, Command.program("cox").path, "collect", "--split", "test", "--config", file, "--store",
          "s.sqlite",
        ],
        at: "/bin/bash")
      let result = await Command.finish(limited.process, limited.output, limited.errors)
      #expect(result.status == 1)
      #expect(result.errors.contains("no room to write") && result.errors.contains("same command"), "\(result.errors)")
      let store = cox.folder.appendingPathComponent("s.sqlite").path
      let kept = await Self.storedSeeds(store)
      #expect(!kept.isEmpty)
      let asked = server.requests.count
      let again = try await cox.run(
        "collect", "--split", "test", "--config", file, "--store", "s.sqlite", "--json", "-")
      #expect(again.status == 0 && again.json["trajectories"] as? Int == 24, "\(again.errors)")
      #expect(Set(server.requests[asked...].map(Self.seed)).isDisjoint(with: kept))
      #expect(try await Self.count(store, "SELECT COUNT(*) FROM call") == 6 * 4 * 5)
    }
  }
}
