import Foundation
import GRDB
import TestSupport
import TestTraits
import Testing
import Workbench

@Suite("The command line, as a user runs it", .alone)
struct CommandTests {
  static let small = """
    environment:
      kind: orders
      tasks: { train: "0..<10", validation: "10..<14", test: "20..<24" }
    policy: { kind: local, api: text, format: plain, temperature: 0.7, maxTokens: 8, concurrency: 8, slots: 40, context: 256,
              pricing: { inputPerMillion: 1, outputPerMillion: 2 } }
    steering: { particles: 4, temperature: 0.1, resample: { steps: [2, 4] } }
    """

  @Test("Collect, train, compare and steer on the real model; run again, nothing is paid twice")
  func endToEnd() async throws {
    let cox = try Command()
    defer { cox.clean() }
    let file = try cox.write(Self.small, to: "c.yaml")
    for split in ["train", "validation"] {
      let collected = try await cox.run(
        "collect", "--config", file, "--split", split, "--rollouts", "3", "--json", "-", "--store", "s.sqlite")
      #expect(collected.status == 0, "\(collected.errors)")
      #expect(collected.json["trajectories"] as? Int == (split == "train" ? 30 : 12))
      #expect(collected.errors.contains("calls"))
    }
    let diagnosed = try await cox.run("diagnose", "--config", file, "--store", "s.sqlite", "--json", "-", "--quiet")
    #expect(diagnosed.status == 0 && diagnosed.errors.isEmpty, "\(diagnosed.errors)")
    let figures = diagnosed.json["diagnosis"] as? [String: Any]
    #expect(figures?["rollouts"] as? Int == 42 && figures?["tasks"] as? Int == 14)
    #expect((diagnosed.json["critic"] as? String)?.hasPrefix("trees") == true)
    // Three rollouts per task are too few for advice.
    #expect((diagnosed.json["advice"] as? String)?.contains("cox collect") == true)
    let missing = try await cox.run("diagnose", "--config", file, "--store", "s.sqlite", "--split", "test")
    #expect(missing.status != 0 && missing.errors.contains("in the test split; it has"), "\(missing.errors)")

    let trained = try await cox.run("train", "--config", file, "--store", "s.sqlite", "--quiet")
    #expect(trained.status == 0, "\(trained.errors)")
    #expect(trained.output.contains("AUC of success") && trained.errors.isEmpty)
    // A critic judges only tasks that it was not trained on.
    let judged = try await cox.run(
      "diagnose", "--config", file, "--store", "s.sqlite", "--critic", "trees", "--json", "-")
    #expect(judged.status == 0, "\(judged.errors)")
    let seen = ((judged.json["diagnosis"] as? [String: Any])?["predictability"] as? [String: Any])?["tasks"]
    #expect(seen as? Int == 4)
    let known = try await cox.run(
      "diagnose", "--config", file, "--store", "s.sqlite", "--critic", "trees", "--split", "train")
    #expect(known.status == 2 && known.errors.contains("was trained on all of these tasks"), "\(known.errors)")

    let arguments = ["compare", "--config", file, "--store", "s.sqlite", "--json", "-"]
    var results: [[String: Any]] = []
    for _ in 0..<2 {
      let (process, output, errors) = try cox.start(arguments)
      let result = await Command.finish(process, output, errors)
      #expect(result.status == 0, "\(result.errors)")
      results.append(result.json)
    }
    let methods = try results.map { try #require($0["methods"] as? [[String: Any]]) }
    #expect(methods[0].map { $0["method"] as? String } == ["single", "best-of", "amc"])
    for (first, second) in zip(methods[0], methods[1]) {
      for key in ["rewardBest", "rewardMean", "rewardWeighted", "rewardSelected", "softValue", "perTask"] {
        #expect(first[key] as? NSObject == second[key] as? NSObject, "\(key)")
      }
      #expect(first["policyCalls"] as? Int == second["policyCalls"] as? Int)
    }
    #expect(methods[0][2]["policyCalls"] as? Int == 4 * 4 * 5 && methods[0][1]["policyCalls"] as? Int == 4 * 4 * 5)
    #expect((methods[0][2]["cost"] as? Double ?? 0) > 0)
    // The single attempt is the first attempt of best-of-N, so it adds no calls.
    let calls = try await DatabaseQueue(path: cox.folder.appendingPathComponent("s.sqlite").path).read {
      try Int.fetchOne($0, sql: "SELECT COUNT(*) FROM call")
    }
    #expect(calls == 5 * (30 + 12 + 16 + 16))

    // A task that is named by its id keeps its split. Otherwise a test task could be used for training.
    let named = try await cox.run(
      "collect", "--config", file, "--store", "s.sqlite", "--tasks", "order-1-20,order-1-20", "--rollouts", "1",
      "--json", "-")
    #expect(named.status == 0 && named.json["split"] as? String == "test" && named.json["tasks"] as? Int == 1)

    let steered = try await cox.run(
      "steer", "--config", file, "--store", "s.sqlite", "--tasks", "0..<2", "--genealogy", "pictures", "--critic",
      "trees")
    #expect(steered.status == 0, "\(steered.errors)")
    let pictures = try FileManager.default.contentsOfDirectory(
      atPath: cox.folder.appendingPathComponent("pictures").path)
    #expect(pictures.sorted() == ["1-order-1-20.svg", "2-order-1-21.svg"])

    // A critic of another world is refused, and the error names both worlds.
    let other = try cox.write(
      Self.small.replacingOccurrences(of: "kind: orders", with: "kind: orders\n  listed: \"2...2\""), to: "other.yaml")
    let refused = try await cox.run("steer", "--config", other, "--store", "s.sqlite", "--critic", "trees")
    #expect(refused.status == 2)
    #expect(refused.errors.contains("2-2 listed") && refused.errors.contains("3-4 listed"), "\(refused.errors)")
  }

  @Test("Ctrl-C ends in order; the same command continues; no server is left behind")
  func interrupt() async throws {
    let cox = try Command()
    defer { cox.clean() }
    let file = try cox.write(Self.small, to: "c.yaml")
    let arguments = ["collect", "--config", file, "--store", "s.sqlite", "--rollouts", "12", "--json", "-"]
    let (process, output, errors) = try cox.start(arguments)
    let store = cox.folder.appendingPathComponent("s.sqlite").path
    let command = process.processIdentifier
    await Processes.once({ Self.calls(in: store) >= 40 }, act: { kill(command, SIGINT) })
    let stopped = await Command.finish(process, output, errors)
    #expect(stopped.status == 1)
    #expect(stopped.errors.contains("Run the same command to continue"), "\(stopped.errors)")
    #expect(!stopped.json.isEmpty)
    let before = Self.calls(in: store)
    #expect(before >= 40 && before < 10 * 12 * 5)

    let (again, output2, errors2) = try cox.start(arguments)
    let finished = await Command.finish(again, output2, errors2)
    #expect(finished.status == 0, "\(finished.errors)")
    #expect(finished.json["trajectories"] as? Int == 120)
    #expect(finished.json["policyCalls"] as? Int == 600)
    #expect(Self.calls(in: store) == 600)
  }

  @Test func limitsExitWithThree() async throws {
    let cox = try Command()
    defer { cox.clean() }
    let file = try cox.write(Self.small, to: "c.yaml")
    let limited = try await cox.run("collect", "--config", file, "--store", "s.sqlite", "--limit-calls", "12")
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
      (["compare", "--methods", "amc,amc"], "each once"), (["collect", "--rollouts", "0"], "rollouts"),
      (["collect", "--config", "none.yaml"], "none.yaml"),
      (["fly"], "fly"), (["steer", "--unknown"], "unknown"), (["collect", "--concurrency", "0"], "concurrency"),
    ])
  func badUse(arguments: [String], words: String) async throws {
    let cox = try Command()
    defer { cox.clean() }
    let (process, output, errors) = try cox.start(arguments)
    let result = await Command.finish(process, output, errors)
    #expect(result.status == 2, "\(result.errors)")
    #expect(result.errors.contains(words), "\(result.errors)")
    #expect(result.output.isEmpty)
  }

