import Foundation
import GRDB
import Synchronization
import TestSupport
import TestTraits
import Testing

/// `cox` with an agent's own program after `--`.
@Suite("An agent's own program on the command line", .alone)
struct AgentCommandTests {
  /// Four bits, each the model's; the reward is the share of ones. It starts a program in a session of its own, too.
  static let program = """
    import json, os, subprocess, sys, urllib.request
    subprocess.Popen(["sleep", sys.argv[2]], start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    messages = [{"role": "user", "content": "bits of " + sys.argv[1]}]
    for step in range(4):
        request = urllib.request.Request(os.environ["OPENAI_BASE_URL"] + "/chat/completions",
            data=json.dumps({"model": "m", "messages": messages}).encode(),
            headers={"Content-Type": "application/json", "Authorization": "Bearer " + os.environ["OPENAI_API_KEY"]})
        message = json.loads(urllib.request.urlopen(request).read())["choices"][0]["message"]
        messages += [{"role": "assistant", "content": message["content"]}, {"role": "user", "content": f"step {step}"}]
    print(json.dumps({"reward": sum(m["content"] == "1" for m in messages if m["role"] == "assistant") / 4}))
    """

  static let tasks = (0..<6).map { #"{"id": "t\#($0)", "split": "test"}"# }.joined(separator: "\n")

  /// A model whose answers depend on how many it has given, and a reward model of noise.
  final class Model: Sendable {
    private let count = Mutex(0)

    var asked: Int { count.withLock(\.self) }

    var reply: @Sendable (TestServer.Request) -> TestServer.Reply {
      { request in
        if request.path.hasSuffix("/pooling") {
          let texts = request.json["input"] as? [String] ?? []
          let items = texts.enumerated().map { place, text in
            #"{"index": \#(place), "data": [\#(Double(text.utf8.reduce(0) { ($0 * 31 + Int($1)) % 997 }) / 997)]}"#
          }
          return .answer(200, #"{"data": [\#(items.joined(separator: ","))]}"#)
        }
        let number = self.count.withLock { count in
          count += 1
          return count
        }
        let bit = (number * 7919) % 5 < 2 ? "1" : "0"
        return .after(
          0.02,
          .answer(
            200,
            #"{"id": "c", "choices": [{"index": 0, "message": {"role": "assistant", "content": "\#(bit)"}}], "usage": {"prompt_tokens": 5, "completion_tokens": 1}}"#
          ))
      }
    }
  }

  static func processes(having text: String) -> Int {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return names.count { name in
      guard Int(name) != nil, let line = FileManager.default.contents(atPath: "/proc/\(name)/cmdline") else {
        return false
      }
      return String(decoding: line, as: UTF8.self).contains(text)
    }
  }

  @Test(
    "A script here, without a folder and without a file; its tools see how far the attempt is, and where to keep results"
  )
  func relative() async throws {
    let cox = try Command()
    defer { cox.clean() }
    let model = Model()
    try await TestServer.with(model.reply) { server in
      // After every answer a file is written whose name is the digest of all answers so far.
      let program = Self.program.replacing(
        "    messages += ",
        with: """
              request = urllib.request.Request(os.environ["OPENAI_BASE_URL"] + "/coxswain/attempt",
                  headers={"Authorization": "Bearer " + os.environ["OPENAI_API_KEY"]})
              progress = json.loads(urllib.request.urlopen(request).read())
              assert progress["answered"] == step + 1, progress
              open(os.path.join(os.environ["COX_RECORD"], progress["past"]), "a").write("x")
              messages += 
          """.trimmingCharacters(in: .newlines))
      _ = try cox.write(program, to: "bits.py")
      _ = try cox.write(Self.tasks, to: "tasks.jsonl")
      let result = try await cox.run(
        "steer", "--method", "amc", "--resample", "steps:1,2,3", "--beta", "0.2", "--particles", "4", "--critic",
        "constant",
        "--tasks-from", "tasks.jsonl", "--url", server.url, "--model", "m", "--json", "-", "--", "python3", "bits.py",
        "{task}",
        "1")
      #expect(result.status == 0 && result.json["failedParticles"] as? Int == 0, "\(result.errors)")
      let records = cox.folder.appendingPathComponent(".coxswain/records")
      let folders = try FileManager.default.contentsOfDirectory(atPath: records.path)
      #expect(folders.count == 1)
      // A replay has the digests of the attempt, so that there are no more than answers.
      let names = try FileManager.default.contentsOfDirectory(atPath: records.path + "/" + (folders.first ?? ""))
      #expect(!names.isEmpty && names.count <= model.asked, "\(names.count) of \(model.asked)")
    }
  }

  @Test(
    "Killed ten times at any moment, a steered run asks for no stored answer again, leaves no process, and ends alike")
  func killed() async throws {
    let cox = try Command()
    defer { cox.clean() }
    let model = Model()
    try await TestServer.with(model.reply) { server in
      let program = try cox.write(Self.program, to: "bits.py")
      let tasks = try cox.write(Self.tasks, to: "tasks.jsonl")
      let sleep = "\(800_000 + Int.random(in: 0..<99_999))"
      let file = try cox.write(
        """
        environment: { kind: agent, command: [python3, "\(program)", "{task}", "\(sleep)"], tasks: "\(tasks)", processes: 4 }
        policy: { kind: openai, url: "\(server.url)", model: m, concurrency: 4, samplesPerCall: 1 }
        critic: { kind: pooling, url: "\(server.url)", model: noise }
        steering: { method: amc, particles: 4, temperature: 0.2, resample: { steps: [1, 2, 3] }, answer: sample }
        """, to: "c.yaml")
      let arguments = ["steer", "--config", file, "--json", "-", "--quiet"]
      var generator = SystemRandomNumberGenerator()
      for _ in 0..<10 {
        let (process, output, errors) = try cox.start(arguments)
        try await Task.sleep(for: .milliseconds(Int.random(in: 300...4_000, using: &generator)))
        kill(process.processIdentifier, SIGKILL)
        _ = await Command.finish(process, output, errors)
      }
      #if os(Linux)
        #expect(try await ChildrenTests.waited { Self.processes(having: sleep) == 0 })
        #expect(Self.processes(having: program) == 0)
      #endif
      let first = try await cox.run(arguments: arguments)
      #expect(first.status == 0, "\(first.errors)")
      let asked = model.asked
      let store = cox.folder.appendingPathComponent(".coxswain/store.sqlite").path
      let stored = try await DatabaseQueue(path: store).read { database in
        try Int.fetchOne(
          database, sql: "SELECT COUNT(*) FROM call JOIN run ON run.id = call.run WHERE run.verb = 'steer'") ?? 0
      }
      // Four particles of four steps at six tasks. What was in flight at a kill was asked and never stored.
      #expect(stored == 96)
      #expect((96...(96 + 10 * 4)).contains(asked))
      // Everything is read from the store: nothing is asked, and the result is the same.
      let again = try await cox.run(arguments: arguments)
      #expect(model.asked == asked)
      let ignored: Set = ["wallSeconds", "criticalPathSeconds", "storedCalls"]
      func figures(_ result: Command.Result) -> String {
        let kept = result.json.filter { !ignored.contains($0.key) }
        return String(
          decoding: (try? JSONSerialization.data(withJSONObject: kept, options: .sortedKeys)) ?? Data(), as: UTF8.self)
      }
      #expect(figures(first) == figures(again))
      #expect(first.json["failedParticles"] as? Int == 0)
      #if os(Linux)
        #expect(try await ChildrenTests.waited { Self.processes(having: sleep) == 0 })
      #endif
    }
  }

  @Test(
    "Without a configuration file: collect, train and steer; the options are kept beside the store, with no key in them"
  )
  func withoutFile() async throws {
    let cox = try Command()
    defer { cox.clean() }
    let model = Model()
    try await TestServer.with(model.reply) { server in
      let program = try cox.write(
        Self.program.replacing("subprocess.Popen(", with: "dict(args=").replacing("subprocess.DEVNULL", with: "None"),
        to: "bits.py")
      let tasks = try cox.write(
        (0..<8).map { #"{"id": "t\#($0)", "split": "train"}"# }.joined(separator: "\n") + "\n"
          + #"{"id": "x", "split": "test"}"#,
        to: "tasks.jsonl")
      let agent = [
        "--tasks-from", tasks, "--url", server.url, "--model", "m", "--api-key-variable", "BITS_KEY", "--", "python3",
        program, "{task}", "0",
      ]
      func run(_ arguments: [String]) async throws -> Command.Result {
        let (process, output, errors) = try cox.start(arguments, environment: ["BITS_KEY": "sk-planted"])
        return await Command.finish(process, output, errors)
      }
      let check = try await run(["check-environment"] + agent)
      #expect(check.status == 0, "\(check.errors)")
      #expect(check.output.contains("4 model calls") && check.output.contains("twice the same questions"))
      let collected = try await run(["collect", "--rollouts", "4", "--json", "-", "--quiet"] + agent)
      #expect(collected.json["trajectories"] as? Int == 32, "\(collected.errors)")
      let kept = try String(contentsOf: cox.folder.appendingPathComponent(".coxswain/agent.yaml"), encoding: .utf8)
      #expect(kept.contains("kind: agent") && kept.contains("BITS_KEY") && !kept.contains("sk-planted"))
      // Later commands need no options.
      #expect(try await run(["train", "--quiet"]).status == 0)
      let steered = try await run(["steer", "--method", "frontier", "--calls", "12", "--json", "-", "--quiet"])
      #expect(steered.status == 0, "\(steered.errors)")
      #expect((steered.json["policyCalls"] as? Int).map { (1...12).contains($0) } == true)
      let shown = try await run(["show", "last/x/best"])
      #expect(shown.output.contains("Assistant") && shown.output.contains("User") && !shown.output.contains("Thought"))
      // Bad use is told before anything starts.
      for (arguments, what) in [
        (["collect", "--tasks-from", tasks], "needs a program after"),
        (["collect", "--", "python3", program], "needs --tasks-from"),
        (["collect", "--config", "c.yaml"] + agent, "cannot be used with --config"),
        (["collect", "--tasks-from", "gone.jsonl", "--", "python3", program], "gone.jsonl"),
        (["collect", "--tasks-from", tasks, "--", "no-such-program"], "no-such-program"),
      ] {
        let result = try await run(arguments)
        #expect(result.status != 0 && result.errors.contains(what), "\(result.errors)")
      }
      #expect(
        try String(contentsOf: cox.folder.appendingPathComponent(".coxswain/agent.yaml"), encoding: .utf8) == kept)
    }
  }
}
