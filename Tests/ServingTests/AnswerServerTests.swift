import Agents
import Dialects
import Foundation
import Steering
import Synchronization
import TestSupport
import Testing

@testable import Serving
@testable import Workbench

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

@Suite("A served world, in this process")
struct AnswerServerTests {
  /// A policy whose answers wait until they are let go.
  final class Held: Policy {
    let identity = "held"
    let format = ActionFormat.plain
    private let isOpen: Mutex<Bool>
    private let count = Mutex(0)

    init(isOpen: Bool = false) { self.isOpen = Mutex(isOpen) }

    var asked: Int { count.withLock(\.self) }
    func open() { isOpen.withLock { $0 = true } }

    func respond(to request: PolicyRequest) async throws(PolicyError) -> PolicyResponse {
      count.withLock { $0 += 1 }
      while !isOpen.withLock(\.self) { try? await Task.sleep(for: .milliseconds(5)) }
      return try await ChainWorld.coin.respond(to: request)
    }
  }

  private struct Served {
    let service: TaskService
    let port: Int
    let lines: Lines

    func ask(_ json: String, key: String = "k", path: String = "/v1/chat/completions") async throws -> (Int, String) {
      var request = URLRequest(url: try #require(URL(string: "http://127.0.0.1:\(port)\(path)")))
      request.httpMethod = "POST"
      request.httpBody = Data(json.utf8)
      request.timeoutInterval = 120
      request.setValue("Bearer \(key)", forHTTPHeaderField: "Authorization")
      let (data, response) = try await URLSession.shared.data(for: request)
      return ((response as? HTTPURLResponse)?.statusCode ?? 0, String(decoding: data, as: UTF8.self))
    }
  }

  private final class Lines: Sendable {
    private let lines = Mutex<[String]>([])
    func add(_ line: String) { lines.withLock { $0.append(line) } }
    var all: [String] { lines.withLock(\.self) }
  }

  private static func with(
    _ policy: any Policy, limits: Limits = Limits(), rhythm: AnswerServer.Rhythm = .init(),
    _ body: (Served) async throws -> Void
  ) async throws {
    let folder = try Places.folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let options = Workbench.Options(
      world: ChainWorld(rounds: 3), policy: policy, store: folder.appendingPathComponent("s.sqlite").path,
      steering: SteeringSettings(method: .bestOf, particles: 2, answer: .search), concurrency: 4, limits: limits)
    try await Workbench.with(options) { bench in
      try await bench.serve(SteerRequest()) { service in
        let lines = Lines()
        let server = try await AnswerServer.start(service, port: 0, key: "k", rhythm: rhythm) { lines.add($0) }
        do {
          try await body(Served(service: service, port: server.port, lines: lines))
        } catch {
          await service.stop(grace: .zero)
          await server.stop()
          throw error
        }
        await service.stop(grace: .zero)
        await server.stop()
      }
    }
  }

  static let streaming =
    #"{"model":"m","messages":[{"role":"user","content":"go"}],"metadata":{"task":"chain-1"},"stream":true}"#

  @Test("A stream says that it is alive while the policy is silent, then the progress, then the answer")
  func keepAlive() async throws {
    let policy = Held()
    let rhythm = AnswerServer.Rhythm(pace: .zero, interval: .milliseconds(20), patience: .milliseconds(50))
    try await Self.with(policy, rhythm: rhythm) { served in
      async let reply = served.ask(Self.streaming)
      while policy.asked == 0 { try await Task.sleep(for: .milliseconds(5)) }
      try await Task.sleep(for: .milliseconds(400))
      policy.open()
      let (status, text) = try await reply
      #expect(status == 200)
      let parts = text.components(separatedBy: "\n\n")
      let data = parts.filter { $0.hasPrefix("data: ") }.map { String($0.dropFirst(6)) }
      #expect(parts.contains(": waiting") && data.last == "[DONE]")
      let chunks = data.dropLast().compactMap { OrderedJSON(parsing: $0) }
      #expect(chunks.count == data.count - 1)
      let deltas = chunks.compactMap { $0["choices"]?.items?.first?["delta"] }
      #expect(deltas.first?["role"]?.text == "assistant")
      #expect(deltas.contains { $0["reasoning_content"]?.text?.contains("step 1 of at most 3, ") == true })
      let content = deltas.compactMap { $0["content"]?.text }.joined()
      #expect(["0", "1"].contains(content))
      #expect(chunks.last?["coxswain"]?["calls"]?.integer == 6)
      #expect(chunks.dropLast().allSatisfy { $0["coxswain"] == nil })
      #expect(served.lines.all.contains { $0.hasPrefix("200  chain-1  6 calls") })
    }
  }

  @Test("An error before the first answer is a status; after that it is the last event of the stream")
  func errors() async throws {
    try await Self.with(Held(isOpen: true), limits: Limits(calls: 0)) { served in
      let (status, text) = try await served.ask(Self.streaming)
      #expect(status == 429 && text.contains("limits.calls, 0 model calls"), "\(text)")
    }
    // The policy is silent for longer than the server's patience, so that the stream has begun when the error comes.
    let policy = Held()
    let rhythm = AnswerServer.Rhythm(pace: .zero, interval: .milliseconds(20), patience: .milliseconds(50))
    try await Self.with(policy, limits: Limits(calls: 3), rhythm: rhythm) { served in
      async let reply = served.ask(Self.streaming)
      while policy.asked == 0 { try await Task.sleep(for: .milliseconds(5)) }
      try await Task.sleep(for: .milliseconds(400))
      policy.open()
      let (status, text) = try await reply
      #expect(status == 200 && !text.contains("[DONE]"))
      let last = text.components(separatedBy: "\n\n").last { $0.hasPrefix("data: ") }
      #expect(OrderedJSON(parsing: String((last ?? "").dropFirst(6)))?["error"]?["code"]?.text == "limit_reached")
      let response =
        #"{"model":"m","input":"go","metadata":{"task":"chain-1"},"stream":true}"#
      let (_, events) = try await served.ask(response, path: "/v1/responses")
      #expect(events.contains("event: error") && events.contains("limits.calls"))
      #expect(served.lines.all.contains { $0.hasPrefix("429  chain-1  in a stream: ") })
    }
  }

  @Test("More tasks than the server keeps are refused; a stop ends all that wait")
  func tooMany() async throws {
    let policy = Held()
    try await Self.with(policy) { served in
      for number in 0..<1_000 { _ = try await served.service.begin(.named("chain-\(number)", split: nil)) }
      // The same task again is no further one.
      _ = try await served.service.begin(.named("chain-7", split: nil))
      let refusal = await #expect(throws: ServingRefusal.self) {
        try await served.service.begin(.named("chain-1000", split: nil))
      }
      #expect(refusal?.kind == .tooMany)
      let (status, text) = try await served.ask(
        #"{"messages":[],"metadata":{"task":"chain-1001"}}"#)
      #expect(status == 429 && text.contains("too_many_requests"))
      policy.open()
      await served.service.stop(grace: .zero)
      #expect(await served.service.underWay == 0)
      // Those that had not begun made no call.
      #expect(policy.asked < 1_000)
      let late = await #expect(throws: ServingRefusal.self) {
        try await served.service.begin(.named("chain-1", split: nil))
      }
      #expect(late?.kind == .stopping)
    }
  }
}
