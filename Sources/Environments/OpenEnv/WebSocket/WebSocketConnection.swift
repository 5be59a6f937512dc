import NIOCore

/// A WebSocket on which one text is sent at a time and one text answers it.
struct WebSocketConnection: Sendable {
  private let channel: any Channel
  private let remains: WebSocketHandler.Remains

  init(channel: any Channel, remains: WebSocketHandler.Remains) {
    self.channel = channel
    self.remains = remains
  }

  /// Asks and waits for the answer. A question without an answer, or one given up, ends the connection: what came later
  /// would pass for the answer to the next.
  func answer(to text: String, within seconds: Double) async throws(WebSocketFailure) -> String {
    let promise = channel.eventLoop.makePromise(of: String.self)
    do {
      return try await withTaskCancellationHandler {
        let remains = remains
        channel.writeAndFlush(WebSocketHandler.Order.ask(text, seconds: seconds, answer: promise)).whenFailure {
          error in
          // The channel is gone, and the handler with it.
          promise.completeWith(remains.last ?? .failure(WebSocketFailure.closed(code: nil, reason: "\(error)")))
        }
        return try await promise.futureResult.get()
      } onCancel: {
        promise.fail(WebSocketFailure.cancelled)
        channel.close(promise: nil)
      }
    } catch {
      throw error as? WebSocketFailure ?? .closed(code: nil, reason: "\(error)")
    }
  }

  var isOpen: Bool { channel.isActive }

  /// Parts from the server and returns once the connection is closed, by force where the server does not do its part.
  ///
  /// - Parameter seconds: what the server is given for its part.
  func close(by parting: Parting = .frame, within seconds: Double) async {
    guard channel.isActive else { return }
    channel.writeAndFlush(WebSocketHandler.Order.part(parting), promise: nil)
    let channel = channel
    let alarm = channel.eventLoop.scheduleTask(in: .milliseconds(Int64(seconds * 1_000))) {
      channel.close(promise: nil)
    }
    try? await channel.closeFuture.get()
    alarm.cancel()
  }

  /// What makes a server close.
  enum Parting: Sendable, Hashable {
    /// A message that it understands so, and answers once it has put everything away.
    case word(String)
    /// A close frame.
    case frame
    /// Nothing: it closes by itself.
    case silence
  }
}
