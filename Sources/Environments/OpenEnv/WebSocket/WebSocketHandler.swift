import NIOCore
import NIOWebSocket
import Synchronization

/// Pairs the open request with the message that answers it. Ends the connection on a protocol error.
final class WebSocketHandler: ChannelDuplexHandler {
  typealias InboundIn = WebSocketFrame
  typealias OutboundIn = Order
  typealias OutboundOut = WebSocketFrame

  enum Order: Sendable {
    case ask(String, seconds: Double, answer: EventLoopPromise<String>)
    case part(WebSocketConnection.Parting)
  }

  /// State that outlives the handler, for requests made after the connection has ended. A server may refuse a session
  /// and close before the first request.
  final class Remains: Sendable {
    /// The message that the server sent before the first request.
    let greeting = Mutex<String?>(nil)
    let end = Mutex<WebSocketFailure?>(nil)
  }

  private let limit: Int
  private let remains: Remains
  private var pending: (answer: EventLoopPromise<String>, alarm: Scheduled<Void>)?
  private var wasAsked = false
  private var message: ByteBuffer?
  private var isOver = false
  private var isParting = false

  /// - Parameter limit: the longest message, in bytes.
  init(limit: Int, remains: Remains) {
    self.limit = limit
    self.remains = remains
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    promise?.succeed()
    switch unwrapOutboundIn(data) {
    case .ask(let text, let seconds, let answer):
      if let last = remains.last { return answer.completeWith(last) }
      guard pending == nil else { return answer.fail(WebSocketFailure.malformed("two requests at a time")) }
      wasAsked = true
      let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
      let alarm = context.eventLoop.scheduleTask(in: .milliseconds(Int64(seconds * 1_000))) {
        bound.value.0.stop(bound.value.1, .timedOut(seconds))
      }
      pending = (answer, alarm)
      send(context, .text, ByteBuffer(string: text))
    case .part(let parting):
      guard !isOver, !isParting else { return }
      isParting = true
      switch parting {
      case .word(let word): send(context, .text, ByteBuffer(string: word))
      case .frame: sendClose(context, .normalClosure)
      case .silence: break
      }
    }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard !isOver else { return }
    let frame = unwrapInboundIn(data)
    switch frame.opcode {
    case .text, .continuation: take(frame, context)
    case .ping:
      // A server that sends many pings without reading gets no more pongs.
      if context.channel.isWritable { send(context, .pong, frame.unmaskedData) }
    case .pong: break
    case .connectionClose:
      var data = frame.unmaskedData
      let code = data.readInteger(as: UInt16.self)
      let reason = String(decoding: data.readableBytesView, as: UTF8.self)
      sendClose(context, code.map { WebSocketErrorCode(codeNumber: Int($0)) } ?? .normalClosure)
      stop(context, .closed(code: code.map { Int($0) } ?? 1005, reason: reason))
    default:
      sendClose(context, .unacceptableData)
      stop(context, .malformed("a frame that is not text"))
    }
  }

  private func take(_ frame: WebSocketFrame, _ context: ChannelHandlerContext) {
    guard (frame.opcode == .continuation) == (message != nil) else {
      sendClose(context, .protocolError)
      return stop(context, .malformed("a fragment out of order"))
    }
    var data = frame.unmaskedData
    var whole = message ?? ByteBuffer()
    whole.writeBuffer(&data)
    message = whole
    guard whole.readableBytes <= limit else {
      sendClose(context, .messageTooLarge)
      return stop(context, .tooLong(limit))
    }
    guard frame.fin else { return }
    message = nil
    // Invalid UTF-8 is repaired, as a terminal would do.
    deliver(String(decoding: whole.readableBytesView, as: UTF8.self), context)
  }

  private func deliver(_ text: String, _ context: ChannelHandlerContext) {
    if let (answer, alarm) = pending {
      pending = nil
      alarm.cancel()
      answer.succeed(text)
    } else if !wasAsked, remains.greeting.withLock(\.self) == nil {
      remains.greeting.withLock { $0 = text }
    } else if !isParting {
      stop(context, .malformed("an answer without a request: \(text.prefix(200))"))
    }
  }

  func channelInactive(context: ChannelHandlerContext) {
    stop(context, .closed(code: nil, reason: ""))
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    switch error {
    case NIOWebSocketError.invalidFrameLength:
      sendClose(context, .messageTooLarge)
      stop(context, .tooLong(limit))
    case let error as NIOWebSocketError:
      sendClose(context, .protocolError)
      stop(context, .malformed("\(error)"))
    default: stop(context, .closed(code: nil, reason: "\(error)"))
    }
  }

  private func stop(_ context: ChannelHandlerContext, _ failure: WebSocketFailure) {
    guard !isOver else { return }
    isOver = true
    remains.end.withLock { $0 = failure }
    message = nil
    if let (answer, alarm) = pending {
      pending = nil
      alarm.cancel()
      answer.fail(failure)
    }
    context.close(promise: nil)
  }

  private func sendClose(_ context: ChannelHandlerContext, _ code: WebSocketErrorCode) {
    var data = ByteBuffer()
    data.write(webSocketErrorCode: code)
    send(context, .connectionClose, data)
  }

  private func send(_ context: ChannelHandlerContext, _ opcode: WebSocketOpcode, _ data: ByteBuffer) {
    let frame = WebSocketFrame(fin: true, opcode: opcode, maskKey: .random(), data: data)
    context.writeAndFlush(wrapOutboundOut(frame), promise: nil)
  }
}

extension WebSocketHandler.Remains {
  /// The answer to a request made after the connection has ended: the server's greeting, or else the failure.
  var last: Result<String, any Error>? {
    if let greeting = greeting.withLock({ greeting in
      defer { greeting = nil }
      return greeting
    }) {
      return .success(greeting)
    }
    return end.withLock(\.self).map { .failure($0) }
  }
}
