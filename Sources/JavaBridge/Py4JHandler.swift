import NIOCore

/// Sends calls one at a time and pairs them with the lines received. Ends the connection on a protocol error.
final class Py4JHandler: ChannelDuplexHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundIn = Py4JBatch
  typealias OutboundOut = ByteBuffer

  private let limits: Py4JConnection.Limits
  private var pending: CircularBuffer<(batch: Py4JBatch, lines: [String])> = []
  /// The name of the current context on the other side.
  private var current: String?
  /// The number of unanswered calls that set the first batch's context. Its own calls are sent afterwards.
  private var entering = 0
  private var received = ByteBuffer()
  /// The number of bytes of `received` known to hold no line feed, so that a long line is searched only once.
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
    if pending.count == 1 { begin(context) }
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
      return end(context, Py4JFailure(.malformed, "an answer without a request: \(line.prefix(120).debugDescription)"))
    }
    let first = pending.startIndex
    if entering > 0 { return enter(line, pending[first].batch, context) }
    pending[first].lines.append(line)
    guard pending[first].lines.count == pending[first].batch.calls.count else { return sendNext(context) }
    let (batch, lines) = pending.removeFirst()
    batch.promise.succeed(lines)
    begin(context)
  }

  /// Begins the first pending batch, if there is one.
  private func begin(_ context: ChannelHandlerContext) {
    entering = 0
    if let wanted = pending.first?.batch.context, wanted.name != current {
      current = nil
      entering = wanted.entry.count
    }
    sendNext(context)
  }

  private func enter(_ line: String, _ batch: Py4JBatch, _ context: ChannelHandlerContext) {
    guard line.hasPrefix("!y") else {
      // The state is only partly set, so `current` stays nil.
      batch.promise.fail(Py4JFailure(.refused, "its state could not be set: \(line.prefix(120).debugDescription)"))
      pending.removeFirst()
      return begin(context)
    }
    entering -= 1
    if entering == 0 { current = batch.context?.name }
    sendNext(context)
  }

  private func sendNext(_ context: ChannelHandlerContext) {
    if let (batch, lines) = pending.first {
      let call = batch.context.flatMap { entering > 0 ? $0.entry[$0.entry.count - entering] : nil }
      context.writeAndFlush(wrapOutboundOut(call ?? batch.calls[lines.count]), promise: nil)
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
