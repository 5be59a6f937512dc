import AsyncHTTPClient
import Foundation
import HTTP
import NIOHTTP1
import TestSupport
import Testing

@Suite("A client is shut down in order, whatever is in flight")
struct ShutdownTests {
  /// Answers at once, late, with an early close, or not at all.
  static func reply(_ request: TestServer.Request) -> TestServer.Reply {
    switch request.number % 8 {
    case 0: .answer(401, "{}")
    case 1: .answer(200, "{}", headers: ["Connection": "close"])
    case 2: .after(0.002, .answer(200, "{}"))
    case 3: .reset
    case 4: .after(0.001, .answer(500, String(repeating: "x", count: 70_000)))
    case 5: .truncated("{}{}")
    case 6: .after(30, .answer(200, "{}"))
    default: .answer(200, "{}")
    }
  }

  /// Starts `count` exchanges and returns when the first has failed.
  static func round(_ url: String, count: Int, body: Data) async throws -> Int {
    try await withHTTPClient(connections: count) { client in
      let exchange = HTTPExchange(client: client, longestBody: 1 << 20)
      return await withTaskGroup(of: Bool.self) { group in
        for _ in 0..<count {
          group.addTask {
            do throws(HTTPFailure) {
              return try await exchange.send(.POST, url, headers: [:], body: body, within: 20).status == 200
            } catch { return false }
          }
        }
        var answered = 0
        for await isFine in group {
          answered += isFine ? 1 : 0
          if !isFine { group.cancelAll() }
        }
        return answered
      }
    }
  }

  @Test("Two hundred ends on the first error, with answers, requests and connections in flight")
  func endsOnError() async throws {
    try await TestServer.with(keepsRequests: false, Self.reply) { server in
      for number in 0..<200 {
        let body = Data(repeating: UInt8(ascii: "x"), count: number.isMultiple(of: 3) ? 200_000 : 500)
        _ = try await Self.round(server.url, count: 24, body: body)
      }
    }
  }

  @Test("What nobody waits for any more is cancelled, and the end does not wait for its answer")
  func leftBehind() async throws {
    let reply: @Sendable (TestServer.Request) -> TestServer.Reply = { _ in .hang(600) }
    try await TestServer.with(reply) { server in
      let start = ContinuousClock.now
      let left = try await withHTTPClient(connections: 4) { client in
        let exchange = HTTPExchange(client: client, longestBody: 1 << 20)
        let url = server.url
        let left = (0..<4).map { _ in
          Task { () async -> HTTPFailure.Kind? in
            do throws(HTTPFailure) {
              _ = try await exchange.send(.GET, url, headers: [:], within: 500)
              return nil
            } catch { return error.kind }
          }
        }
        while server.requests.count < 4 { try await Task.sleep(for: .milliseconds(5)) }
        return left
      }
      for task in left { #expect(await task.value == .cancelled) }
      #expect(ContinuousClock.now - start < .seconds(250))
    }
  }

  @Test("A client that is shut down takes nothing more")
  func afterwards() async throws {
    let client = HTTPClient(connections: 2)
    await client.shutdownInOrder()
    let exchange = HTTPExchange(client: client, longestBody: 1 << 20)
    let failure = await #expect(throws: HTTPFailure.self) {
      try await exchange.send(.GET, "http://127.0.0.1:9/", headers: [:], within: 5)
    }
    #expect(failure != nil)
  }

  @Test("Time is up by the clock that leaves out stops, and says so")
  func timeOut() async throws {
    let reply: @Sendable (TestServer.Request) -> TestServer.Reply = { _ in .hang(600) }
    try await TestServer.with(reply) { server in
      try await withHTTPClient(connections: 1) { client in
        let exchange = HTTPExchange(client: client, longestBody: 1 << 20)
        let failure = await #expect(throws: HTTPFailure.self) {
          try await exchange.send(.GET, server.url, headers: [:], within: 0.3)
        }
        #expect(failure?.kind == .timedOut && failure?.reason == "did not answer within 0.3 s")
      }
    }
  }

  @Test("As many calls at a time as there may be files, and a word on it")
  func openFiles() {
    let reserve = OpenFiles.reserve
    #expect(OpenFiles.connections(60, limit: 65_536) == 60 && OpenFiles.remark(on: 60, key: "k", limit: 65_536) == nil)
    #expect(OpenFiles.connections(60, limit: reserve + 20) == 10 && OpenFiles.connections(60, limit: 3) == 1)
    let remark = OpenFiles.remark(on: 60, key: "policy.concurrency", limit: reserve + 20)
    #expect(
      remark?.contains("At most 10 calls at a time, not 60 as policy.concurrency says") == true, "\(remark ?? "")")
    #expect(remark?.contains("ulimit -n \(120 + reserve)") == true)
    #expect(OpenFiles.problem(limit: reserve) != nil && OpenFiles.problem(limit: 1_024) == nil)
  }
}
