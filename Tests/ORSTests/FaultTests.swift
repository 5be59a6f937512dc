import Agents
import Foundation
import Synchronization
import TestSupport
import Testing

@testable import ORS

/// A double of a server with one environment, whose faults a test scripts.
private final class DeskDouble: Sendable {
  typealias Reply = TestServer.Reply
  private let counts = Mutex<[String: Int]>([:])
  /// Answers in place of the double's own, by path and how often it was asked, from 1.
  private let fault: @Sendable (String, Int) -> Reply?

  init(_ fault: @escaping @Sendable (String, Int) -> Reply?) { self.fault = fault }

  func count(_ path: String) -> Int { counts.withLock { $0[path] ?? 0 } }

  func reply(_ request: TestServer.Request) -> Reply {
    let path = String(request.path.dropFirst("/v1".count))
    let number = counts.withLock { counts in
      counts[path, default: 0] += 1
      return counts[path] ?? 0
    }
    if let fault = fault(path, number) { return fault }
    switch path {
    case "/list_environments": return .answer(200, #"["desk"]"#)
    case "/desk/tools":
      return .answer(
        200,
        #"{"tools": [{"name": "add", "description": "", "input_schema": {"properties": {"n": {"type": "integer"}}}}]}"#)
    case "/desk/splits": return .answer(200, #"[{"name": "train", "type": "train"}]"#)
    case "/desk/num_tasks": return .answer(200, #"{"num_tasks": 4}"#)
    case "/create_session":
      return .answer(200, "event: task_id\r\ndata: s\(number)\r\n\r\nevent: end\r\ndata: \r\n\r\n")
    case "/desk/prompt": return .answer(200, #"[{"text": "Add up.", "type": "text"}]"#)
    case "/desk/call": return Self.paid(request)
    case "/create", "/ping", "/delete", "/delete_session": return .answer(200, "{}")
    default: return .answer(404, #"{"detail": "Not Found"}"#)
    }
  }

  /// Pays n.
  static func paid(_ request: TestServer.Request) -> Reply {
    let n = (request.json["input"] as? [String: Any])?["n"] as? Int ?? 0
    let blocks = #"[{"text": "+\#(n)", "type": "text"}]"#
    return result(#"{"ok": true, "output": {"blocks": \#(blocks), "reward": \#(n), "finished": false}}"#)
  }

  static func result(_ json: String) -> Reply {
    .answer(200, "event: task_id\r\ndata: t\r\n\r\nevent: end\r\ndata: \(json)\r\n\r\n")
  }
}

@Suite("Open Reward Standard: faults of servers")
struct FaultTests {
  private static func with<T>(
    _ change: (inout ORS.Settings) -> Void = { _ in }, fault: @escaping @Sendable (String, Int) -> TestServer.Reply?,
    _ body: (ORS, TestServer, DeskDouble) async throws -> T
  ) async throws -> T {
    let double = DeskDouble(fault)
    return try await TestServer.with {
      double.reply($0)
    } _: { server in
      var settings = ORS.Settings(urls: [server.url])
      settings.recoveryWait = 5
      change(&settings)
      let world = try await ORS(settings, tasks: [.train: [0, 1]])
      do {
        let value = try await body(world, server, double)
        await world.close()
        return value
      } catch {
        await world.close()
        throw error
      }
    }
  }

  private static func kind(_ error: any Error, _ kind: WorldError.Kind, _ words: String) -> Bool {
    guard let error = error as? WorldError else { return false }
    return error.kind == kind && error.message.contains(words)
  }

  @Test(
    "A lost session is opened again and its calls are made again",
    arguments: ["404", "410", "cut", "truncated", "reset"])
  func lost(how: String) async throws {
    try await Self.with { path, number in
      guard path == "/desk/call", number == 2 else { return nil }
      switch how {
      case "404": return .answer(404, #"{"detail": "Active environment not found"}"#)
      case "410": return .answer(410, #"{"detail": "Session deleted"}"#)
      case "cut": return .answer(200, "event: task_id\r\ndata: t\r\n\r\nevent: chunk\r\ndata: {\r\n\r\n")
      case "truncated": return .truncated("event: task_id\r\ndata: t\r\n\r\n")
      default: return .reset
      }
    } _: { world, server, double in
      var (episode, first) = try await world.begin(try world.task("train-0"))
      #expect(first.text == "Add up.")
      #expect(try await episode.step(.act("add 1")).reward == 1)
      #expect(try await episode.step(.act("add 2")) == Outcome(Observation("+2"), reward: 2))
      await episode.close()
      let calls = server.requests.filter { $0.path.hasSuffix("/call") }
      #expect(calls.map { $0.headers["x-session-id"] } == ["s1", "s1", "s2", "s2"])
      #expect(double.count("/create") == 2 && double.count("/delete") == 2 && double.count("/delete_session") == 2)
    }
  }

  @Test func aSessionThatIsAlwaysLostEndsTheAttempt() async throws {
    try await Self.with { path, _ in
      path == "/desk/call" ? .answer(200, "event: task_id\r\ndata: t\r\n\r\n") : nil
    } _: { world, _, double in
      var (episode, _) = try await world.begin(try world.task("train-0"))
      await #expect { try await episode.step(.act("add 1")) } throws: { Self.kind($0, .unavailable, "broke off") }
      #expect(double.count("/desk/call") == 3)
    }
  }

  @Test func aReplayThatPaysOtherwiseDiverges() async throws {
    try await Self.with { path, number in
      switch (path, number) {
      case ("/desk/call", 2): .answer(404, "{}")
      case ("/desk/call", 3): DeskDouble.result(#"{"ok": true, "output": {"blocks": [], "reward": 7}}"#)
      default: nil
      }
    } _: { world, _, _ in
      var (episode, _) = try await world.begin(try world.task("train-0"))
      _ = try await episode.step(.act("add 1"))
      await #expect { try await episode.step(.act("add 2")) } throws: { Self.kind($0, .diverged, "draw at random") }
    }
  }

  @Test func anErrorOfAToolEndsTheAttempt() async throws {
    try await Self.with { path, _ in
      path == "/desk/call" ? .answer(200, "event: task_id\ndata: t\n\nevent: error\ndata: out of ink\n\n") : nil
    } _: { world, _, double in
      var (episode, _) = try await world.begin(try world.task("train-0"))
      await #expect { try await episode.step(.act("add 1")) } throws: {
        Self.kind($0, .failed, "The tool add raised an error: out of ink")
      }
      #expect(double.count("/desk/call") == 1)
    }
  }

  @Test(
    "Answers that break the standard are told",
    arguments: [
      (#"{"output": {}}"#, "\"ok\""), ("[1", "\"ok\""), (#"{"ok": true}"#, "output.blocks"),
      (#"{"ok": true, "output": {"blocks": [], "reward": "1"}}"#, "output.reward"),
      (#"{"ok": true, "output": {"blocks": [], "finished": 1}}"#, "output.finished"),
      (
        #"{"ok": true, "output": {"blocks": [{"type": "image", "mimeType": "image/png"}]}}"#, "environment.images: note"
      ),
    ])
  func misspoken(json: String, words: String) async throws {
    try await Self.with { path, _ in
      path == "/desk/call" ? DeskDouble.result(json) : nil
    } _: { world, _, _ in
      var (episode, _) = try await world.begin(try world.task("train-0"))
      await #expect { try await episode.step(.act("add 1")) } throws: { Self.kind($0, .misconfigured, words) }
    }
  }

  @Test func aBusyServerAndASlowSetUpAreWaitedFor() async throws {
    try await Self.with { path, number in
      let starting = TestServer.Reply.answer(
        503, #"{"detail": "Environment still starting."}"#, headers: ["Retry-After": "0"])
      return switch (path, number) {
      case ("/desk/prompt", ...3): starting
      case ("/create", 1), ("/desk/call", 1): .answer(429, "slow down", headers: ["Retry-After": "nan"])
      default: nil
      }
    } _: { world, _, double in
      var (episode, _) = try await world.begin(try world.task("train-0"))
      #expect(try await episode.step(.act("add 1")).reward == 1)
      #expect(double.count("/desk/prompt") == 4 && double.count("/create_session") == 1)
    }
    try await Self.with {
      $0.setupWait = 0.1
    } fault: { path, _ in
      path == "/desk/prompt" ? .answer(503, #"{"detail": "Environment still starting."}"#) : nil
    } _: { world, _, double in
      await #expect { _ = try await world.begin(try world.task("train-0")) } throws: {
        Self.kind($0, .unavailable, "still starting")
      }
      #expect(double.count("/delete") == double.count("/create_session"))
    }
  }

  @Test func anIdleSessionIsPinged() async throws {
    try await Self.with {
      $0.sessionLife = 0.4
    } fault: { _, _ in
      nil
    } _: { world, server, double in
      let (episode, _) = try await world.begin(try world.task("train-0"))
      for _ in 0..<600 where double.count("/ping") < 2 { try await Task.sleep(for: .milliseconds(50)) }
      #expect(double.count("/ping") >= 2)
      #expect(server.requests.last { $0.path.hasSuffix("/ping") }?.headers["x-session-id"] == "s1")
      await episode.close()
      let pings = double.count("/ping")
      try await Task.sleep(for: .milliseconds(600))
      // One may have been on its way.
      #expect(double.count("/ping") <= pings + 1)
    }
  }

  @Test func theWorldDeletesWhatIsOpen() async throws {
    let double = DeskDouble { _, _ in nil }
    try await TestServer.with {
      double.reply($0)
    } _: { server in
      let world = try await ORS(ORS.Settings(urls: [server.url]), tasks: [.train: [0, 1]])
      for task in try world.tasks(in: .train) { _ = try await world.begin(task) }
      // Also in a task that was cancelled.
      let closing = Task { await world.close() }
      closing.cancel()
      await closing.value
      #expect(double.count("/delete") == 2 && double.count("/delete_session") == 2)
    }
  }

  @Test func keysAreSentAndAppearNowhere() async throws {
    let key = "key-0123456789"
    try await Self.with {
      $0.headers = ["X-API-Key": key]
      $0.secrets = ["judge": "secret-of-the-judge"]
    } fault: { path, number in
      path == "/desk/call" ? .answer(401, "no such key: \(key)") : nil
    } _: { world, server, _ in
      var (episode, _) = try await world.begin(try world.task("train-0"))
      await #expect { try await episode.step(.act("add 1")) } throws: {
        Self.kind($0, .misconfigured, "apiKeyVariable") && !"\($0)".contains(key) && "\($0)".contains("[key]")
      }
      #expect(!"\(world.identity)".contains(key))
      #expect(server.requests.allSatisfy { $0.headers["x-api-key"] == key })
      let sent = server.requests.filter { $0.headers["x-secrets"] != nil }
      #expect(sent.map(\.path) == ["/v1/create"])
      let secrets = try #require(sent.first?.headers["x-secrets"].flatMap { Data(base64Encoded: $0) })
      #expect(String(decoding: secrets, as: UTF8.self) == #"{"judge":{"value":"secret-of-the-judge"}}"#)
    }
  }

  @Test func aServerThatIsNotThereOrAnotherIsTold() async throws {
    let port = try await TestServer.with { _ in
      .reset
    } _: {
      $0.port
    }
    await #expect { try await ORS(.init(urls: ["http://127.0.0.1:\(port)"]), tasks: [:]) } throws: {
      Self.kind($0, .unavailable, "Start the server")
    }
    for (status, text) in [(404, "{}"), (200, "<html>"), (200, "[]"), (200, "{}"), (308, "")] {
      try await TestServer.with { _ in
        .answer(status, text)
      } _: { server in
        _ = await #expect { try await ORS(.init(urls: [server.url]), tasks: [:]) } throws: {
          Self.kind($0, .misconfigured, "environment.url")
        }
      }
    }
  }
}
