import Findings
import Foundation
import Steering
import TestSupport
import TestTraits
import Testing

@Suite("cox compare: variants, seeds, studies", .alone)
struct CompareTests {
  static let reply: @Sendable (TestServer.Request) -> TestServer.Reply = { OrderServer.answer($0) }
  static let grid = [
    "--methods", "single,best-of,amc,beam", "--particles", "1,2,4", "--temperature", "0.03,0.1", "--resample",
    "steps:1,2", "--resample", "ess:0.5", "--seeds", "0,1",
  ]

  /// Creates a folder with a configuration and a critic for this server.
  static func prepared(
    _ server: TestServer, tasks: Int, policy: String = "concurrency: 16, samplesPerCall: 1"
  ) async throws -> (cox: Command, file: String) {
    let cox = try Command()
    let file = try cox.write(
      OrderServer.configuration(server.url, tasks: tasks, policy: policy, steering: "resample: { steps: [2, 4] }"),
      to: "c.yaml")
    let collected = try await cox.run(
      "collect", "--config", file, "--store", "train.sqlite", "--rollouts", "3", "--quiet")
    #expect(collected.status == 0, "\(collected.errors)")
    let trained = try await cox.run("train", "--config", file, "--store", "train.sqlite", "--quiet")
    #expect(trained.status == 0, "\(trained.errors)")
    return (cox, file)
  }

  static func compare(
    _ cox: Command, _ file: String, _ flags: [String], store: String = "s.sqlite"
  ) async throws -> Command.Result {
    let (process, output, errors) = try cox.start(
      ["compare", "--config", file, "--store", store, "--critic", "trees"] + flags)
    return await Command.finish(process, output, errors)
  }

  /// The part of the JSON that depends neither on the time taken nor on the number of stored answers.
  static func lasting(_ json: [String: Any]) -> NSDictionary {
    var json = json
    json["methods"] = (json["methods"] as? [[String: Any]])?.map(ResumeTests.lasting)
    return json as NSDictionary
  }

  @Test("Methods × N × β × schedules × seeds: equal calls on every task, and run again nothing is asked")
  func grid() async throws {
    try await TestServer.with(Self.reply) { server in
      let (cox, file) = try await Self.prepared(server, tasks: 4)
      defer { cox.clean() }
      let first = try await Self.compare(cox, file, Self.grid + ["--json", "-", "--chart", "chart.svg"])
      #expect(first.status == 0, "\(first.errors)")
      #expect(first.errors.contains("56/56 ") && first.errors.contains("seed 1"))
      let comparison = try Comparison(json: Data(first.output.utf8))
      // 28 variants: single, best-of at three N, and two methods at three N, two β and two schedules.
      #expect(comparison.methods.count == 28)
      #expect(comparison.methods.allSatisfy { $0.seeds == [0, 1] && $0.tasks == 4 && $0.stopped == nil })
      for method in comparison.methods {
        let calls = method.particles * 5 * 4 * 2
        #expect(method.policyCalls == calls, "\(method.method)")
        guard method.method == "best-of" else { continue }
        for steered in comparison.methods where steered.resample != "none" && steered.particles == method.particles {
          for (row, other) in zip(method.perTask, steered.perTask) {
            #expect(row.task == other.task && row.policyCalls >= other.policyCalls)
          }
        }
      }
      // Every variant is compared with best-of of its N. The steered ones are compared with single too.
      #expect(comparison.differences.count == 49)
      for difference in comparison.differences {
        #expect(difference.seeds == [0, 1] && difference.tasks == 4 && difference.interval != nil)
        #expect(difference.against == "single" || difference.againstParticles == difference.particles)
      }
      #expect(comparison.methods.contains { $0.method == "amc" && $0.resamplings > 0 })
      let beams = comparison.methods.filter { $0.method == "beam" }
      #expect(beams.allSatisfy { $0.keep == 1 } && beams.contains { $0.resamplings > 0 })
      // Independent attempts are shared: only the four attempts of the largest N are requested.
      let attempts = 4 + 8 * (1 + 2 + 4)
      let asked = 2 * 4 * 5 * attempts
      #expect(comparison.total?.policyCalls == asked)

      let before = server.requests.count
      let again = try await Self.compare(cox, file, Self.grid + ["--json", "-"])
      #expect(again.status == 0 && server.requests.count == before)
      #expect(Self.lasting(again.json) == Self.lasting(first.json))
      let table = try await Self.compare(cox, file, Self.grid + ["--quiet"])
      #expect(server.requests.count == before)
      let lines = table.output.split(separator: "\n")
      #expect(lines.allSatisfy { $0.count <= 120 } && lines.count >= 28, "\(table.output)")
      #expect(table.output.contains("beam k 1") && table.output.contains("seeds 0, 1"), "\(table.output)")
      // A comparison with fewer variants uses only stored answers.
      let part = try await Self.compare(
        cox, file, ["--methods", "best-of,beam", "--particles", "2", "--resample", "ess:0.5", "--seed", "1"])
      #expect(part.status == 0 && server.requests.count == before, "\(part.errors)")
    }
  }

