import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOWebSocket
import Synchronization

/// A WebSocket server on loopback that answers as a test tells it to: for faults that a real one does not have on demand.
final class SocketDouble: Sendable {
  enum Reply: Sendable {
    case text(String)
    case bytes([UInt8])
    case fragments([String])
    /// The first part of a message that never ends.
    case opening(String)
    case ping(String)
    case binary
    case close(Int, String)
    /// Ends the connection without a word.
    case hangUp
    /// Bytes that are no frame.
    case garbage
  }

  /// How it meets what comes.
  struct Manners: Sendable {
    /// Status and body of an HTTP answer, by path.
    var pages: [String: (Int, String)] = ["/schema": (200, SocketDouble.schema)]
    /// Refuses WebSocket with this status.
    var refusal: Int?
    /// Accepts connections and says nothing, not even HTTP.
    var isMute = false
    /// What is said at once, to the connection of this number, from 1.
    var greeting: @Sendable (Int) -> [Reply] = { _ in [] }
    /// What is said to a text.
    var reply: @Sendable (Message) -> [Reply] = { SocketDouble.play($0) }
    /// Answers a close frame.
    var isPolite = true
  }

  struct Message: Sendable {
    let text: String
    /// Of the connection, from 1.
    let connection: Int
    /// Of the message on its connection, from 1.
    let number: Int

    var type: String { (object["type"] as? String) ?? "" }
    var data: [String: Any] { (object["data"] as? [String: Any]) ?? [:] }
    private var object: [String: Any] {
      (try? JSONSerialization.jsonObject(with: Data(text.utf8))) as? [String: Any] ?? [:]
    }
  }

  struct Log: Sendable {
    var texts: [String] = []
    var pongs: [String] = []
    var closeCodes: [Int] = []
    var unmasked = 0
    var connections = 0
    var open = 0
    var mostOpen = 0
  }

  static let schema = """
    {"action": {"properties": {"words": {"type": "string"}, "metadata": {"type": "object"}}, "required": ["words"],
     "additionalProperties": false}, "observation": {}, "state": {}}
    """

  static func observation(_ text: String, reward: String = "null", done: Bool = false) -> Reply {
    .text(#"{"type":"observation","data":{"observation":{"text":"\#(text)"},"reward":\#(reward),"done":\#(done)}}"#)
  }

  static func error(_ code: String, _ message: String = "no") -> Reply {
    .text(#"{"type":"error","data":{"message":"\#(message)","code":"\#(code)","max_sessions":1}}"#)
  }

  /// An even-tempered world: says what it was told.
  static func play(_ message: Message) -> [Reply] {
    switch message.type {
    case "reset": [observation("start")]
    case "step": [observation("\(message.data["words"] ?? "?")", reward: "1")]
    default: [.close(1000, "")]
    }
  }

  let manners: Manners
  private let state = Mutex((log: Log(), channel: (any Channel)?.none, children: [any Channel]()))

  var log: Log { state.withLock(\.log) }
  var url: String { "http://127.0.0.1:\(state.withLock(\.channel)?.localAddress?.port ?? 0)" }

  private init(_ manners: Manners) { self.manners = manners }

  static func with<T>(
    _ manners: Manners = Manners(), _ body: (SocketDouble) async throws -> T
  ) async throws -> T {
    let server = SocketDouble(manners)
    let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelInitializer { channel in
        server.state.withLock { $0.children.append(channel) }
        return channel.eventLoop.makeCompletedFuture {
          guard !manners.isMute else { return }
          let upgrader = NIOTypedWebSocketServerUpgrader<Bool>(
            maxFrameSize: 1 << 24,
            shouldUpgrade: { channel, head in
              channel.eventLoop.makeSucceededFuture(
                manners.refusal == nil && head.uri.hasSuffix("/ws") ? HTTPHeaders() : nil)
            },
            upgradePipelineHandler: { channel, _ in
              channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHandler(FrameHandler(server))
                return true
              }
            })
          _ = try channel.pipeline.syncOperations.configureUpgradableHTTPServerPipeline(
            configuration: .init(
              upgradeConfiguration: .init(upgraders: [upgrader]) { channel in
                channel.eventLoop.makeCompletedFuture {
                  try channel.pipeline.syncOperations.addHandler(PageHandler(manners))
                  return false
                }
              }))
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
    server.state.withLock { $0.channel = channel }
    let value: Result<T, any Error>
    do { value = .success(try await body(server)) } catch { value = .failure(error) }
    try? await channel.close()
    for child in server.state.withLock(\.children) { child.close(promise: nil) }
    await server.allClosed()
    return try value.get()
  }

  /// Returns once every connection is closed, and all that came before is in the log.
  func allClosed() async {
    for child in state.withLock(\.children) { try? await child.closeFuture.get() }
  }

  fileprivate func note<T>(_ body: (inout Log) -> T) -> T { state.withLock { body(&$0.log) } }
}

private final class PageHandler: ChannelInboundHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart

  private let manners: SocketDouble.Manners
  private var path = ""

  init(_ manners: SocketDouble.Manners) { self.manners = manners }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head(let head): path = head.uri
    case .body: break
    case .end:
      let (status, body) =
        path.isEmpty || path.hasSuffix("/ws") ? (manners.refusal ?? 404, "") : manners.pages[path] ?? (404, "")
      let head = HTTPResponseHead(
        version: .http1_1, status: .init(statusCode: status), headers: ["Content-Length": "\(body.utf8.count)"])
      context.write(wrapOutboundOut(.head(head)), promise: nil)
      context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: body)))), promise: nil)
      context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }
  }
}

