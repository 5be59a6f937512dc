import NIOCore
import NIOPosix
import Testing

@testable import ScienceWorld

@Test func callsAreWrittenAsPy4JReadsThem() {
  #expect(Py4JCall(new: "a.B").text == "i\na.B\ne\n")
  #expect(
    Py4JCall("o0", "load", .text("boil"), .integer(-3), .text("a\\b\nc\r"), .boolean(true)).text
      == "c\no0\nload\nsboil\ni-3\nsa\\\\b\\nc\\r\nbtrue\ne\n")
}

@Test(arguments: ["", "plain", "a\\nb", "a\nb\\\r\n\t", "\\", "ünï\u{0}\u{1F52C}"])
func textsSurviveTheLine(text: String) {
  let line = Py4JText.escaped(text)
  #expect(!line.utf8.contains(10) && !line.utf8.contains(13))
  #expect(Py4JText.unescaped(line) == text)
}

@Test func answersAreRead() throws {
  #expect(try Py4JAnswer(line: "!yro0") == .object("o0"))
  #expect(try Py4JAnswer(line: "!ylo12") == .object("o12"))
  #expect(try Py4JAnswer(line: "!ysa\\nb") == .text("a\nb"))
  #expect(try Py4JAnswer(line: "!ys") == .text(""))
  #expect(try Py4JAnswer(line: "!yd-0.5") == .double(-0.5))
  #expect(try Py4JAnswer(line: "!ybtrue") == .boolean(true))
  #expect(try Py4JAnswer(line: "!yi7") == .integer(7))
  #expect(try Py4JAnswer(line: "!yv") == .nothing)
  #expect(try Py4JAnswer(line: "!yn") == .nothing)
}

@Test(arguments: ["", "!", "y", "!y", "!yd", "!ydx", "!yi1.5", "!ybmaybe", "!yr", "!yz1", "hello", "\u{0}", "!q"])
func nonsenseIsNoAnswer(line: String) {
  let failure = #expect(throws: Py4JFailure.self) { try Py4JAnswer(line: line) }
  #expect(failure?.kind == .malformed)
}

@Test(arguments: ["!x", "!xs", "!xspy4j.Py4JException: no such method\\n\\tat somewhere\\n"])
func exceptionsAreRefusals(line: String) {
  let failure = #expect(throws: Py4JFailure.self) { try Py4JAnswer(line: line) }
  #expect(failure?.kind == .refused && failure?.description.contains("somewhere") == false)
}

@Suite struct HostileServerTests {
  private static let call = Py4JCall("o0", "step", .text("look around"))

  /// What a connection makes of a server that answers every read with these bytes and then perhaps hangs up.
  private func failure(_ answer: String, hangsUp: Bool = false) async throws -> Py4JFailure.Kind? {
    try await withServer(answer, hangsUp: hangsUp) { connection in
      do throws(Py4JFailure) {
        _ = try await connection.answers(to: [Self.call, Self.call])
        return nil
      } catch {
        return error.kind
      }
    }
  }

  @Test(
    arguments: [
      ("!ysa\n!ysb\n", false, nil),
      ("!ysa\n!ys tru", true, .lost),
      ("", true, .lost),
      ("!ysa\n!xsjava.lang.OutOfMemoryError\n", false, .refused),
      ("!ys" + String(repeating: "x", count: 5_000), false, .malformed),
      ("!ys" + String(repeating: "x", count: 5_000) + "\n", false, .malformed),
      ("!ysa\nHTTP/1.1 400 Bad Request\n", false, .malformed),
      ("\n\n", false, .malformed),
    ] as [(String, Bool, Py4JFailure.Kind?)])
  func whatIsNotTheProtocolFailsByKind(answer: String, hangsUp: Bool, kind: Py4JFailure.Kind?) async throws {
    let found = try await failure(answer, hangsUp: hangsUp)
    #expect(found == kind)
  }

  @Test func aServerThatSaysTooLittleIsLate() async throws {
    let found = try await failure("")
    #expect(found == .late)
  }

  @Test func anExceptionLeavesTheConnectionUsable() async throws {
    try await withServer("!xsboom\n", hangsUp: false) { connection in
      for _ in 0..<3 {
        let failure = await #expect(throws: Py4JFailure.self) { try await connection.answer(to: Self.call) }
        #expect(failure?.kind == .refused)
      }
    }
  }

  @Test func anAnswerToNothingEndsTheConnection() async throws {
    try await withServer("!ysa\n!ysb\n!ysc\n", hangsUp: false) { connection in
      _ = try? await connection.answers(to: [Self.call])
      await connection.waitUntilClosed()
      let failure = await #expect(throws: Py4JFailure.self) { try await connection.answer(to: Self.call) }
      #expect(failure?.kind == .lost)
    }
  }

  @Test func invalidUTF8IsRepaired() async throws {
    try await withServer(bytes: Array("!ysa".utf8) + [0xff, 0x07, 10], hangsUp: false) { connection in
      let answer = try await connection.answer(to: Self.call)
      #expect(answer == .text("a\u{fffd}\u{07}"))
    }
  }

  @Test(arguments: [
    "!ysa\n!yd2\n!ybfalse\n", "!ysa\n!ydNaN\n!ybfalse\n", "!ysa\n!ys1\n!ybfalse\n", "!ysa\n!yd0.5\n!yi0\n",
  ])
  func aReportThatMakesNoSenseIsRefused(answer: String) async throws {
    try await withServer(answer, hangsUp: false) { connection in
      let bench = Bench(connection: connection, world: "o0")
      let failure = await #expect(throws: Py4JFailure.self) { try await bench.reports(of: ["look around"]) }
      #expect(failure?.kind == .malformed)
    }
  }
}

private func withServer<T: Sendable>(
  _ answer: String, hangsUp: Bool, _ body: (Py4JConnection) async throws -> T
) async throws -> T {
  try await withServer(bytes: Array(answer.utf8), hangsUp: hangsUp, body)
}

private func withServer<T: Sendable>(
  bytes: [UInt8], hangsUp: Bool, _ body: (Py4JConnection) async throws -> T
) async throws -> T {
  let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
    .childChannelInitializer { channel in
      channel.eventLoop.makeCompletedFuture {
        try channel.pipeline.syncOperations.addHandler(ScriptedHandler(bytes: bytes, hangsUp: hangsUp))
      }
    }
    .bind(host: "127.0.0.1", port: 0).get()
  let port = try #require(server.localAddress?.port)
  let connection = try await Py4JConnection.open(
    port: port, limits: .init(deadline: .milliseconds(300), answer: 4_096))
  do {
    let value = try await body(connection)
    connection.close()
    try await server.close()
    return value
  } catch {
    connection.close()
    try? await server.close()
    throw error
  }
}

/// Answers whatever it reads with the same bytes.
private final class ScriptedHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let bytes: [UInt8]
  private let hangsUp: Bool

  init(bytes: [UInt8], hangsUp: Bool) {
    self.bytes = bytes
    self.hangsUp = hangsUp
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: bytes)), promise: nil)
    if hangsUp { context.close(promise: nil) }
  }
}