  @Test func anEmptySplitIsSaid() async throws {
    let cox = try Command()
    defer { cox.clean() }
    let file = try cox.write("environment: { kind: orders }\npolicy: { kind: local }", to: "c.yaml")
    let result = try await cox.run("collect", "--config", file)
    #expect(result.status == 2 && result.errors.contains("environment.tasks.train"), "\(result.errors)")
  }

  @Test func aStoreOfAnotherVersionIsRefused() async throws {
    let cox = try Command()
    defer { cox.clean() }
    let path = cox.folder.appendingPathComponent("s.sqlite").path
    try await DatabaseQueue(path: path).write {
      try $0.execute(sql: "CREATE TABLE run (id); PRAGMA application_id = \(0x434F_5857); PRAGMA user_version = 11")
    }
    let result = try await cox.run("train", "--store", "s.sqlite")
    #expect(result.status == 2 && result.errors.contains("version 11"), "\(result.errors)")
  }

  @Test func trainingOnNothingSaysWhatToDo() async throws {
    let cox = try Command()
    defer { cox.clean() }
    let result = try await cox.run("train", "--store", "s.sqlite")
    #expect(result.status == 1 && result.errors.contains("cox collect"), "\(result.errors)")
  }

  @Test("A dead server and a missing key end in one sentence")
  func deadServer() async throws {
    let cox = try Command()
    defer { cox.clean() }
    let file = try cox.write(
      """
      environment: { kind: orders, tasks: { test: "0..<4" } }
      policy: { kind: openai, url: "http://127.0.0.1:9/v1", model: m, format: plain, deadline: 1 }
      """, to: "dead.yaml")
    let result = try await cox.run("steer", "--method", "best-of", "--config", file, "--store", "s.sqlite", "--quiet")
    #expect(result.status == 1)
    #expect(
      result.errors.contains("connection refused by 127.0.0.1:9") && result.errors.contains("policy.deadline"),
      "\(result.errors)")
    let keyed = try cox.write(
      """
      environment: { kind: orders, tasks: { test: "0..<4" } }
      policy: { kind: openai, url: "http://127.0.0.1:9/v1", model: m, deadline: 1, apiKeyVariable: COX_TEST_KEY }
      """, to: "keyed.yaml")
    let missing = try await cox.run("steer", "--method", "single", "--config", keyed, "--store", "s.sqlite")
    #expect(missing.status == 2 && missing.errors.contains("COX_TEST_KEY"), "\(missing.errors)")
    let planted = try await cox.run(
      "steer", "--method", "single", "--config", keyed, "--store", "s.sqlite",
      environment: ["COX_TEST_KEY": "planted-secret"])
    #expect(planted.status == 1)
    #expect(!(planted.errors + planted.output).contains("planted-secret"))
  }

  @Test func helpVersionAndDoctor() async throws {
    let cox = try Command()
    defer { cox.clean() }
    let help = try await cox.run("--help")
    #expect(help.status == 0 && help.output.contains("compare"))
    for verb in ["demo", "collect", "train", "steer", "compare", "export", "check-environment", "doctor"] {
      let help = try await cox.run(verb, "--help")
      #expect(help.status == 0)
      for flag in ["--config", "--seed", "--store", "--json", "--quiet"] {
        #expect(help.output.contains(flag), "\(verb) \(flag)")
      }
    }
    #expect(try await cox.run("--version").output.contains("cox 0."))
    let doctor = try await cox.run("doctor")
    #expect(doctor.status == 0, "\(doctor.output)")
    #expect(doctor.output.contains("xllamacpp") && doctor.output.contains("ok       World: order-"))
    let gone = try cox.write(
      """
      environment: { kind: agentgym, dialect: sciworld, url: "http://127.0.0.1:9", tasks: { test: 3 } }
      policy: { kind: local }
      """, to: "gone.yaml")
    let unreachable = try await cox.run("doctor", "--config", gone)
    #expect(unreachable.status == 1 && unreachable.output.contains("start it with `sciworld"), "\(unreachable.output)")
    // llama.cpp repeats a draw with the same seed only if it computes the same batch. The check prints the result and
    // never fails.
    let asked = try await cox.run("doctor", "--policy")
    for words in ["yes      Policy, n", "Policy, seed", "yes      Policy, grammar", "yes      Policy, logprobs"] {
      #expect(asked.output.contains(words), "\(asked.output)")
    }
    let alone = try await cox.run("doctor", environment: ["COXSWAIN_VENV": "/nowhere"])
    #expect(alone.status == 1 && alone.output.contains("make setup"))
    #expect(try await cox.run("--generate-completion-script", "bash").output.contains("cox"))
  }

  @Test("A model server that dies mid-run: retries, a clear end, everything stored, and the same command continues")
  func serverDies() async throws {
    let cox = try Command()
    defer { cox.clean() }
    let file = try cox.write(
      Self.small.replacingOccurrences(of: "kind: local,", with: "kind: local, attempts: 2,"), to: "c.yaml")
    let arguments = ["collect", "--config", file, "--store", "s.sqlite", "--rollouts", "10", "--json", "-"]
    let (process, output, errors) = try cox.start(arguments)
    let store = cox.folder.appendingPathComponent("s.sqlite").path
    let command = process.processIdentifier
    // The other child is the shell that watches over the server.
    await Processes.once(
      { Self.calls(in: store) >= 20 },
      act: {
        for child in Processes.descendants(of: command) where Processes.commandLine(of: child).contains("python") {
          kill(child, SIGKILL)
        }
      })
    let died = await Command.finish(process, output, errors)
    #expect(died.status == 1)
    #expect(
      died.errors.contains("http://127.0.0.1") && died.errors.contains("tried 2 times"),
      "\(died.errors)"
    )
    let kept = Self.calls(in: store)
    #expect(kept >= 20 && kept < 500)
    let (again, output2, errors2) = try cox.start(arguments)
    let finished = await Command.finish(again, output2, errors2)
    #expect(finished.status == 0 && finished.json["trajectories"] as? Int == 100, "\(finished.errors)")
    #expect(Self.calls(in: store) == 500)
  }

  /// The number of stored answers.
  private static func calls(in store: String) -> Int {
    (try? DatabaseQueue(path: store).read { try Int.fetchOne($0, sql: "SELECT COUNT(*) FROM call") ?? 0 }) ?? 0
  }

  @Test("TextCraft on the real model, in chat and in ReAct form; no action is a crash")
  func textCraft() async throws {
    let cox = try Command()
    defer { cox.clean() }
    let file = try cox.write(
      """
      environment: { kind: textcraft, maxSteps: 3, depths: 1, tasks: { test: "0..<2" } }
      policy: { kind: local, api: chat, format: react, temperature: 0.8, maxTokens: 40, concurrency: 4, context: 4096, slots: 4 }
      """, to: "c.yaml")
    let result = try await cox.run(
      "steer", "--method", "best-of", "--particles", "2", "--config", file, "--store", "s.sqlite", "--json", "-")
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.json["tasks"] as? Int == 2 && result.json["failedParticles"] as? Int == 0)
  }

  @Test(
    "check-environment on every world that needs nothing but itself",
    arguments: [
      ("{ kind: orders, tasks: { test: \"0..<3\" } }", []), ("{ kind: arithmetic, tasks: { test: \"0..<3\" } }", []),
      ("{ kind: textcraft, tasks: { test: \"0..<3\" } }", []),
      ("{ kind: shop, tasks: { test: \"0..<3\" } }", ["--action", "search[shirt]", "--action", "click[Buy Now]"]),
      ("{ kind: process, command: [python3, MAZE] }", []),
    ])
  func checkEnvironment(environment: String, flags: [String]) async throws {
    let cox = try Command()
    defer { cox.clean() }
    let maze = Command.root.appendingPathComponent("Examples/Maze/maze.py").path
    let file = try cox.write(
      "environment: \(environment.replacing("MAZE", with: maze))\npolicy: { kind: local }", to: "c.yaml")
    let (process, output, errors) = try cox.start(["check-environment", "--config", file] + flags)
    let result = await Command.finish(process, output, errors)
    #expect(result.status == 0, "\(result.errors)\(result.output)")
    #expect(result.output.contains("by copy") && !result.output.contains("WRONG"), "\(result.output)")
  }

  @Test("The example of the README prints what it says")
  func example() async throws {
    let cox = try Command()
    defer { cox.clean() }
    let (process, output, errors) = try cox.start([], program: "SteerACoin")
    let result = await Command.finish(process, output, errors)
    #expect(result.status == 0)
    #expect(
      result.output == """
        best-of: best 0.502 ± 0.016, mean 0.294 ± 0.008, 4000 calls
        amc: best 0.628 ± 0.015, mean 0.48 ± 0.013, 4000 calls

        """)
  }

  @Test("The programs over tokens print what is exact up to sampling")
  func tokenPrograms() async throws {
    let cox = try Command()
    defer { cox.clean() }
    let (process, output, errors) = try cox.start([], program: "TokenPrograms")
    let result = await Command.finish(process, output, errors)
    #expect(result.status == 0, "\(result.errors)")
    #expect(
      result.output == """
        Words of at most five letters, log evidence -1.43
          0.18  the mouse
          0.16  a mouse
          0.09  the dog and runs home
        The … sees … home, log evidence -7.53
          0.1  the mouse sees runs home
          0.1  the dog sees runs home
          0.05  the dog sees quickly runs home
        Likely under both, log evidence -4.76
          0.96  the mouse
          0.01  a cat
          0.01  a mouse

        """)
  }

  @Test("A program that imports Coxswain collects, trains, plans and steers")
  func consumer() async throws {
    let cox = try Command()
    defer { cox.clean() }
    let (process, output, errors) = try cox.start([], program: "Consumer")
    let result = await Command.finish(process, output, errors)
    #expect(result.status == 0, "\(result.errors)")
    #expect(
      result.output == """
        collected: 96 rollouts
        trained: 80 rollouts of 10 tasks
        planned: 96 rollouts, N 8
        steered: 12 tasks with amc, best reward at least .3: true

        """, "\(result.output)")
  }
}