private final class FrameHandler: ChannelInboundHandler {
  typealias InboundIn = WebSocketFrame
  typealias OutboundOut = WebSocketFrame

  private let server: SocketDouble
  private var connection = 0
  private var number = 0
  private var isCounted = true

  init(_ server: SocketDouble) { self.server = server }

  func handlerAdded(context: ChannelHandlerContext) {
    connection = server.note {
      $0.connections += 1
      $0.open += 1
      $0.mostOpen = max($0.mostOpen, $0.open)
      return $0.connections
    }
    send(server.manners.greeting(connection), context)
  }

  func channelInactive(context: ChannelHandlerContext) {
    countOut()
    context.fireChannelInactive()
  }

  /// A session counts no more once the server has parted from it, which the client hears before the connection is closed.
  private func countOut() {
    guard isCounted else { return }
    isCounted = false
    server.note { $0.open -= 1 }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let frame = unwrapInboundIn(data)
    var bytes = frame.unmaskedData
    if frame.maskKey == nil { server.note { $0.unmasked += 1 } }
    switch frame.opcode {
    case .text:
      number += 1
      let text = String(buffer: bytes)
      server.note { $0.texts.append(text) }
      send(server.manners.reply(.init(text: text, connection: connection, number: number)), context)
    case .pong: server.note { $0.pongs.append(String(buffer: bytes)) }
    case .connectionClose:
      if let code = bytes.readInteger(as: UInt16.self) { server.note { $0.closeCodes.append(Int(code)) } }
      if server.manners.isPolite { context.close(promise: nil) }
    default: break
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

  private func send(_ replies: [SocketDouble.Reply], _ context: ChannelHandlerContext) {
    for reply in replies {
      switch reply {
      case .text(let text): frame(context, .text, ByteBuffer(string: text))
      case .bytes(let bytes): frame(context, .text, ByteBuffer(bytes: bytes))
      case .fragments(let parts):
        for (place, part) in parts.enumerated() {
          frame(context, place == 0 ? .text : .continuation, ByteBuffer(string: part), fin: place == parts.count - 1)
          // Control frames may come between fragments.
          if place == 0 { frame(context, .ping, ByteBuffer(string: "between")) }
        }
      case .opening(let part): frame(context, .text, ByteBuffer(string: part), fin: false)
      case .ping(let text): frame(context, .ping, ByteBuffer(string: text))
      case .binary: frame(context, .binary, ByteBuffer(bytes: [0, 1]))
      case .close(let code, let reason):
        countOut()
        var data = ByteBuffer()
        data.writeInteger(UInt16(code))
        data.writeString(reason)
        frame(context, .connectionClose, data)
      case .hangUp: context.close(promise: nil)
      case .garbage:
        // A ping in fragments, which there are none of, written past the encoder.
        if let encoder = try? context.pipeline.syncOperations.context(handlerType: WebSocketFrameEncoder.self) {
          encoder.writeAndFlush(NIOAny(ByteBuffer(bytes: [0x09, 0x00])), promise: nil)
        }
      }
    }
  }

  private func frame(_ context: ChannelHandlerContext, _ opcode: WebSocketOpcode, _ data: ByteBuffer, fin: Bool = true)
  {
    context.writeAndFlush(wrapOutboundOut(WebSocketFrame(fin: fin, opcode: opcode, data: data)), promise: nil)
  }
}
