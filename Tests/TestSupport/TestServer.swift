import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// A server on loopback with scripted replies, for faults that a real server does not produce on demand.
public final class TestServer: Sendable {
  public struct Request: Sendable {
    public let path: String
    public let headers: [String: String]
    public let body: Data
    /// Counted from 1.
    public let number: Int

    public var json: [String: Any] { (try? JSONSerialization.jsonObject(with: body)) as? [String: Any] ?? [:] }
  }

  public indirect enum Reply: Sendable {
    case answer(Int, String, headers: [String: String] = [:])
    /// A response whose body is not text.
    case bytes(Int, [UInt8], headers: [String: String] = [:])
    /// Sends half of the announced body, then closes the connection.
    case truncated(String)
    /// Closes the connection without a response.
    case reset
    /// Sends nothing for so many seconds.
    case hang(Double)
    /// Announces no length and never stops sending.
    case endless
    /// Sends one byte every so many seconds and never ends.
    case drip(Double)
    /// Another reply, after so many seconds.
    case after(Double, Reply)
  }

  private let channel: any Channel
  private let log = Mutex<[Request]>([])
  private let keepsRequests: Bool
  private let count = Mutex(0)

  /// All requests, in order.
  public var requests: [Request] { log.withLock(\.self) }
  public var port: Int { channel.localAddress?.port ?? 0 }
  public var url: String { "http://127.0.0.1:\(port)/v1" }

  /// Runs `body` with a server and ends the server afterwards.
  ///
  /// - Parameter keepsRequests: Whether ``requests`` is filled. In a long measurement the requests would use too much
  ///   memory.
  public static func with<T>(
    keepsRequests: Bool = true, port: Int = 0, _ reply: @escaping @Sendable (Request) -> Reply,
    _ body: (TestServer) async throws -> T
  ) async throws -> T {
    let holder = Holder()
    let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .serverChannelOption(.backlog, value: 4_096)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.configureHTTPServerPipeline()
          try channel.pipeline.syncOperations.addHandler(Handler(holder: holder, reply: reply))
        }
      }
      .bind(host: "127.0.0.1", port: port).get()
    let server = TestServer(channel: channel, keepsRequests: keepsRequests)
    holder.server.withLock { $0 = server }
    do {
      let value = try await body(server)
      try await channel.close()
      return value
    } catch {
      try? await channel.close()
      throw error
    }
  }

  private init(channel: any Channel, keepsRequests: Bool) {
    self.channel = channel
    self.keepsRequests = keepsRequests
  }

  fileprivate func note(_ path: String, _ headers: HTTPHeaders, _ body: Data) -> Request {
    let number = count.withLock {
      $0 += 1
      return $0
    }
    let request = Request(
      path: path,
      headers: Dictionary(headers.map { ($0.name.lowercased(), $0.value) }, uniquingKeysWith: { first, _ in first }),
      body: body, number: number)
    if keepsRequests { log.withLock { $0.append(request) } }
    return request
  }

  fileprivate final class Holder: Sendable {
    let server = Mutex<TestServer?>(nil)
  }

  private final class Handler: ChannelInboundHandler, @unchecked Sendable {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    // Accessed only on the channel's event loop.
    private var head: HTTPRequestHead?
    private var body = Data()
    private let holder: Holder
    private let reply: @Sendable (Request) -> Reply

    init(holder: Holder, reply: @escaping @Sendable (Request) -> Reply) {
      self.holder = holder
      self.reply = reply
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      switch unwrapInboundIn(data) {
      case .head(let head):
        self.head = head
        body = Data()
      case .body(let buffer): body.append(contentsOf: buffer.readableBytesView)
      case .end:
        guard let head, let request = holder.server.withLock({ $0 })?.note(head.uri, head.headers, body) else { return }
        answer(reply(request), context: context)
      }
    }

    private func answer(_ reply: Reply, context: ChannelHandlerContext) {
      let channel = context.channel
      switch reply {
      case .answer(let status, let text, let extra):
        send(
          ByteBuffer(string: text), promised: text.utf8.count, status: status, extra: extra, context: context,
          closing: false)
      case .bytes(let status, let bytes, let extra):
        send(
          ByteBuffer(bytes: bytes), promised: bytes.count, status: status, extra: extra, context: context,
          closing: false)
      case .truncated(let text):
        send(
          ByteBuffer(string: String(text.prefix(text.count / 2))), promised: text.utf8.count, status: 200, extra: [:],
          context: context,
          closing: true)
      case .reset: context.close(promise: nil)
      case .hang(let seconds):
        context.eventLoop.scheduleTask(in: .milliseconds(Int64(seconds * 1_000))) { channel.close(promise: nil) }
      case .endless:
        head(context)
        flood(context)
      case .drip(let seconds):
        head(context)
        drip(context, seconds)
      case .after(let seconds, let later):
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        context.eventLoop.scheduleTask(in: .milliseconds(Int64(seconds * 1_000))) {
          let (handler, context) = bound.value
          guard context.channel.isActive else { return }
          handler.answer(later, context: context)
        }
      }
    }

    private func head(_ context: ChannelHandlerContext) {
      let head = HTTPResponseHead(version: .http1_1, status: .ok, headers: ["Transfer-Encoding": "chunked"])
      context.writeAndFlush(wrapOutboundOut(.head(head)), promise: nil)
    }

    /// Sends the next piece when the last one has been written.
    private func flood(_ context: ChannelHandlerContext) {
      let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
      let piece = ByteBuffer(repeating: UInt8(ascii: " "), count: 1 << 18)
      context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(piece)))).whenSuccess {
        bound.value.0.flood(bound.value.1)
      }
    }

    private func drip(_ context: ChannelHandlerContext, _ seconds: Double) {
      let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
      context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: " "))))).whenSuccess {
        bound.value.1.eventLoop.scheduleTask(in: .milliseconds(Int64(seconds * 1_000))) {
          bound.value.0.drip(bound.value.1, seconds)
        }
      }
    }

    private func send(
      _ body: ByteBuffer, promised: Int, status: Int, extra: [String: String], context: ChannelHandlerContext,
      closing: Bool
    ) {
      var headers = HTTPHeaders([("Content-Type", "application/json"), ("Content-Length", "\(promised)")])
      for (name, value) in extra { headers.add(name: name, value: value) }
      let head = HTTPResponseHead(version: .http1_1, status: .init(statusCode: status), headers: headers)
      context.write(wrapOutboundOut(.head(head)), promise: nil)
      context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
      if closing {
        context.close(promise: nil)
      } else {
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
      }
    }
  }
}
