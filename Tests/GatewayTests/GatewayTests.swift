import Agents
import Dialects
import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Gateway

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

@Suite("The gateway, and programs that misbehave")
struct GatewayTests {
  let bench: Bench

  init() throws { bench = try Bench() }

  private func failure(_ body: () async throws -> Void) async -> WorldError? {
    do {
      try await body()
      return nil
    } catch { return error as? WorldError }
  }

  @Test("A program that does not exist is named before anything starts")
  func noProgram() async throws {
    let error = await failure {
      _ = try await AgentWorld(try bench.settings("") { $0.command = ["no-such-program-here", "{task}"] })
    }
    #expect(error?.kind == .misconfigured && error?.message.contains("no-such-program-here") == true)
  }

  @Test("Tasks: splits by id, bad lines with their number")
  func tasks() throws {
    let tasks = try AgentTasks(
      text: (0..<200).map { #"{"id": "t\#($0)"}"# }.joined(separator: "\n"), file: "t.jsonl")
    let counts = Dictionary(grouping: tasks.entries, by: \.split).mapValues(\.count)
    #expect((90...150).contains(counts[.train] ?? 0) && (5...40).contains(counts[.validation] ?? 0))
    for (text, what) in [
      ("", "no task"), ("{\"id\": \"a\"}\nnonsense", "line 2"), ("{\"input\": 1}", "no \"id\""),
      ("{\"id\": \"a\"}\n{\"id\": \"a\"}", "another task"), ("{\"id\": \"a\", \"split\": \"dev\"}", "split is"),
      ("{\"id\": \"a\", \"maximalReward\": -1}", "maximalReward"),
    ] {
      let error = #expect(throws: WorldError.self) { try AgentTasks(text: text, file: "t.jsonl") }
      #expect(error?.message.contains(what) == true, "\(error?.message ?? "")")
    }
  }

  @Test("n above 1, a dead token, an unknown path, bodies that are no JSON or too large: refused, and no step")
  func refusals() async throws {
    let body = """
      seen = []
      message = [{"role": "user", "content": "x"}]
      seen.append(post("/chat/completions", {"model": "m", "messages": message, "n": 2})[0])
      seen.append(post("/chat/completions", {"model": "m", "messages": message}, key="cox-dead")[0])
      seen.append(post("/images", {"model": "m"})[0])
      request = urllib.request.Request(BASE + "/chat/completions", data=b"{nonsense", headers={"Authorization": "Bearer " + KEY})
      try:
          urllib.request.urlopen(request)
      except urllib.error.HTTPError as error:
          seen.append(error.code)
          assert error.headers["x-should-retry"] == "false"
      import http.client
      host = BASE.split("//")[1].split("/")[0]
      connection = http.client.HTTPConnection(host, timeout=60)
      try:
          connection.request("POST", "/v1/chat/completions", body=b'{"messages": "' + b"x" * (50 << 20) + b'"}', headers={"Authorization": "Bearer " + KEY})
          seen.append(connection.getresponse().status)
      except (BrokenPipeError, ConnectionResetError):
          seen.append(413)
      reply = urllib.request.urlopen(urllib.request.Request(BASE + "/models", headers={"x-api-key": KEY}))
      seen.append(json.loads(reply.read())["object"])
      ask(message)
      print(json.dumps({"seen": seen}), file=sys.stderr)
      print(json.dumps({"reward": 1 if seen == [400, 401, 404, 400, 413, "list"] else 0}))
      """
    try await bench.with(body) { world in
      let trajectory = try await world.play("a", ["yes"])
      #expect(trajectory.count == 1)
      #expect(trajectory.reward == 1, "\(trajectory.observation.text)")
    }
  }

  @Test("HTTP/1.0, and a client that closes half-way and asks again, are one step each")
  func oldAndBroken() async throws {
    let body = #"""
      import socket
      host, port = BASE.split("//")[1].split("/")[0].split(":")
      def raw(version, text, reads, retry=0):
          body = json.dumps({"model": "m", "messages": [{"role": "user", "content": text}]}).encode()
          s = socket.create_connection((host, int(port)), timeout=60)
          s.sendall(f"POST /v1/chat/completions HTTP/{version}\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\nX-Stainless-Retry-Count: {retry}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body)
          if not reads:
              time.sleep(0.3)
              s.close()
              time.sleep(0.3)
              return ""
          data = b""
          while part := s.recv(65536):
              data += part
          return data.decode()
      old = raw("1.0", "old", True)
      raw("1.1", "again", False)
      again = raw("1.1", "again", True, retry=1)
      # A request that ends before its body does is no question.
      s = socket.create_connection((host, int(port)))
      s.sendall(f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\nContent-Length: 1000\r\n\r\n{{".encode())
      s.close()
      print(json.dumps({"reward": 1 if '"first"' in old and '"second"' in again else 0}))
      """#
    try await bench.with(body) { world in
      let trajectory = try await world.play("a", ["first", "second", "third"])
      #expect(trajectory.count == 2)
      #expect(trajectory.reward == 1)
    }
  }

  @Test("A held question is kept alive, for plain clients and streams; the answer still arrives whole")
  func heldQuestions() async throws {
    let desk = AttemptDesk()
    let line = AttemptLine(comparison: QuestionComparison())
    let token = await desk.open(line)
    let server = try await GatewayServer.start(
      desk, rhythm: .init(silence: .milliseconds(100), interval: .milliseconds(50)))
    func ask(_ body: String) async throws -> String {
      var request = URLRequest(url: URL(string: "http://127.0.0.1:\(server.port)/chat/completions")!)
      request.httpMethod = "POST"
      request.httpBody = Data(body.utf8)
      request.setValue("Bearer \(token)", forHTTPHeaderField: "Authorization")
      return String(decoding: try await URLSession.shared.data(for: request).0, as: UTF8.self)
    }
    async let plain = ask(#"{"model": "m", "messages": [{"role": "user", "content": "plain"}]}"#)
    async let stream = ask(#"{"model": "m", "stream": true, "messages": [{"role": "user", "content": "stream"}]}"#)
    var asked: [AttemptLine.Asked] = []
    for _ in 0..<2 {
      if case .question(let next)? = await line.next(until: .now + .seconds(60)) { asked.append(next) }
    }
    #expect(asked.count == 2)
    try await Task.sleep(for: .milliseconds(500))
    for question in asked { await line.answer(question.id, .plain("the answer")) }
    let (whole, events) = try await (plain, stream)
    #expect(whole.hasPrefix(" "))
    #expect(OrderedJSON(parsing: whole)?["choices"] != nil)
    #expect(events.hasPrefix(": waiting") && events.contains("[DONE]"))
    await server.stop()
  }

  @Test("Questions that are open at the same time are told apart by what they ask, also when a replay reorders them")
  func parallel() async throws {
    let body = """
      import threading
      answers = {}
      def work(name, delay):
          time.sleep(delay)
          answers[name] = ask([{"role": "user", "content": "part " + name}])["content"]
      replays = int(os.environ["COX_REPLAYED_CALLS"]) > 0
      threads = [threading.Thread(target=work, args=(name, (0.3 - 0.1 * place) if replays else 0.1 * place)) for place, name in enumerate("xyz")]
      for thread in threads: thread.start()
      for thread in threads: thread.join()
      last = ask([{"role": "user", "content": json.dumps(answers, sort_keys=True)}])["content"]
      print(json.dumps({"reward": 1 if answers == {"x": "1", "y": "2", "z": "3"} and last == "4" else 0}))
      """
    try await bench.with(body) { world in
      // Lets all three be open before the first is answered.
      var (episode, opening) = try await world.begin(world.task("a"))
      var trajectory = Trajectory(task: try world.task("a"), opening: opening)
      try await Task.sleep(for: .milliseconds(600))
      while !trajectory.isDone {
        let text = trajectory.observation.text
        let answer = ["part x": "1", "part y": "2", "part z": "3"][text] ?? "4"
        let action = Action.answer(answer, inFull: nil)
        trajectory.append(Step(response: answer, action: action, outcome: try await episode.step(action)))
      }
      await episode.close()
      #expect(trajectory.reward == 1 && trajectory.count == 4)
      var (again, _) = try await world.resume(trajectory.prefix(3), keepsDivergences: false)
      #expect(try await again.step(.answer("4", inFull: nil)).reward == 1)
      await again.close()
    }
  }

  @Test("What differs in a replay is shown with its place; a pattern that would leave it out is proposed, and works")
  func divergences() async throws {
    let body = """
      import uuid
      stamp = str(uuid.uuid4())
      first = ask([{"role": "system", "content": "Session " + stamp + ". Be brief."}, {"role": "user", "content": "go"}])
      second = ask([{"role": "system", "content": "Session " + stamp + ". Be brief."}, {"role": "user", "content": "go on"}])
      print(json.dumps({"reward": 1}))
      """
    let proposed = try await bench.with(body) { world in
      let trajectory = try await world.play("a", ["a", "b"])
      let error = await failure { _ = try await world.resume(trajectory.prefix(1), keepsDivergences: false) }
      #expect(error?.kind == .diverged)
      let message = error?.message ?? ""
      #expect(message.contains("messages[0].content") && message.contains("environment.ignore"), "\(message)")
      // Kept nevertheless, if that is wanted.
      var (episode, _) = try await world.resume(trajectory.prefix(1), keepsDivergences: true)
      #expect(try await episode.step(.answer("b", inFull: nil)).isDone)
      await episode.close()
      return try #require(message.firstMatch(of: /environment\.ignore: \['(.+)'\]/)).1
    }
    try await bench.with(body, ignore: [String(proposed)]) { world in
      let trajectory = try await world.play("a", ["a", "b"])
      var (episode, mismatches) = try await world.resume(trajectory.prefix(1), keepsDivergences: false)
      #expect(mismatches == 0)
      #expect(try await episode.step(.answer("b", inFull: nil)).isDone)
      await episode.close()
    }
  }

  @Test("Children that a program leaves behind are killed, whatever session they are in; the folder goes")
  func leftovers() async throws {
    let body = """
      import subprocess
      subprocess.Popen(["sleep", "97531"])
      subprocess.Popen(["sleep", "97532"], start_new_session=True)
      ask([{"role": "user", "content": os.getcwd()}])
      print(json.dumps({"reward": 1}))
      """
    let folder = try await bench.with(body) { world in
      let start = ContinuousClock.now
      let trajectory = try await world.play("a", ["ok"])
      #expect(trajectory.reward == 1)
      #expect(ContinuousClock.now - start < .seconds(60))
      return trajectory.opening.text
    }
    #expect(!FileManager.default.fileExists(atPath: folder))
    #if os(Linux)
      // A process is there for a moment after it was killed.
      #expect(try await Processes.survivors(of: Processes.running("sleep 9753")).isEmpty)
    #endif
  }

  @Test("A run that is stopped while a program works ends at once, and so does the program")
  func cancelled() async throws {
    try await bench.with("time.sleep(600)") { world in
      let start = ContinuousClock.now
      let task = Task { _ = try await world.begin(world.task("a")) }
      try await Task.sleep(for: .milliseconds(700))
      task.cancel()
      let error = await failure { try await task.value }
      #expect(error?.kind == .cancelled)
      #expect(ContinuousClock.now - start < .seconds(10))
    }
  }

  @Test("A program whose question waits is ended with its attempt, and with its world")
  func endedWhileWaiting() async throws {
    let body = """
      ask([{"role": "user", "content": str(os.getpid())}])
      print(json.dumps({"reward": 1}))
      """
    let last = try await bench.with(body) { world in
      let (first, opening) = try await world.begin(world.task("a"))
      let process = try #require(pid_t(opening.text))
      #expect(kill(process, 0) == 0)
      await first.close()
      #expect(kill(process, 0) != 0)
      // Not closed by its own attempt.
      let (_, other) = try await world.begin(world.task("b"))
      return try #require(pid_t(other.text))
    }
    #expect(kill(last, 0) != 0)
  }

  @Test("The folder is copied for every attempt, a script's path is found from there, and a file in it is meant there")
  func folders() async throws {
    let template = bench.folder.appendingPathComponent("work")
    try FileManager.default.createDirectory(at: template, withIntermediateDirectories: true)
    try "start".write(to: template.appendingPathComponent("notes.txt"), atomically: true, encoding: .utf8)
    let body = """
      notes = open("notes.txt").read()
      open("notes.txt", "a").write("+")
      ask([{"role": "user", "content": notes + " " + sys.argv[2]}])
      print(json.dumps({"reward": 1}))
      """
    try await bench.with(body) {
      $0.folder = template.path
    } _: { world in
      let first = try await world.play("b", ["ok"]).opening.text
      let second = try await world.play("b", ["ok"]).opening.text
      #expect([first, second] == ["start two", "start two"])
    }
    #expect(ProgramPlace.filled("{task} {input} {other} {", task: "{input}", input: "in") == "{input} in {other} {")
  }

  @Test("A program gets a key of the gateway and no other secret")
  func secrets() async throws {
    setenv("EXAMPLE_MODEL_KEY", "sk-very-secret", 1)
    defer { unsetenv("EXAMPLE_MODEL_KEY") }
    let body = """
      ask([{"role": "user", "content": json.dumps(dict(os.environ))}])
      print(json.dumps({"reward": 1}))
      """
    try await bench.with(body) {
      $0.environment.keys = ["EXAMPLE_MODEL_KEY"]
    } _: { world in
      let seen = try await world.play("a", ["ok"]).opening.text
      #expect(!seen.contains("sk-very-secret"))
      #expect(seen.contains("OPENAI_API_KEY") && seen.contains("cox-") && seen.contains("COX_TASK"))
    }
  }
}