  @Test(
    "Killed half-way and stopped by a limit, it ends with the JSON of an undisturbed run and asks for nothing twice")
  func resumed() async throws {
    let slow: @Sendable (TestServer.Request) -> TestServer.Reply = { .after(0.01, OrderServer.answer($0)) }
    try await TestServer.with(slow) { server in
      let (cox, file) = try await Self.prepared(server, tasks: 4)
      defer { cox.clean() }
      let flags = Self.grid + ["--quiet", "--json", "-"]
      let trained = server.requests.count
      let whole = try await Self.compare(cox, file, flags, store: "whole.sqlite")
      #expect(whole.status == 0, "\(whole.errors)")
      let needed = server.requests.count - trained

      let started = server.requests.count
      let (process, output, errors) = try cox.start(
        ["compare", "--config", file, "--store", "s.sqlite", "--critic", "trees"] + flags)
      while server.requests.count - started < needed / 3, process.isRunning {
        try await Task.sleep(for: .milliseconds(5))
      }
      kill(process.processIdentifier, SIGKILL)
      #expect(await Command.finish(process, output, errors).status == SIGKILL)
      // Only calls that were in flight are repeated.
      let limited = try await Self.compare(cox, file, flags + ["--limit-calls", "\(needed * 2 / 3)"])
      #expect(limited.status == 3 && limited.errors.contains("--limit-calls"), "\(limited.errors)")
      let part = try Comparison(json: Data(limited.output.utf8))
      #expect(!part.methods.isEmpty && part.methods.count <= 28)
      #expect(part.methods.contains { $0.stopped == nil } && part.methods.contains { $0.stopped != nil })
      let last = try await Self.compare(cox, file, flags)
      #expect(last.status == 0, "\(last.errors)")
      #expect(Self.lasting(last.json) == Self.lasting(whole.json))
      #expect(server.requests.count - started <= needed + 16)
    }
  }

  @Test("Equal in money: best-of costs at least what the steered methods of its N do, on each task")
  func equalCost() async throws {
    try await TestServer.with(Self.reply) { server in
      // A prompt shared by all attempts is billed once. This favours independent attempts, at the first step only.
      let (cox, file) = try await Self.prepared(
        server, tasks: 4, policy: "concurrency: 16, pricing: { inputPerMillion: 10, outputPerMillion: 20 }")
      defer { cox.clean() }
      let result = try await Self.compare(
        cox, file, ["--methods", "best-of,amc,beam", "--particles", "4", "--equal", "cost", "--json", "-"])
      #expect(result.status == 0, "\(result.errors)")
      let comparison = try Comparison(json: Data(result.output.utf8))
      let bestOf = try #require(comparison.methods.first)
      for steered in comparison.methods.dropFirst() {
        for (row, other) in zip(bestOf.perTask, steered.perTask) {
          #expect(row.cost >= other.cost - 1e-12 && other.cost > 0)
        }
      }
    }
  }

