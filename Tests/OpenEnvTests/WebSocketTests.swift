import Foundation
import Testing

@testable import OpenEnv

@Suite("A WebSocket on which one text answers another")
struct WebSocketTests {
  /// The answer to one question, and the server's log.
  static func answer(
    limit: Int = 1 << 20, seconds: Double = 300, greeting: [SocketDouble.Reply] = [],
    _ replies: [SocketDouble.Reply]
  ) async throws -> (Result<String, WebSocketFailure>, SocketDouble.Log) {
    var manners = SocketDouble.Manners()
    manners.greeting = { _ in greeting }
    manners.reply = { _ in replies }
    return try await SocketDouble.with(manners) { server in
      let address = try #require(WebSocketAddress(server.url + "/ws"))
      let connection = try await WebSocketConnection.open(address, limit: limit, within: 300)
      let result: Result<String, WebSocketFailure>
      do throws(WebSocketFailure) {
        result = .success(try await connection.answer(to: "question", within: seconds))
      } catch {
        result = .failure(error)
      }
      await connection.close(within: 5)
      await server.allClosed()
      return (result, server.log)
    }
  }

  @Test func aTextIsAnsweredAndFramesAreMasked() async throws {
    let (result, log) = try await Self.answer([.text("answer")])
    #expect(result == .success("answer"))
    #expect(log.texts == ["question"] && log.unmasked == 0)
  }

  @Test func fragmentsAreJoinedAndPingsBetweenThemAnswered() async throws {
    let (result, log) = try await Self.answer([.ping("one"), .fragments(["a", "n", "swer"])])
    #expect(result == .success("answer"))
    #expect(log.pongs == ["one", "between"] && log.unmasked == 0)
  }

  @Test func whatIsSaidTogetherWithTheConsentIsTheAnswer() async throws {
    let (result, _) = try await Self.answer(greeting: [.text("full")], [])
    #expect(result == .success("full"))
  }

  @Test func bytesThatAreNoUTF8AreRepaired() async throws {
    let (result, _) = try await Self.answer([.bytes([0x61, 0xFF, 0x62])])
    #expect(result == .success("a\u{FFFD}b"))
  }

  @Test func aCloseFrameIsToldWithItsCodeAndAnswered() async throws {
    let (result, log) = try await Self.answer([.close(1013, "try again later")])
    #expect(result == .failure(.closed(code: 1013, reason: "try again later")))
    #expect(log.closeCodes == [1013])
  }

  @Test func anEndWithoutAWordIsTold() async throws {
    let (result, _) = try await Self.answer([.hangUp])
    #expect(result == .failure(.closed(code: nil, reason: "")))
  }

  @Test("A message that is too long is not swallowed, in one frame or in many")
  func tooLong() async throws {
    let (one, _) = try await Self.answer(limit: 1_000, [.text(String(repeating: "x", count: 1_001))])
    #expect(one == .failure(.tooLong(1_000)))
    let parts = [String](repeating: String(repeating: "x", count: 300), count: 4)
    let (many, _) = try await Self.answer(limit: 1_000, [.fragments(parts)])
    #expect(many == .failure(.tooLong(1_000)))
    let (exact, _) = try await Self.answer(limit: 1_000, [.text(String(repeating: "x", count: 1_000))])
    #expect(exact == .success(String(repeating: "x", count: 1_000)))
  }

  @Test(
    "A server that does not answer in time is given up",
    arguments: [[], [.opening("never done")], [SocketDouble.Reply.ping("still here")]])
  func late(replies: [SocketDouble.Reply]) async throws {
    let (result, _) = try await Self.answer(seconds: 0.3, replies)
    #expect(result == .failure(.timedOut(0.3)))
  }

  @Test func framesThatAreNoneAndBinaryOnesAreRefused() async throws {
    for reply in [SocketDouble.Reply.garbage, .binary] {
      let (result, _) = try await Self.answer([reply])
      guard case .failure(.malformed) = result else {
        Issue.record("\(reply): \(result)")
        continue
      }
    }
  }

