import NIOCore

/// Sends calls one at a time, pairs them with the lines that arrive, and ends the connection when either is not as it should be.
final class Py4JHandler: ChannelDuplexHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundIn = Py4JBatch
  typealias OutboundOut = ByteBuffer

  private let limits: Py4JConnection.Limits
  private var pending: CircularBuffer<(batch: Py4JBatch, lines: [String])> = []
  private var received = ByteBuffer()
  /// How much of `received` is known to hold no line feed, so that a long line is searched once.
  private var searched = 0
  private var alarm: Scheduled<Void>?

  init(limits: Py4JConnection.Limits) { self.limits = limits }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    guard context.channel.isActive else {
      promise?.fail(ChannelError.ioOnClosedChannel)
      return
    }
    pending.append((unwrapOutboundIn(data), []))
    promise?.succeed()
    if pending.count == 1 { sendNext(context) }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    var bytes = unwrapInboundIn(data)
    received.writeBuffer(&bytes)
    while let length = lineLength() {
      guard length <= limits.answer, let line = received.readString(length: length) else { break }
      received.moveReaderIndex(forwardBy: 1)
      searched = 0
      take(line, context)
    }
    received.discardReadBytes()
    if received.readableBytes > limits.answer {
      end(context, Py4JFailure(.malformed, "an answer of more than \(limits.answer) bytes"))
    }
  }

  func channelInactive(context: ChannelHandlerContext) {
    end(context, Py4JFailure(.lost, "the connection was closed"))
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    end(context, Py4JFailure(.lost, "\(error)"))
  }

  private func lineLength() -> Int? {
    let view = received.readableBytesView
    let start = view.startIndex + searched
    guard let end = view[start...].firstIndex(of: UInt8(ascii: "\n")) else {
      searched = view.count
      return nil
    }
    return end - view.startIndex
  }

  private func take(_ line: String, _ context: ChannelHandlerContext) {
    guard !pending.isEmpty else {
      return end(context, Py4JFailure(.malformed, "an answer to nothing: \(line.prefix(120).debugDescription)"))
    }
    let first = pending.startIndex
    pending[first].lines.append(line)
    if pending[first].lines.count == pending[first].batch.calls.count {
      let (batch, lines) = pending.removeFirst()
      batch.promise.succeed(lines)
    }
    sendNext(context)
  }

  private func sendNext(_ context: ChannelHandlerContext) {
    if let (batch, lines) = pending.first {
      context.writeAndFlush(wrapOutboundOut(batch.calls[lines.count]), promise: nil)
    }
    setAlarm(context)
  }

  private func setAlarm(_ context: ChannelHandlerContext) {
    alarm?.cancel()
    alarm = nil
    guard !pending.isEmpty else { return }
    let deadline = limits.deadline
    let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
    alarm = context.eventLoop.scheduleTask(in: TimeAmount(deadline)) {
      let (handler, context) = bound.value
      handler.end(context, Py4JFailure(.late, "no answer for \(deadline)"))
    }
  }

  private func end(_ context: ChannelHandlerContext, _ failure: Py4JFailure) {
    alarm?.cancel()
    alarm = nil
    let waiting = pending
    pending.removeAll()
    for (batch, _) in waiting { batch.promise.fail(failure) }
    context.close(promise: nil)
  }
}
