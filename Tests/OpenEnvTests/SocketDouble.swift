import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOWebSocket
import Synchronization

/// A WebSocket server on loopback with scripted replies, for faults that a real server does not produce on demand.
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
    /// Closes the connection without a close frame.
    case hangUp
    /// Sends bytes that are not a valid frame.
    case garbage
  }

  /// The server's scripted behaviour.
  struct Manners: Sendable {
    /// Status and body of an HTTP answer, by path.
    var pages: [String: (Int, String)] = ["/schema": (200, SocketDouble.schema)]
    /// Refuses the WebSocket upgrade with this status.
    var refusal: Int?
    /// Accepts connections and never answers, not even with HTTP.
    var isMute = false
    /// Messages sent at the start of a connection, by its number from 1.
    var greeting: @Sendable (Int) -> [Reply] = { _ in [] }
    /// The replies to a message.
    var reply: @Sendable (Message) -> [Reply] = { SocketDouble.play($0) }
    /// Whether the server answers a close frame.
    var isPolite = true
  }

  struct Message: Sendable {
    let text: String
    /// The number of the connection, from 1.
    let connection: Int
    /// The number of the message on its connection, from 1.
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

  /// A healthy world that repeats the words of each step.
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

  /// Waits until every connection is closed. All earlier events are then in the log.
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

  /// Decrements the count when the server ends the session. The client learns of that before the connection is closed.
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
          // WebSocket allows control frames between fragments.
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
        // A fragmented ping, which WebSocket forbids. It is written past the encoder.
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
