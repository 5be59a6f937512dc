import Findings
import Foundation
import Steering
import TestSupport
import TestTraits
import Testing

@Suite("cox plan, resample: auto, critics that are asked, cox report", .alone)
struct PlanCommandTests {
  /// Simulated steps of a plan. Debug builds are slow, and this takes a few seconds.
  static let work = "50000"

  static func automatic(_ url: String, critic: String = "", tasks: Int = 4) -> String {
    OrderServer.configuration(url, tasks: tasks, policy: "concurrency: 16, samplesPerCall: 1")
      .replacing("answer: sample", with: "answer: search, temperature: 0.05")
      + (critic.isEmpty ? "" : "\ncritic: \(critic)\n")
  }

  /// Creates a folder with rollouts of 40 orders by a guessing policy, and a critic.
  static func prepared(_ server: TestServer) async throws -> (cox: Command, file: String) {
    let cox = try Command()
    let file = try cox.write(automatic(server.url), to: "c.yaml")
    for arguments in [["collect", "--rollouts", "4"], ["train"]] {
      let (process, output, errors) = try cox.start(arguments + ["--config", file, "--quiet"])
      let done = await Command.finish(process, output, errors)
      #expect(done.status == 0, "\(done.errors)")
    }
    return (cox, file)
  }

  @Test("A plan asks for nothing, and auto obeys it")
  func planned() async throws {
    try await TestServer.with(CompareTests.reply) { server in
      let (cox, file) = try await Self.prepared(server)
      defer { cox.clean() }
      let asked = server.requests.count
      let planned = try await cox.run(
        "plan", "--config", file, "--temperatures", "0.05", "--work", Self.work, "--json", "plan.json", "--quiet")
      #expect(planned.status == 0, "\(planned.errors)")
      #expect(server.requests.count == asked)
      #expect(planned.output.contains("trees.plan.json") && planned.output.contains("search:"))
      let path = cox.folder.appendingPathComponent(".coxswain/trees.plan.json")
      let plan = try JSONDecoder().decode(Plan.self, from: Data(contentsOf: path))
      #expect(plan.rollouts == 160 && plan.tasks == 40)
      let choice = try #require(plan.choice(.search, particles: 8))
      // The policy guesses, and the critic sees whether the chosen word was requested. The headroom is large.
      #expect(choice.resample != "none")
      let steered = try await cox.run("steer", "--config", file, "--json", "-")
      #expect(steered.status == 0, "\(steered.errors)")
      #expect(steered.json["resample"] as? String == choice.resample)
      #expect(steered.json["temperature"] as? Double == choice.temperature)
      #expect(steered.errors.contains("auto: \(choice.resample)"))
    }
  }

