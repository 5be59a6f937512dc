import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// A server on loopback that answers as a test tells it to: for faults that a real server does not have on demand.
final class TestServer: Sendable {
  struct Request: Sendable {
    let path: String
    let headers: [String: String]
    let body: Data
    /// Counted from 1.
    let number: Int

    var json: [String: Any] { (try? JSONSerialization.jsonObject(with: body)) as? [String: Any] ?? [:] }
  }

  enum Reply: Sendable {
    case answer(Int, String, headers: [String: String] = [:])
    /// Sends half of the body it promised, then closes.
    case truncated(String)
    /// Closes without a word.
    case reset
    /// Says nothing for so many seconds.
    case hang(Double)
  }

  private let channel: any Channel
  private let log = Mutex<[Request]>([])

  var requests: [Request] { log.withLock(\.self) }
  var url: String { "http://127.0.0.1:\(channel.localAddress?.port ?? 0)/v1" }

  /// Runs `body` with a server and takes it down after.
  static func with<T>(
    _ reply: @escaping @Sendable (Request) -> Reply, _ body: (TestServer) async throws -> T
  ) async throws -> T {
    let holder = Holder()
    let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.configureHTTPServerPipeline()
          try channel.pipeline.syncOperations.addHandler(Handler(holder: holder, reply: reply))
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
    let server = TestServer(channel: channel)
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

  private init(channel: any Channel) { self.channel = channel }

  fileprivate func note(_ path: String, _ headers: HTTPHeaders, _ body: Data) -> Request {
    log.withLock {
      let request = Request(
        path: path,
        headers: Dictionary(headers.map { ($0.name.lowercased(), $0.value) }, uniquingKeysWith: { first, _ in first }),
        body: body, number: $0.count + 1)
      $0.append(request)
      return request
    }
  }

  fileprivate final class Holder: Sendable {
    let server = Mutex<TestServer?>(nil)
  }

  private final class Handler: ChannelInboundHandler, @unchecked Sendable {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    // Touched only on the channel's event loop.
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
        switch reply(request) {
        case .answer(let status, let text, let extra):
          send(text, promised: text.utf8.count, status: status, extra: extra, context: context, closing: false)
        case .truncated(let text):
          send(
            String(text.prefix(text.count / 2)), promised: text.utf8.count, status: 200, extra: [:], context: context,
            closing: true)
        case .reset: context.close(promise: nil)
        case .hang(let seconds):
          let channel = context.channel
          context.eventLoop.scheduleTask(in: .milliseconds(Int64(seconds * 1_000))) { channel.close(promise: nil) }
        }
      }
    }

    private func send(
      _ text: String, promised: Int, status: Int, extra: [String: String], context: ChannelHandlerContext, closing: Bool
    ) {
      var headers = HTTPHeaders([("Content-Type", "application/json"), ("Content-Length", "\(promised)")])
      for (name, value) in extra { headers.add(name: name, value: value) }
      let head = HTTPResponseHead(version: .http1_1, status: .init(statusCode: status), headers: headers)
      context.write(wrapOutboundOut(.head(head)), promise: nil)
      context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: text)))), promise: nil)
      if closing {
        context.close(promise: nil)
      } else {
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
      }
    }
  }
}
