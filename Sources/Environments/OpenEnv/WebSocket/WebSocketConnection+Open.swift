import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import NIOWebSocket
import Synchronization

extension WebSocketConnection {
  /// Connects and upgrades to WebSocket.
  ///
  /// - Parameters:
  ///   - limit: the longest message, in bytes.
  ///   - seconds: the limit for name resolution, connection, TLS and upgrade together.
  static func open(
    _ address: WebSocketAddress, limit: Int, within seconds: Double
  ) async throws(WebSocketFailure) -> WebSocketConnection {
    let attempt = Attempt()
    let loop = MultiThreadedEventLoopGroup.singleton.next()
    let alarm = loop.scheduleTask(in: .milliseconds(Int64(seconds * 1_000))) { attempt.stop(.timedOut(seconds)) }
    defer { alarm.cancel() }
    do {
      return try await withTaskCancellationHandler {
        try await upgraded(address, limit: limit, on: loop, attempt: attempt, seconds: seconds)
      } onCancel: {
        attempt.stop(.cancelled)
      }
    } catch {
      attempt.stop(.closed(code: nil, reason: ""))
      throw attempt.reason(else: error)
    }
  }

  private enum Answer: Sendable {
    case agreed(WebSocketConnection)
    case refused(EventLoopFuture<Int>)
  }

  private static func upgraded(
    _ address: WebSocketAddress, limit: Int, on loop: any EventLoop, attempt: Attempt, seconds: Double
  ) async throws -> WebSocketConnection {
    let security = address.isSecure ? try NIOSSLContext(configuration: .makeClientConfiguration()) : nil
    let answer = try await ClientBootstrap(group: loop)
      .channelOption(.socketOption(.tcp_nodelay), value: 1)
      .connectTimeout(.milliseconds(Int64(seconds * 1_000)))
      .connect(host: address.host, port: address.port) { channel in
        channel.eventLoop.makeCompletedFuture {
          try attempt.take(channel)
          let pipeline = channel.pipeline.syncOperations
          if let security {
            // TLS server names must not be IP addresses.
            let isNumber = (try? SocketAddress(ipAddress: address.host, port: 0)) != nil
            try pipeline.addHandler(
              NIOSSLClientHandler(context: security, serverHostname: isNumber ? nil : address.host))
          }
          return try pipeline.configureUpgradableHTTPClientPipeline(configuration: request(to: address, limit: limit))
        }
      }.get()
    switch answer {
    case .agreed(let connection): return connection
    case .refused(let status): throw WebSocketFailure.refused(status: try await status.get())
    }
  }

  private static func request(
    to address: WebSocketAddress, limit: Int
  ) -> NIOUpgradableHTTPClientPipelineConfiguration<Answer> {
    let upgrader = NIOTypedWebSocketClientUpgrader(maxFrameSize: limit, enableAutomaticErrorHandling: false) {
      channel, _ in
      channel.eventLoop.makeCompletedFuture {
        let remains = WebSocketHandler.Remains()
        try channel.pipeline.syncOperations.addHandler(WebSocketHandler(limit: limit, remains: remains))
        return Answer.agreed(WebSocketConnection(channel: channel, remains: remains))
      }
    }
    let head = HTTPRequestHead(
      version: .http1_1, method: .GET, uri: address.path, headers: ["Host": address.authority])
    var configuration = NIOUpgradableHTTPClientPipelineConfiguration(
      upgradeConfiguration: NIOTypedHTTPClientUpgradeConfiguration(
        upgradeRequestHead: head, upgraders: [upgrader],
        notUpgradingCompletionHandler: { channel in
          channel.eventLoop.makeCompletedFuture {
            let status = channel.eventLoop.makePromise(of: Int.self)
            try channel.pipeline.syncOperations.addHandler(StatusHandler(status))
            return Answer.refused(status.futureResult)
          }
        }))
    // A message sent at once, for example that the server is full, may arrive in one packet with the upgrade.
    configuration.leftOverBytesStrategy = .forwardBytes
    return configuration
  }

  /// An attempt to connect, which a timer or a cancellation may end at any point.
  private final class Attempt: Sendable {
    private struct State {
      var channels: [any Channel] = []
      var failure: WebSocketFailure?
    }

    private let state = Mutex(State())

    /// Called once per address, since a host may have several.
    func take(_ channel: any Channel) throws {
      try state.withLock {
        if let failure = $0.failure { throw failure }
        $0.channels.append(channel)
      }
    }

    func stop(_ failure: WebSocketFailure) {
      let channels = state.withLock {
        if $0.failure == nil { $0.failure = failure }
        return $0.channels
      }
      for channel in channels { channel.close(promise: nil) }
    }

    func reason(else error: any Error) -> WebSocketFailure {
      if let failure = state.withLock(\.failure), failure == .cancelled || failure.isLate { return failure }
      switch error {
      case let error as WebSocketFailure: return error
      case is NIOHTTPClientUpgradeError, is NIOWebSocketUpgradeError, is HTTPParserError: return .malformed("\(error)")
      case let error as NIOConnectionError:
        return .unreachable(error.connectionErrors.first.map { "\($0.error)" } ?? "\(error)")
      case is ChannelError: return .closed(code: nil, reason: "")
      default: return .unreachable("\(error)")
      }
    }
  }
}

extension WebSocketFailure {
  fileprivate var isLate: Bool {
    if case .timedOut = self { true } else { false }
  }
}

/// Reads the status of a response that does not upgrade to WebSocket.
private final class StatusHandler: ChannelInboundHandler {
  typealias InboundIn = HTTPClientResponsePart

  private let status: EventLoopPromise<Int>

  init(_ status: EventLoopPromise<Int>) { self.status = status }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard case .head(let head) = unwrapInboundIn(data) else { return }
    status.succeed(Int(head.status.code))
    context.close(promise: nil)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    status.fail(error)
    context.close(promise: nil)
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    status.fail(WebSocketFailure.closed(code: nil, reason: ""))
  }
}
