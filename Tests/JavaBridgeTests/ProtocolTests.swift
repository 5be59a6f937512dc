import Foundation
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import JavaBridge
@testable import ScienceWorld

@Test func callsAreWrittenAsPy4JReadsThem() {
  #expect(Py4JCall(new: "a.B").text == "i\na.B\ne\n")
  #expect(Py4JCall(new: "a.B", .integer(1)).text == "i\na.B\ni1\ne\n")
  #expect(Py4JCall(releasing: "o7").text == "m\nd\no7\ne\n")
  #expect(
    Py4JCall("o0", "load", .text("boil"), .integer(-3), .text("a\\b\nc\r"), .boolean(true)).text
      == "c\no0\nload\nsboil\ni-3\nsa\\\\b\\nc\\r\nbtrue\ne\n")
  #expect(Py4JCall("o1", "set", .nothing, .object("o2")).text == "c\no1\nset\nn\nro2\ne\n")
  #expect(
    Py4JCall(type: "java.lang.Class", "forName", .text("a.B$")).text
      == "c\nz:java.lang.Class\nforName\nsa.B$\ne\n")
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

  /// The failure of a connection to a server that answers every read with these bytes and then may close.
  private func failure(
    _ answer: String, hangsUp: Bool = false, within deadline: Duration = .seconds(120)
  ) async throws -> Py4JFailure.Kind? {
    try await withServer(bytes: Array(answer.utf8), hangsUp: hangsUp, within: deadline) { connection in
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
    let found = try await failure("", within: .milliseconds(300))
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

  /// A context is entered when the previous calls belonged to another context, and again after a failed entry.
  @Test func contextsAreEnteredWhenTheyChange() async throws {
    let heard = Heard()
    try await withServer(bytes: Array("!yv\n".utf8), hangsUp: false, heard: heard) { connection in
      let contexts = ["a", "b"].map { Py4JContext(name: $0, entry: [Py4JCall("state", $0), Py4JCall("more", $0)]) }
      for place in [0, 0, 1, 0] {
        let answers = try await connection.answers(to: [Self.call, Py4JCall("o0", "getScore")], in: contexts[place])
        #expect(answers == [.nothing, .nothing])
        _ = try await connection.answer(to: Py4JCall("list", "size"))
      }
    }
    let call = ["o0.step", "o0.getScore", "list.size"]
    let a = ["state.a", "more.a"]
    #expect(heard.calls == a + call + call + ["state.b", "more.b"] + call + a + call)
  }

  @Test func aContextThatCannotBeEnteredIsARefusal() async throws {
    let heard = Heard()
    try await withServer(bytes: Array("!xsboom\n".utf8), hangsUp: false, heard: heard) { connection in
      let context = Py4JContext(name: "a", entry: [Py4JCall("state", "a")])
      for _ in 0..<2 {
        let failure = await #expect(throws: Py4JFailure.self) {
          try await connection.answer(to: Self.call, in: context)
        }
        #expect(failure?.kind == .refused && failure?.description.contains("boom") == true)
      }
    }
    #expect(heard.calls == ["state.a", "state.a"])
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

  @Test(arguments: ["!yi2000000000\n", "!yi-1\n", "!yL9223372036854775807\n"])
  func aListOfAbsurdLengthIsNotRead(answer: String) async throws {
    try await withServer(answer, hangsUp: false) { connection in
      let failure = await #expect(throws: Py4JFailure.self) { try await connection.texts(of: .object("o1")) }
      #expect(failure?.kind == .malformed)
    }
  }

  @Test func aListIsReleasedAlsoIfItCannotBeRead() async throws {
    let heard = Heard()
    try await withServer(bytes: Array("!yi1\n".utf8), hangsUp: false, heard: heard) { connection in
      let failure = await #expect(throws: Py4JFailure.self) { try await connection.texts(of: .object("o1")) }
      #expect(failure?.kind == .malformed)
    }
    #expect(heard.calls == ["o1.size", "o1.get", "d.o1"])
  }

  @Test(arguments: [
    "!ysa\n!yd2\n!ybfalse\n", "!ysa\n!ydNaN\n!ybfalse\n", "!ysa\n!ys1\n!ybfalse\n", "!ysa\n!yd0.5\n!yi0\n",
  ])
  func aReportThatMakesNoSenseIsRefused(answer: String) async throws {
    try await withServer(answer, hangsUp: false) { connection in
      let bench = Bench(world: SimulatedWorld(connection: connection, name: "o0"))
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
  bytes: [UInt8], hangsUp: Bool, heard: Heard? = nil, within deadline: Duration = .seconds(120),
  _ body: (Py4JConnection) async throws -> T
) async throws -> T {
  let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
    .childChannelInitializer { channel in
      channel.eventLoop.makeCompletedFuture {
        try channel.pipeline.syncOperations.addHandler(ScriptedHandler(bytes: bytes, hangsUp: hangsUp, heard: heard))
      }
    }
    .bind(host: "127.0.0.1", port: 0).get()
  let port = try #require(server.localAddress?.port)
  let connection = try await Py4JConnection.open(
    port: port, limits: .init(deadline: deadline, answer: 4_096))
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

/// The calls that the server received, as object and method.
private final class Heard: Sendable {
  private let text = Mutex("")

  func add(_ read: String) { text.withLock { $0 += read } }

  var calls: [String] {
    text.withLock(\.self).components(separatedBy: "\ne\n").dropLast().map { call in
      call.split(separator: "\n").dropFirst().prefix(2).joined(separator: ".")
    }
  }
}

/// Answers every read with the same bytes.
private final class ScriptedHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let bytes: [UInt8]
  private let hangsUp: Bool
  private let heard: Heard?

  init(bytes: [UInt8], hangsUp: Bool, heard: Heard?) {
    self.bytes = bytes
    self.hangsUp = hangsUp
    self.heard = heard
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    heard?.add(String(buffer: unwrapInboundIn(data)))
    context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: bytes)), promise: nil)
    if hangsUp { context.close(promise: nil) }
  }
}
