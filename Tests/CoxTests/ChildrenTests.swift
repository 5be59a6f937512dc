import Foundation
import TestSupport
import TestTraits
import Testing

@Suite("What cox starts gets no secrets and ends with it", .alone)
struct ChildrenTests {
  /// A world that ignores signals and the end of its input. It starts another program, reports its process ids and
  /// variables, and hangs.
  static let world = """
    import json, os, signal, subprocess, sys, time
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT): signal.signal(number, signal.SIG_IGN)
    other = subprocess.Popen(["sleep", "1000"])
    def answer(question):
        if question["op"] == "hello": return {"name": "t", "tasks": {"test": ["a"]}, "stepLimit": 5}
        if question["op"] == "reset": return {"observation": "start"}
        with open(sys.argv[1] + ".new", "w") as file:
            json.dump({"processes": [os.getpid(), other.pid], "variables": dict(os.environ)}, file)
        os.rename(sys.argv[1] + ".new", sys.argv[1])
    for line in sys.stdin:
        question = json.loads(line)
        reply = answer(question)
        if reply: print(json.dumps({"id": question["id"], **reply}), flush=True)
    while True: time.sleep(1000)
    """

  struct Said: Decodable {
    let processes: Set<pid_t>
    let variables: [String: String]
  }

  static func waited(_ seconds: Double = 60, until isSo: () -> Bool) async throws -> Bool {
    let deadline = ContinuousClock.now + .seconds(seconds)
    while !isSo() {
      guard ContinuousClock.now < deadline else { return false }
      try await Task.sleep(for: .milliseconds(20))
    }
    return true
  }

  static let reply: @Sendable (TestServer.Request) -> TestServer.Reply = { _ in
    .answer(200, #"{"choices":[{"message":{"content":"go"}}],"usage":{"prompt_tokens":1,"completion_tokens":1}}"#)
  }

  @Test(
    "A stubborn world and what it has started end when cox is killed, interrupted twice, or hung up on",
    arguments: [SIGKILL, SIGINT])
  func world(signal: Int32) async throws {
    let cox = try Command()
    defer { cox.clean() }
    try await TestServer.with(Self.reply) { server in
      let program = try cox.write(Self.world, to: "world.py")
      let told = cox.folder.appendingPathComponent("told.json").path
      let file = try cox.write(
        """
        environment: { kind: process, command: [python3, "\(program)", "\(told)"], variables: [MY_TOOL_TOKEN], timeout: 600 }
        policy: { kind: openai, url: "\(server.url)", model: m, format: plain, apiKeyVariable: PYTHON_SERVICE }
        """, to: "c.yaml")
      let (process, output, errors) = try cox.start(
        ["collect", "--config", file, "--split", "test", "--rollouts", "1", "--quiet"],
        environment: [
          "OPENAI_API_KEY": "sk-planted-1", "AWS_SECRET_ACCESS_KEY": "planted-2", "PYTHON_SERVICE": "planted-3",
          "PYTHON_COPY": "planted-3", "DATABASE_URL": "postgres://u:planted-4@h/d",
          "HTTP_PROXY": "http://u:planted-5@h:1",
          "no_proxy": "127.0.0.1", "MY_TOOL_TOKEN": "wanted-1", "LC_TIME": "wanted-2", "PYTHONHASHSEED": "7",
        ])
      let isThere = try await Self.waited { FileManager.default.fileExists(atPath: told) }
      guard isThere else {
        process.terminate()
        let result = await Command.finish(process, output, errors)
        Issue.record("\(result.errors)")
        return
      }
      let said = try JSONDecoder().decode(Said.self, from: Data(contentsOf: URL(fileURLWithPath: told)))
      #expect(!said.variables.values.contains { $0.contains("planted") }, "\(said.variables)")
      #expect(said.variables["MY_TOOL_TOKEN"] == "wanted-1" && said.variables["LC_TIME"] == "wanted-2")
      #expect(said.variables["PYTHONHASHSEED"] == "7" && said.variables["PATH"] != nil && said.variables["HOME"] != nil)
      #expect(said.processes.count == 2 && said.processes.allSatisfy(Processes.isAlive))
      kill(process.processIdentifier, signal)
      if signal == SIGINT {
        try await Task.sleep(for: .milliseconds(300))
        kill(process.processIdentifier, signal)
      }
      _ = await Command.finish(process, output, errors)
      #expect(try await Processes.survivors(of: said.processes) == [])
    }
  }

  @Test("ScienceWorld's Java and the local model server end when cox is killed")
  func servers() async throws {
    let cox = try Command()
    defer { cox.clean() }
    let file = try cox.write(
      """
      environment: { kind: scienceworld, processes: 1, memory: 256, tasks: { test: 0 } }
      policy: { kind: local, api: text, format: plain, maxTokens: 200, context: 4096, slots: 1, threads: 1 }
      """, to: "c.yaml")
    let (process, output, errors) = try cox.start(
      ["collect", "--config", file, "--split", "test", "--rollouts", "1", "--quiet"])
    var started: Set<pid_t> = []
    let areThere = try await Self.waited(120) {
      started = Processes.descendants(of: process.processIdentifier)
      let lines = started.map(Processes.commandLine)
      return lines.contains { $0.contains("py4j.GatewayServer") } && lines.contains { $0.contains("xllamacpp") }
    }
    kill(process.processIdentifier, SIGKILL)
    let result = await Command.finish(process, output, errors)
    #expect(areThere, "\(result.errors)")
    #expect(try await Processes.survivors(of: started) == [])
  }
}