  @Test("A plan that would take hours ends when it is interrupted, and writes nothing", .timeLimit(.minutes(10)))
  func interrupted() async throws {
    try await TestServer.with(CompareTests.reply) { server in
      let (cox, file) = try await Self.prepared(server)
      defer { cox.clean() }
      let (process, output, errors) = try cox.start(["plan", "--config", file, "--work", "1e14"])
      let program = process.processIdentifier
      async let done = Command.finish(process, output, errors)
      await Processes.once({ Self.handlesInterrupts(program) }) {
        Thread.sleep(forTimeInterval: 2)
        kill(program, SIGINT)
      }
      let result = await done
      #expect(result.status == 1 && result.errors.contains("Stopped"), "\(result.errors)")
      #expect(
        !FileManager.default.fileExists(atPath: cox.folder.appendingPathComponent(".coxswain/trees.plan.json").path))
    }
  }

  /// Whether a process takes SIGINT itself.
  private static func handlesInterrupts(_ process: pid_t) -> Bool {
    let status = (try? String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)) ?? ""
    let line = status.split(separator: "\n").first { $0.hasPrefix("SigCgt:") }
    let mask = line.flatMap { $0.split(separator: "\t").last }.flatMap { UInt64($0, radix: 16) } ?? 0
    return mask & (1 << (SIGINT - 1)) != 0
  }

  @Test("A plan that says best-of-N is obeyed too, and what it cannot say is an error")
  func obedience() async throws {
    try await TestServer.with(CompareTests.reply) { server in
      let (cox, file) = try await Self.prepared(server)
      defer { cox.clean() }
      let planned = try await cox.run(
        "plan", "--config", file, "--critic", "constant", "--plan", "p.json", "--temperatures", "0.05", "--work",
        Self.work, "--quiet")
      #expect(planned.output.contains("does not distinguish states"), "\(planned.output)")
      let constant = try await cox.run(
        "steer", "--config", file, "--critic", "constant", "--plan", "p.json", "--json", "-")
      #expect(constant.json["resample"] as? String == "none", "\(constant.errors)")
      let other = try await cox.run("steer", "--config", file, "--plan", "p.json")
      #expect(other.status == 2 && other.errors.contains("another world, policy or critic"))
      let missing = try await cox.run("steer", "--config", file, "--plan", "nowhere.json")
      #expect(missing.status == 2 && missing.errors.contains("no readable plan"))
      _ = try await cox.run("plan", "--config", file, "--temperatures", "0.05", "--work", Self.work, "--quiet")
      let untried = try await cox.run("steer", "--config", file, "--temperature", "0.777")
      #expect(untried.status == 2 && untried.errors.contains("--temperatures 0.777"), "\(untried.errors)")
      _ = try cox.write("{", to: ".coxswain/trees.plan.json")
      let broken = try await cox.run("steer", "--config", file)
      #expect(broken.status == 2 && broken.errors.contains("not a plan that this version can read"))
      let cold = try await cox.run("steer", "--config", file, "--temperature", "0")
      #expect(cold.status == 2 && cold.errors.contains("temperature"), "\(cold.errors)")
      let one = try await cox.run("plan", "--config", file, "--particles", "1")
      #expect(one.status == 2 && one.errors.contains("2 particles"), "\(one.errors)")
      let bad = try await cox.run("plan", "--config", file, "--beta", "0.1,zero")
      #expect(bad.status == 2 && bad.errors.contains("--beta"))
    }
  }

  @Test("Without rollouts to plan from, auto is best-of-N")
  func nothingToPlanFrom() async throws {
    try await TestServer.with(CompareTests.reply) { server in
      let cox = try Command()
      defer { cox.clean() }
      let file = try cox.write(Self.automatic(server.url), to: "c.yaml")
      let steered = try await cox.run("steer", "--config", file, "--critic", "constant", "--json", "-")
      #expect(steered.status == 0 && steered.json["resample"] as? String == "none", "\(steered.errors)")
      #expect(steered.errors.contains("too few rollouts to plan from"))
      let plan = try await cox.run("plan", "--config", file, "--critic", "constant")
      #expect(plan.status == 1 && plan.errors.contains("cox collect"), "\(plan.errors)")
    }
  }

  @Test("A reward model that returns noise: the plan is best-of-N, and values are asked for once")
  func noise() async throws {
    let pooling: @Sendable (TestServer.Request) -> TestServer.Reply = { request in
      let texts = request.json["input"] as? [String] ?? []
      let items = texts.enumerated().map { place, text in
        let value = OrderServer.mixed(UInt64(bitPattern: Int64(text.utf8.reduce(7) { $0 &* 31 &+ Int($1) })))
        return #"{"index":\#(place),"data":[\#(Double(value % 10_000) / 10_000)]}"#
      }
      return .answer(200, #"{"data":[\#(items.joined(separator: ","))]}"#)
    }
    try await TestServer.with(CompareTests.reply) { server in
      try await TestServer.with(pooling) { rewards in
        let (cox, plain) = try await Self.prepared(server)
        defer { cox.clean() }
        _ = plain
        let file = try cox.write(
          Self.automatic(server.url, critic: "{ kind: pooling, url: \"\(rewards.url)\", model: noise }"), to: "n.yaml")
        let unplanned = try await cox.run("steer", "--config", file, "--json", "-")
        #expect(unplanned.json["resample"] as? String == "none", "\(unplanned.errors)")
        #expect(unplanned.errors.contains("makes one; that calls the critic"))
        let planned = try await cox.run(
          "plan", "--config", file, "--temperatures", "0.05", "--work", Self.work, "--quiet")
        #expect(
          planned.status == 0 && planned.output.contains("search: best-of-8."), "\(planned.errors)\(planned.output)")
        let asked = rewards.requests.count
        #expect(asked > 0)
        let again = try await cox.run(
          "plan", "--config", file, "--temperatures", "0.05", "--work", Self.work, "--quiet")
        #expect(again.status == 0 && rewards.requests.count == asked)
        let fixed = try await cox.run("steer", "--config", file, "--resample", "steps:2,4", "--json", "-")
        #expect((fixed.json["forks"] as? Int ?? 0) > 0, "\(fixed.errors)")
      }
    }
  }

  @Test("A judge guides, is paid at its own prices, and is asked once; what it does not score is missing")
  func judge() async throws {
    let judge: @Sendable (TestServer.Request) -> TestServer.Reply = { request in
      let messages = request.json["messages"] as? [[String: Any]] ?? []
      let text = messages.compactMap { $0["content"] as? String }.joined()
      let said = text.utf8.count.isMultiple(of: 3) ? "I cannot tell." : "Score: \(text.utf8.count % 10)"
      return .answer(
        200,
        #"{"choices":[{"index":0,"message":{"role":"assistant","content":"\#(said)"}}],"usage":{"prompt_tokens":100,"completion_tokens":5}}"#
      )
    }
    try await TestServer.with(CompareTests.reply) { server in
      try await TestServer.with(judge) { judges in
        let cox = try Command()
        defer { cox.clean() }
        let critic =
          "{ kind: judge, url: \"\(judges.url)\", model: j, pricing: { inputPerMillion: 10000, outputPerMillion: 0 } }"
        let file = try cox.write(Self.automatic(server.url, critic: critic), to: "j.yaml")
        let flags = ["steer", "--config", file, "--resample", "steps:1,3", "--json", "-"]
        let (process, output, errors) = try cox.start(flags)
        let first = await Command.finish(process, output, errors)
        #expect(first.status == 0, "\(first.errors)")
        let asked = judges.requests.count
        #expect(asked > 0 && (first.json["criticCalls"] as? Int ?? 0) >= asked)
        let cost = first.json["cost"] as? Double ?? 0
        #expect(abs(cost - Double(asked)) < 1e-6, "\(cost) for \(asked)")
        #expect(first.json["criticCost"] as? Double == cost)
        #expect(first.errors.contains("stated no score"))
        let (second, secondOutput, secondErrors) = try cox.start(flags)
        let again = await Command.finish(second, secondOutput, secondErrors)
        #expect(judges.requests.count == asked)
        #expect((again.json["rewardBest"] as? NSDictionary) == (first.json["rewardBest"] as? NSDictionary))
        // As a method, judge brings its own critic and can be compared with methods that have none.
        let (third, thirdOutput, thirdErrors) = try cox.start(
          ["compare", "--config", file, "--methods", "best-of,judge", "--resample", "steps:1,3", "--json", "-"])
        let compared = await Command.finish(third, thirdOutput, thirdErrors)
        let comparison = try Comparison(json: Data(compared.output.utf8))
        #expect(comparison.methods.map(\.method) == ["best-of", "judge"], "\(compared.errors)")
        #expect(comparison.methods.last.map { $0.criticCalls > 0 && $0.forks > 0 } == true)
        let two = try await cox.run("steer", "--config", file, "--method", "judge", "--critic", "trees")
        #expect(two.status == 2 && two.errors.contains("its own critic"), "\(two.errors)")
        // The limit covers the calls of policy and critic together.
        let limited = try await cox.run(
          "steer", "--config", file, "--store", "other.sqlite", "--resample", "steps:1,3", "--limit-cost", "3")
        #expect(limited.status == 3, "\(limited.status) \(limited.errors)")
      }
    }
  }

  @Test("A report has what was found, and says what is missing")
  func report() async throws {
    try await TestServer.with(CompareTests.reply) { server in
      let (cox, file) = try await Self.prepared(server)
      defer { cox.clean() }
      let early = try await cox.run("report", "--config", file, "--output", "r.html", "--json", "-", "--quiet")
      #expect(early.status == 0, "\(early.errors)")
      #expect(early.json["sections"] as? [String] == ["calibration", "diagnosis", "trajectories"])
      #expect((early.json["missing"] as? [String])?.count == 3)
      _ = try await cox.run("plan", "--config", file, "--temperatures", "0.05", "--work", Self.work, "--quiet")
      let compared = try await cox.run(
        "compare", "--config", file, "--methods", "best-of,amc", "--resample", "auto", "--quiet")
      #expect(compared.output.contains("The plan's prediction"), "\(compared.errors)\(compared.output)")
      let asked = server.requests.count
      let whole = try await cox.run("report", "--config", file, "--output", "r.html", "--json", "-", "--quiet")
      #expect(
        whole.json["sections"] as? [String] == [
          "comparison", "plan", "calibration", "diagnosis", "populations", "trajectories",
        ],
        "\(whole.errors)")
      #expect(server.requests.count == asked)
      let html = try String(contentsOf: cox.folder.appendingPathComponent("r.html"), encoding: .utf8)
      #expect(html.contains("Content-Security-Policy") && html.contains("predicted and realised"))
      let page = try await cox.run("diagnose", "--config", file, "--html", "d.html", "--quiet")
      #expect(page.status == 0 && page.output.contains("Advice"))
      #expect(FileManager.default.fileExists(atPath: cox.folder.appendingPathComponent("d.html").path))
      let none = try await cox.run("report", "--config", file, "--run", "zzz")
      #expect(none.status == 2 && none.errors.contains("zzz"))
    }
  }
}
