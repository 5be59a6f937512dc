import Agents
import Foundation
import ParticleFilter
import Steering
import Testing

@testable import CoxswainTesting
@testable import ProcessWorld

@Suite("A world that a program plays, over JSON lines")
struct ProcessWorldTests {
  static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()
  static let maze = ["python3", root.appendingPathComponent("Examples/Maze/maze.py").path]
  static let countdown = [
    URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath().deletingLastPathComponent()
      .appendingPathComponent("Countdown").path
  ]

  static func world(
    _ command: [String], processes: Int = 1, timeout: Double = 120, splits: [Split: [Int]] = [:]
  ) async throws -> ProgramWorld {
    try await ProgramWorld(
      .init(command: command, processes: processes, timeout: timeout), splits: try TaskSplits(splits))
  }

  /// A program of a few lines. `body` answers a question `q` with a dictionary.
  static func program(_ body: String, before: String = "", hello: String = "") -> [String] {
    let lines = """
      import json, sys, os, time
      \(before)
      hello = {"name": "t", "tasks": {"test": ["a", "b"]}, "stepLimit": 5, "maximalReward": 1, \(hello)}
      def answer(q):
          if q["op"] == "hello": return hello
          if q["op"] == "reset": return {"observation": "start"}
          if q["op"] == "close": return {}
      \(body.split(separator: "\n").map { "    " + $0 }.joined(separator: "\n"))
      for line in sys.stdin:
          q = json.loads(line)
          a = answer(q)
          if a is not None: print(json.dumps({"id": q["id"], **a}), flush=True)
      """
    return ["python3", "-c", lines]
  }

  /// The outcome of a program's first step.
  static func firstStep(_ body: String, before: String = "", timeout: Double = 20) async throws -> Outcome {
    let world = try await world(program(body, before: before), timeout: timeout)
    do {
      var (episode, _) = try await world.begin(try world.task("a"))
      let outcome = try await episode.step(.act("go"))
      await world.close()
      return outcome
    } catch {
      await world.close()
      throw error
    }
  }

  static func failure(_ body: String, before: String = "", timeout: Double = 20) async -> WorldError? {
    do {
      _ = try await firstStep(body, before: before, timeout: timeout)
      return nil
    } catch { return error as? WorldError }
  }

  @Test("The examples pass the check", arguments: [maze, countdown])
  func examples(command: [String]) async throws {
    let world = try await Self.world(command)
    let check = WorldCheck(world)
    let findings = try await check.run(Array(try world.tasks(in: .train).prefix(4)))
    #expect(findings.allSatisfy { $0.verdict != .wrong }, "\(findings)")
    #expect(findings.contains { $0.name == "fork" && $0.detail.contains("by copy") })
    #expect(findings.contains { $0.name == "replay" && $0.verdict == .fine })
    await world.close()
  }

  @Test("Splits are the program's own, or places in the list of all its tasks")
  func splits() async throws {
    let own = try await Self.world(Self.maze)
    #expect(try own.tasks(in: .train).count == 8 && own.tasks(in: .test).map(\.id).last == "3-3")
    let chosen = try await Self.world(Self.maze, splits: [.train: [0, 14], .test: [9]])
    #expect(try chosen.tasks(in: .train).map(\.id) == ["0-1", "3-3"] && chosen.tasks(in: .validation).isEmpty)
    let wrong = try await Self.world(Self.maze, splits: [.train: [15]])
    #expect(throws: WorldError.self) { try wrong.tasks(in: .train) }
    #expect(throws: WorldError.self) { try own.task("no such") }
    for world in [own, chosen, wrong] { await world.close() }
  }