  @Test("The study of scaling: best-of and amc at N = 1 to 32, as points and as a table")
  func scaling() async throws {
    try await TestServer.with(Self.reply) { server in
      let (cox, file) = try await Self.prepared(server, tasks: 2)
      defer { cox.clean() }
      let result = try await Self.compare(cox, file, ["--study", "scaling", "--json", "out.json"])
      #expect(result.status == 0, "\(result.errors)")
      #expect(result.output.contains("Best reward against N") && result.output.contains("calls per task"))
      let data = try Data(contentsOf: cox.folder.appendingPathComponent("out.json"))
      let comparison = try Comparison(json: data)
      let points = try #require(comparison.points)
      #expect(comparison.study == .scaling)
      let labels = Array(repeating: "best-of", count: 6) + Array(repeating: "amc", count: 6)
      #expect(points.map(\.label) == labels)
      #expect(points.map(\.x) == [1, 2, 4, 8, 16, 32, 1, 2, 4, 8, 16, 32])
      #expect(points.allSatisfy { $0.callsPerTask == 5 * $0.x })
      #expect(points.map(\.estimate) == comparison.methods.map(\.rewardBest))
      // The best reward never falls with more attempts.
      for (fewer, more) in zip(points.prefix(5), points.prefix(6).dropFirst()) {
        #expect(more.estimate.mean >= fewer.estimate.mean)
      }
    }
  }