  @Test func anAnswerToNothingEndsTheConnection() async throws {
    var manners = SocketDouble.Manners()
    manners.reply = { _ in [.text("one"), .text("two")] }
    try await SocketDouble.with(manners) { server in
      let address = try #require(WebSocketAddress(server.url + "/ws"))
      let connection = try await WebSocketConnection.open(address, limit: 1_000, within: 300)
      // The second message is unexpected. Depending on timing, it arrives while no question is open, or it is taken for
      // the answer to a question asked just before.
      _ = try await connection.answer(to: "a", within: 300)
      await connection.close(within: 5)
      #expect(!connection.isOpen)
      await #expect(throws: WebSocketFailure.self) { try await connection.answer(to: "b", within: 300) }
    }
  }

  @Test func whoIsCancelledStopsWaitingAndTheConnectionEnds() async throws {
    var manners = SocketDouble.Manners()
    let (asked, note) = AsyncStream<Void>.makeStream()
    manners.reply = { _ in
      note.yield()
      return []
    }
    try await SocketDouble.with(manners) { server in
      let address = try #require(WebSocketAddress(server.url + "/ws"))
      let connection = try await WebSocketConnection.open(address, limit: 1_000, within: 300)
      let task = Task { try await connection.answer(to: "a", within: 600) }
      for await _ in asked { break }
      task.cancel()
      await #expect(throws: WebSocketFailure.cancelled) { try await task.value }
      await connection.close(within: 5)
      #expect(!connection.isOpen)
    }
  }

  @Test("Who does not agree to WebSocket is told by status", arguments: [403, 404, 503])
  func refused(status: Int) async throws {
    var manners = SocketDouble.Manners()
    manners.refusal = status
    try await SocketDouble.with(manners) { server in
      let address = try #require(WebSocketAddress(server.url + "/ws"))
      await #expect(throws: WebSocketFailure.refused(status: status)) {
        try await WebSocketConnection.open(address, limit: 1_000, within: 300)
      }
    }
  }

  @Test func aServerThatIsMuteOrNotThereIsTold() async throws {
    var manners = SocketDouble.Manners()
    manners.isMute = true
    let url = try await SocketDouble.with(manners) { server in
      let address = try #require(WebSocketAddress(server.url + "/ws"))
      await #expect(throws: WebSocketFailure.timedOut(0.3)) {
        try await WebSocketConnection.open(address, limit: 1_000, within: 0.3)
      }
      let task = Task { try await WebSocketConnection.open(address, limit: 1_000, within: 600) }
      task.cancel()
      await #expect(throws: WebSocketFailure.cancelled) { try await task.value }
      return server.url
    }
    let address = try #require(WebSocketAddress(url + "/ws"))
    do {
      _ = try await WebSocketConnection.open(address, limit: 1_000, within: 300)
      Issue.record("It is still there.")
    } catch {
      guard case .unreachable = error else {
        Issue.record("\(error)")
        return
      }
    }
  }

  @Test func aServerThatKeepsItsSideOpenIsLeftAfterAWhile() async throws {
    var manners = SocketDouble.Manners()
    manners.isPolite = false
    try await SocketDouble.with(manners) { server in
      let address = try #require(WebSocketAddress(server.url + "/ws"))
      let connection = try await WebSocketConnection.open(address, limit: 1_000, within: 300)
      await connection.close(within: 0.2)
      #expect(!connection.isOpen)
    }
  }

  @Test func addressesAreReadFromURLs() throws {
    let plain = try #require(WebSocketAddress("http://127.0.0.1:8000/ws"))
    #expect(plain.host == "127.0.0.1" && plain.port == 8000 && !plain.isSecure && plain.authority == "127.0.0.1:8000")
    let secure = try #require(WebSocketAddress("wss://worlds.example/a%20b/ws"))
    #expect(secure.port == 443 && secure.path == "/a%20b/ws" && secure.isSecure && secure.authority == "worlds.example")
    let six = try #require(WebSocketAddress("ws://[::1]:9/ws"))
    #expect(six.host == "::1" && six.authority == "[::1]:9")
    #expect(WebSocketAddress("ftp://a/ws") == nil && WebSocketAddress("ws:///ws") == nil)
  }
}