  @Test("A population is steered in it, clones by snapshot")
  func steered() async throws {
    let world = try await Self.world(Self.maze, processes: 2)
    let walker = ClosurePolicy("walker") { request in
      var generator = request.seed.generator()
      let choices = request.choices ?? ["north"]
      return PolicyResponse(choices[generator.number(below: choices.count)])
    }
    let critic = ClosureCritic("noise") { state in
      var generator = Seed(3).split(state.actions.joined()).generator()
      return generator.uniform()
    }
    let settings = SteeringSettings(particles: 6, temperature: 0.2, schedule: .steps([2, 4]), seed: 1)
    let tasks = try world.tasks(in: .test)
    let outcome = try await Campaign(world: world, policy: walker, critic: critic, settings: settings).run(tasks)
    #expect(outcome.stopped == nil && outcome.results.count == tasks.count)
    #expect(outcome.results.reduce(0) { $0 + $1.genealogy.forks } > 0)
    #expect(outcome.results.allSatisfy { $0.replayMismatches == 0 && $0.failedParticles == 0 })
    await world.close()
  }

  @Test("A program that dies is started again, and the episode goes on where it was")
  func recovers() async throws {
    let marker = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
    defer { try? FileManager.default.removeItem(atPath: marker) }
    // The program dies once, at the third step.
    let world = try await Self.world(
      Self.program(
        """
        n = counts[q["episode"]] = counts.get(q["episode"], 0) + 1
        if n == 3 and not os.path.exists("\(marker)"):
            open("\(marker)", "w").close()
            print("out of memory", file=sys.stderr, flush=True)
            os._exit(1)
        return {"observation": str(n), "reward": n / 10}
        """, before: "counts = {}"))
    var (episode, _) = try await world.begin(try world.task("a"))
    var rewards: [Double] = []
    for _ in 0..<4 { rewards.append(try await episode.step(.act("go")).reward) }
    #expect(rewards == [0.1, 0.2, 0.3, 0.4])
    #expect(FileManager.default.fileExists(atPath: marker))
    await world.close()
  }

