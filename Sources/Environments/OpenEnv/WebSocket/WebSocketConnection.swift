import NIOCore

/// A WebSocket on which each text sent is answered by one text, one at a time.
struct WebSocketConnection: Sendable {
  private let channel: any Channel
  private let remains: WebSocketHandler.Remains

  init(channel: any Channel, remains: WebSocketHandler.Remains) {
    self.channel = channel
    self.remains = remains
  }

  /// Sends a text and waits for the answer. An unanswered or cancelled request ends the connection: its late answer
  /// would be taken for the answer to the next one.
  func answer(to text: String, within seconds: Double) async throws(WebSocketFailure) -> String {
    let promise = channel.eventLoop.makePromise(of: String.self)
    do {
      return try await withTaskCancellationHandler {
        let remains = remains
        channel.writeAndFlush(WebSocketHandler.Order.ask(text, seconds: seconds, answer: promise)).whenFailure {
          error in
          // The channel is closed, so the handler can no longer answer.
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

  /// Closes the connection, by force if the server does not cooperate in time.
  ///
  /// - Parameter seconds: how long to wait for the server.
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

  /// How the server is made to close the connection.
  enum Parting: Sendable, Hashable {
    /// A message that makes the server release everything and then close.
    case word(String)
    /// A close frame.
    case frame
    /// Nothing is sent: the server closes by itself.
    case silence
  }
}
