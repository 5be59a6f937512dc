import Foundation
import GRDB
import Testing

@Suite("The command line, as a user runs it")
struct CommandTests {
  static let small = """
    environment:
      kind: orders
      tasks: { train: "0..<10", validation: "10..<14", test: "20..<24" }
    policy: { kind: local, api: text, format: plain, temperature: 0.7, maxTokens: 8, concurrency: 8, context: 256,
              pricing: { inputPerMillion: 1, outputPerMillion: 2 } }
    steering: { particles: 4, temperature: 0.1, resample: { steps: [2, 4] } }
    """

  @Test("Collect, train, compare and steer on the real model; run again, nothing is paid twice")
  func endToEnd() throws {
    let cox = try Command()
    defer { cox.clean() }
    let file = try cox.write(Self.small, to: "c.yaml")
    for split in ["train", "validation"] {
      let collected = try cox.run(
        "collect", "--config", file, "--split", split, "--rollouts", "3", "--json", "-", "--store", "s.sqlite")
      #expect(collected.status == 0, "\(collected.errors)")
      #expect(collected.json["trajectories"] as? Int == (split == "train" ? 30 : 12))
      #expect(collected.errors.contains("calls"))
    }
    let trained = try cox.run("train", "--config", file, "--store", "s.sqlite", "--quiet")
    #expect(trained.status == 0, "\(trained.errors)")
    #expect(trained.output.contains("AUC of success") && trained.errors.isEmpty)

    let arguments = ["compare", "--config", file, "--store", "s.sqlite", "--json", "-"]
    var results: [[String: Any]] = []
    for _ in 0..<2 {
      let (process, output, errors) = try cox.start(arguments)
      let result = Command.finish(process, output, errors)
      #expect(result.status == 0, "\(result.errors)")
      results.append(result.json)
    }
    let methods = try results.map { try #require($0["methods"] as? [[String: Any]]) }
    #expect(methods[0].map { $0["method"] as? String } == ["single", "best-of", "amc"])
    for (first, second) in zip(methods[0], methods[1]) {
      for key in ["rewardBest", "rewardMean", "rewardWeighted", "rewardSelected", "softValue", "perTask"] {
        #expect("\(first[key] ?? "")" == "\(second[key] ?? "")", "\(key)")
      }
      #expect(first["policyCalls"] as? Int == second["policyCalls"] as? Int)
    }
    #expect(methods[0][2]["policyCalls"] as? Int == 4 * 4 * 5 && methods[0][1]["policyCalls"] as? Int == 4 * 4 * 5)
    #expect((methods[0][2]["cost"] as? Double ?? 0) > 0)
    let calls = try DatabaseQueue(path: cox.folder.appendingPathComponent("s.sqlite").path).read {
      try Int.fetchOne($0, sql: "SELECT COUNT(*) FROM call")
    }
    #expect(calls == 5 * (30 + 12 + 4 + 16 + 16))

    let steered = try cox.run(
      "steer", "--config", file, "--store", "s.sqlite", "--tasks", "0..<2", "--genealogy", "pictures", "--critic",
      "trees")
    #expect(steered.status == 0, "\(steered.errors)")
    let pictures = try FileManager.default.contentsOfDirectory(
      atPath: cox.folder.appendingPathComponent("pictures").path)
    #expect(pictures.sorted() == ["order-1-20.svg", "order-1-21.svg"])

    // A critic of another world is refused, by name.
    let other = try cox.write(
      Self.small.replacingOccurrences(of: "kind: orders", with: "kind: orders\n  listed: \"2...2\""), to: "other.yaml")
    let refused = try cox.run("steer", "--config", other, "--store", "s.sqlite", "--critic", "trees")
    #expect(refused.status == 2)
    #expect(refused.errors.contains("2-2 listed") && refused.errors.contains("3-4 listed"), "\(refused.errors)")
  }

  @Test("Ctrl-C ends in order; the same command continues; no server is left behind")
  func interrupt() async throws {
    let cox = try Command()
    defer { cox.clean() }
    let file = try cox.write(Self.small, to: "c.yaml")
    let arguments = ["collect", "--config", file, "--store", "s.sqlite", "--rollouts", "20", "--json", "-"]
    let (process, output, errors) = try cox.start(arguments)
    let store = cox.folder.appendingPathComponent("s.sqlite").path
    func calls() -> Int {
      (try? DatabaseQueue(path: store).read { try Int.fetchOne($0, sql: "SELECT COUNT(*) FROM call") }) as? Int ?? 0
    }
    for _ in 0..<600 where calls() < 40 { try await Task.sleep(for: .milliseconds(50)) }
    kill(process.processIdentifier, SIGINT)
    let stopped = Command.finish(process, output, errors)
    #expect(stopped.status == 1)
    #expect(stopped.errors.contains("Run the same command to continue"), "\(stopped.errors)")
    #expect(!stopped.json.isEmpty)
    let before = calls()
    #expect(before >= 40 && before < 10 * 20 * 5)

    let (again, output2, errors2) = try cox.start(arguments)
    let finished = Command.finish(again, output2, errors2)
    #expect(finished.status == 0, "\(finished.errors)")
    #expect(finished.json["trajectories"] as? Int == 200)
    #expect(finished.json["policyCalls"] as? Int == 1_000 && calls() == 1_000)
  }

  @Test func limitsExitWithThree() throws {
    let cox = try Command()
    defer { cox.clean() }
    let file = try cox.write(Self.small, to: "c.yaml")
    let limited = try cox.run("collect", "--config", file, "--store", "s.sqlite", "--limit-calls", "12")
    #expect(limited.status == 3)
    #expect(limited.errors.contains("--limit-calls"))
  }

  @Test(
    "Bad use exits with 2 and starts nothing",
    arguments: [
      (["steer", "--particles", "0"], "particles"), (["steer", "--temperature", "0"], "temperature"),
      (["steer", "--temperature", "-0.5"], "temperature"),
      (["steer", "--resample", "steps:4,9"], "past the last step"),
      (["steer", "--resample", "often"], "--resample"), (["steer", "--tasks", "0..<4000"], "4000"),
      (["steer", "--method", "magic"], "magic"), (["steer", "--critic", "nowhere.json"], "nowhere.json"),
      (["steer", "--split", "test", "--tasks", "no-such"], "no-such"),
      (["compare", "--methods", "amc,magic"], "magic"),
      (["compare", "--methods", "amc,amc"], "twice"), (["collect", "--rollouts", "0"], "rollouts"),
      (["collect", "--config", "none.yaml"], "none.yaml"),
      (["fly"], "fly"), (["steer", "--unknown"], "unknown"), (["collect", "--concurrency", "0"], "concurrency"),
    ])
  func badUse(arguments: [String], words: String) throws {
    let cox = try Command()
    defer { cox.clean() }
    let (process, output, errors) = try cox.start(arguments)
    let result = Command.finish(process, output, errors)
    #expect(result.status == 2, "\(result.errors)")
    #expect(result.errors.contains(words), "\(result.errors)")
    #expect(result.output.isEmpty)
  }

  @Test func anEmptySplitIsSaid() throws {
    let cox = try Command()
    defer { cox.clean() }
    let file = try cox.write("environment: { kind: orders }\npolicy: { kind: local }", to: "c.yaml")
    let result = try cox.run("collect", "--config", file)
    #expect(result.status == 2 && result.errors.contains("environment.tasks.train"), "\(result.errors)")
  }

  @Test func aStoreOfAnotherVersionIsRefused() throws {
    let cox = try Command()
    defer { cox.clean() }
    let path = cox.folder.appendingPathComponent("s.sqlite").path
    try DatabaseQueue(path: path).write {
      try $0.execute(sql: "CREATE TABLE run (id); PRAGMA application_id = \(0x434F_5857); PRAGMA user_version = 7")
    }
    let result = try cox.run("train", "--store", "s.sqlite")
    #expect(result.status == 1 && result.errors.contains("version 7"), "\(result.errors)")
  }

  @Test func trainingOnNothingSaysWhatToDo() throws {
    let cox = try Command()
    defer { cox.clean() }
    let result = try cox.run("train", "--store", "s.sqlite")
    #expect(result.status == 1 && result.errors.contains("cox collect"), "\(result.errors)")
  }

  @Test("A dead server and a missing key end in one sentence")
  func deadServer() throws {
    let cox = try Command()
    defer { cox.clean() }
    let file = try cox.write(
      """
      environment: { kind: orders, tasks: { test: "0..<4" } }
      policy: { kind: openai, url: "http://127.0.0.1:9/v1", model: m, format: plain, attempts: 2 }
      """, to: "dead.yaml")
    let result = try cox.run("steer", "--method", "best-of", "--config", file, "--store", "s.sqlite", "--quiet")
    #expect(result.status == 1)
    #expect(result.errors.contains("127.0.0.1:9") && result.errors.contains("tried 2 times"), "\(result.errors)")
    let keyed = try cox.write(
      """
      environment: { kind: orders, tasks: { test: "0..<4" } }
      policy: { kind: openai, url: "http://127.0.0.1:9/v1", model: m, apiKeyVariable: COX_TEST_KEY }
      """, to: "keyed.yaml")
    let missing = try cox.run("steer", "--method", "single", "--config", keyed, "--store", "s.sqlite")
    #expect(missing.status == 2 && missing.errors.contains("COX_TEST_KEY"), "\(missing.errors)")
    let planted = try cox.run(
      "steer", "--method", "single", "--config", keyed, "--store", "s.sqlite",
      environment: ["COX_TEST_KEY": "planted-secret"])
    #expect(planted.status == 1)
    #expect(!(planted.errors + planted.output).contains("planted-secret"))
  }

  @Test func helpVersionAndDoctor() throws {
    let cox = try Command()
    defer { cox.clean() }
    let help = try cox.run("--help")
    #expect(help.status == 0 && help.output.contains("compare"))
    for verb in ["demo", "collect", "train", "steer", "compare", "doctor"] {
      let help = try cox.run(verb, "--help")
      #expect(help.status == 0)
      for flag in ["--config", "--seed", "--store", "--json", "--quiet"] {
        #expect(help.output.contains(flag), "\(verb) \(flag)")
      }
    }
    #expect(try cox.run("--version").output.contains("cox 0."))
    let doctor = try cox.run("doctor")
    #expect(doctor.status == 0, "\(doctor.output)")
    #expect(doctor.output.contains("xllamacpp"))
    let alone = try cox.run("doctor", environment: ["COXSWAIN_VENV": "/nowhere"])
    #expect(alone.status == 1 && alone.output.contains("make setup"))
    #expect(try cox.run("--generate-completion-script", "bash").output.contains("cox"))
  }
}
