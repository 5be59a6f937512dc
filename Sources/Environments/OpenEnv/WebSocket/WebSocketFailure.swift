/// Why a WebSocket did not open, or why a message has no answer.
enum WebSocketFailure: Error, Hashable, CustomStringConvertible {
  /// No connection: no such host, nobody listens, no trust in the certificate.
  case unreachable(String)
  /// The server answers HTTP, and does not switch to WebSocket.
  case refused(status: Int)
  /// The connection ended: with a close frame's code and reason, or without one.
  case closed(code: Int?, reason: String)
  /// Nothing came for so many seconds.
  case timedOut(Double)
  /// A message is longer than so many bytes.
  case tooLong(Int)
  case cancelled
  /// What came is no WebSocket, or nothing that was asked for.
  case malformed(String)

  var description: String {
    switch self {
    case .unreachable(let reason): "no connection: \(reason)"
    case .refused(let status): "it answered HTTP \(status) where WebSocket was asked for"
    case .closed(nil, let reason): "the connection ended\(reason.isEmpty ? "" : ": \(reason)")"
    case .closed(let code?, let reason):
      "it closed the connection with code \(code)\(reason.isEmpty ? "" : ": \(reason)")"
    case .timedOut(let seconds): "it did not answer within \(seconds) s"
    case .tooLong(let bytes): "it sent a message of more than \(bytes >> 10) KB"
    case .cancelled: "the run was stopped"
    case .malformed(let reason): "it does not keep to WebSocket: \(reason)"
    }
  }
}