  @Test("The study of cost: a cheap policy steered, a dear one alone, each at its prices; another world is refused")
  func cost() async throws {
    try await TestServer.with(Self.reply) { server in
      let cheapPrice = "concurrency: 16, samplesPerCall: 1, pricing: { inputPerMillion: 1, outputPerMillion: 1 }"
      let (cox, file) = try await Self.prepared(server, tasks: 3, policy: cheapPrice)
      defer { cox.clean() }
      let text = try String(contentsOfFile: file, encoding: .utf8)
      let dear = text.replacing("model: m,", with: "model: large,")
        .replacing(
          "{ inputPerMillion: 1, outputPerMillion: 1 }", with: "{ inputPerMillion: 100, outputPerMillion: 100 }")
      let other = try cox.write(dear, to: "dear.yaml")
      let flags = ["--study", "cost", "--against", other, "--particles", "2,4", "--json", "-"]
      let result = try await Self.compare(cox, file, flags)
      #expect(result.status == 0, "\(result.errors)")
      let comparison = try Comparison(json: Data(result.output.utf8))
      #expect(
        comparison.methods.map { "\($0.method) \($0.particles)" } == [
          "amc 2", "amc 4", "single 1", "best-of 2", "best-of 4",
        ])
      let points = try #require(comparison.points)
      // 43 tokens a call, five calls an attempt.
      for (point, price) in zip(points, [1, 1, 100, 100, 100]) {
        let money = Double(43 * 5 * point.particles * price) / 1e6
        #expect(abs(point.x - money) < 1e-12)
        #expect(point.label.contains(price == 1 ? "m" : "large"))
      }
      #expect(comparison.differences.map(\.against) == ["single", "single"])
      let calls = 3 * 5 * (2 + 4 + 4)
      #expect(comparison.total?.policyCalls == calls)
      let spent: Double = Double(43 * 3 * 5) * 406 / 1e6
      let total: Double = comparison.total?.cost ?? 0
      #expect(abs(total - spent) < 1e-12)

      let before = server.requests.count
      #expect(Set(server.requests.compactMap { $0.json["model"] as? String }) == ["m", "large"])
      let again = try await Self.compare(cox, file, flags)
      #expect(again.status == 0 && server.requests.count == before)
      #expect(Self.lasting(again.json) == Self.lasting(result.json))
      let table = try await Self.compare(cox, file, Array(flags.dropLast(2)) + ["--quiet"])
      #expect(table.output.contains("Best reward against money per task") && table.output.contains("large"))

      // One limit covers both policies, each at its own prices.
      let limited = try await Self.compare(
        cox, file, flags + ["--limit-calls", "100", "--quiet"], store: "limited.sqlite")
      #expect(limited.status == 3 && limited.errors.contains("limits.calls, 100 model calls"), "\(limited.errors)")
      #expect((limited.json["total"] as? [String: Any])?["policyCalls"] as? Int == 100)

      for (change, words) in [
        ({ $0.replacing("kind: orders,", with: "kind: orders, listed: \"2...2\",") }, "another world"),
        ({ $0.replacing("inputPerMillion: 100, outputPerMillion: 100", with: "inputPerMillion: 0") }, "policy.pricing"),
        ({ $0.replacing("large", with: "m") }, "configure the same policy"),
      ] as [((String) -> String, String)] {
        let refused = try cox.write(change(dear), to: "refused.yaml")
        let result = try await Self.compare(cox, file, ["--study", "cost", "--against", refused])
        #expect(result.status == 2 && result.errors.contains(words), "\(result.errors)")
        #expect(result.output.isEmpty)
      }
    }
  }

  @Test(
    "Bad use exits with 2 and starts nothing",
    arguments: [
      (["--particles", "1,x"], "--particles is 1,x"), (["--particles", "2,2"], "each once"),
      (["--particles", "0,2"], "steering.particles is 0"), (["--particles", ""], "--particles"),
      (["--temperature", "0.1,"], "--beta"), (["--temperature", "0.1,0"], "steering.temperature"),
      (["--resample", "steps:1", "--resample", "often"], "often"),
      (["--resample", "steps:1,99"], "past the last step"),
      (["--seeds", "a"], "--seeds"), (["--seeds", "1,1"], "each once"), (["--equal", "time"], "equal"),
      (["--equal", "cost"], "policy.pricing"), (["--keep", "0", "--methods", "beam"], "steering.keep is 0"),
      (["--study", "fame"], "study"), (["--study", "cost"], "--against"), (["--against", "c.yaml"], "--study cost"),
      (["--study", "cost", "--against", "none.yaml"], "none.yaml"),
    ])
  func badUse(flags: [String], words: String) async throws {
    let cox = try Command()
    defer { cox.clean() }
    let (process, output, errors) = try cox.start(["compare"] + flags)
    let result = await Command.finish(process, output, errors)
    #expect(result.status == 2, "\(result.errors)")
    #expect(result.errors.contains(words), "\(result.errors)")
    #expect(result.output.isEmpty)
  }

  @Test("cox steer takes a beam, and the configuration its k")
  func steer() async throws {
    try await TestServer.with(Self.reply) { server in
      let (cox, file) = try await Self.prepared(server, tasks: 3)
      defer { cox.clean() }
      let text = try String(contentsOfFile: file, encoding: .utf8)
        .replacing("steering: { particles: 8,", with: "steering: { method: beam, keep: 3, particles: 8,")
      let beam = try cox.write(text, to: "beam.yaml")
      var runs: [[String: Any]] = []
      for flags in [["--config", beam], ["--config", file, "--method", "beam", "--keep", "3"]] {
        let before = server.requests.count
        let (process, output, errors) = try cox.start(
          ["steer", "--store", "s.sqlite", "--critic", "trees", "--json", "-"] + flags)
        let result = await Command.finish(process, output, errors)
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.json["method"] as? String == "beam" && result.json["keep"] as? Int == 3)
        let asked = runs.isEmpty ? 3 * 8 * 5 : 0
        #expect(server.requests.count - before == asked)
        runs.append(result.json)
      }
      #expect(ResumeTests.lasting(runs[0]) == ResumeTests.lasting(runs[1]))
    }
  }
}