  @Test("A lone surrogate, as Python writes a byte it could not decode, costs one character")
  func surrogate() async throws {
    let world = try await Self.world(
      Self.program("return {'observation': 'caf\\udce9 au lait', 'choices': ['\\udce9', 'b'], 'reward': 1}"))
    var (episode, _) = try await world.begin(try world.task("a"))
    let outcome = try await episode.step(.act("go"))
    #expect(
      outcome.observation == Observation("caf\u{FFFD} au lait", choices: ["\u{FFFD}", "b"]) && outcome.reward == 1)
    await episode.close()
    await world.close()
  }

  @Test("One that pays otherwise when it is replayed is said to have diverged")
  func diverges() async throws {
    let world = try await Self.world(
      Self.program(
        """
        n = counts[q["episode"]] = counts.get(q["episode"], 0) + 1
        if n == 3: os._exit(1)
        return {"observation": "x", "reward": start % 7 / 10}
        """, before: "counts = {}\nstart = time.time_ns()"))
    var (episode, _) = try await world.begin(try world.task("a"))
    let error = await #expect(throws: WorldError.self) {
      for _ in 0..<5 { _ = try await episode.step(.act("go")) }
    }
    // Both starts may pay the same by chance. Then the program dies at the third step until the retries are used up.
    #expect(error?.kind == .diverged || error?.kind == .unavailable)
    await world.close()
  }

  @Test("What is wrong with a program is said")
  func wrong() async throws {
    #expect(await Self.failure("print('{broken', flush=True)")?.message.contains("not an answer in JSON") == true)
    let nan = await Self.failure("return {'observation': 'x', 'reward': float('nan')}")
    #expect(nan?.message.contains("NaN") == true, "\(nan?.message ?? "")")
    #expect(await Self.failure("return {'id': 999, 'observation': 'x'}")?.message.contains("id of a question") == true)
    #expect(await Self.failure("return {'error': 'no such door'}")?.message.contains("no such door") == true)
    #expect(await Self.failure("return {'reward': 1}")?.message.contains("without an observation") == true)
    let died = await Self.failure("print('boom', file=sys.stderr, flush=True); os._exit(3)")
    #expect(died?.kind == .unavailable && died?.message.contains("boom") == true, "\(died?.message ?? "")")
    let hung = await Self.failure("time.sleep(600)", timeout: 5)
    #expect(hung?.message.contains("did not answer step within 5.0 s") == true)
    let flood = await Self.failure("while True: sys.stdout.write('x' * 1000000)")
    #expect(flood?.message.contains("8 MB") == true, "\(flood?.message ?? "")")
    for (command, words) in [
      (["/nowhere/program"], "/nowhere/program"), (["no-such-program"], "PATH"), ([], "environment.command"),
      (["true"], "has ended"), (["echo", "hi"], "not an answer in JSON"),
      (
        Self.program("pass", before: "print(json.dumps({'id': 1, 'name': 'x', 'tasks': {'test': ['a']}}), flush=True)"),
        "stepLimit"
      ),
    ] {
      let error = await #expect(throws: WorldError.self) { _ = try await Self.world(command, timeout: 5) }
      #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
    }
  }

  @Test("Bytes that are no UTF-8, control characters and unknown keys are taken as they come")
  func odd() async throws {
    let outcome = try await Self.firstStep(
      """
      sys.stdout.buffer.write(b'{"id": %d, "observation": "caf\\xe9 \\\\u001b[2J", "new": {"x": [1, null]}, "reward": 0.5, "done": true}\\n' % q["id"])
      sys.stdout.buffer.flush()
      """)
    #expect(outcome.observation.text == "caf\u{FFFD} \u{1B}[2J" && outcome.reward == 0.5 && outcome.isDone)
  }

  @Test("The check finds what is wrong with a world")
  func checks() async throws {
    func verdicts(
      _ body: String, before: String = "", hello: String = ""
    ) async throws -> [String: Finding.Verdict] {
      let world = try await Self.world(Self.program(body, before: before, hello: hello))
      let check = WorldCheck(world)
      let findings = try await check.run(try world.tasks(in: .test))
      await world.close()
      return Dictionary(findings.map { ($0.name, $0.verdict) }, uniquingKeysWith: { first, _ in first })
    }
    #expect(try await verdicts("return {'observation': 'x', 'reward': 0.5}")["rewards"] == .wrong)
    let moody = try await verdicts(
      "counts.append(1); return {'observation': 'x', 'reward': len(counts) / 1000}", before: "counts = []")
    #expect(moody["replay"] == .wrong)
    let wordy = try await verdicts(
      "counts.append(1); return {'observation': str(len(counts)), 'done': True}", before: "counts = []")
    #expect(wordy["replay"] == .warning && wordy["end"] == .warning && wordy["invalid actions"] == .warning)
    // The copy is the original itself.
    let shared = try await verdicts(
      """
      if q["op"] == "snapshot": return {"snapshot": q["episode"]}
      if q["op"] == "restore":
          alias[q["episode"]] = q["snapshot"]
          return {}
      n = alias.get(q["episode"], q["episode"])
      counts[n] = counts.get(n, 0) + 1
      return {"observation": "x", "reward": 0.01 * counts[n]}
      """, before: "alias, counts = {}, {}", hello: "\"snapshots\": True")
    #expect(shared["fork"] == .wrong && shared["replay"] == .fine)
  }

  @Test("Who is stopped does not wait for a program that hangs, and its answer that comes late is nobody's")
  func cancellation() async throws {
    let command = Self.program(
      """
      if q["op"] == "step":
          while q["action"] == "hang" and not os.path.exists(gate): time.sleep(0.01)
          return {"observation": q["action"]}
      """, before: "gate = sys.argv[1]")
    let gate = FileManager.default.temporaryDirectory.appendingPathComponent("gate-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: gate) }
    let world = try await Self.world(command + [gate], timeout: 600)
    let task = Task {
      var (episode, _) = try await world.begin(try world.task("a"))
      return try await episode.step(.act("hang"))
    }
    try await Task.sleep(for: .milliseconds(300))
    task.cancel()
    let error = await #expect(throws: WorldError.self) { try await task.value }
    #expect(error?.kind == .cancelled)
    // The same process continues. Its late answer is not attributed to another question.
    try Data().write(to: URL(fileURLWithPath: gate))
    var (other, _) = try await world.begin(try world.task("b"))
    #expect(try await other.step(.act("go")).observation.text == "go")
    await other.close()
    await world.close()
  }
}
