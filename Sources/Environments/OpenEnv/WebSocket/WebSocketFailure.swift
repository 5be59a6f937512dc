/// Why a WebSocket could not be opened, or why a message has no answer.
enum WebSocketFailure: Error, Hashable, CustomStringConvertible {
  /// No connection: unknown host, nothing listening, or an untrusted certificate.
  case unreachable(String)
  /// The server answers HTTP, but does not upgrade to WebSocket.
  case refused(status: Int)
  /// The connection ended: with a close frame's code and reason, or without one.
  case closed(code: Int?, reason: String)
  /// Nothing arrived within this many seconds.
  case timedOut(Double)
  /// A message exceeds this many bytes.
  case tooLong(Int)
  case cancelled
  /// The data received are not WebSocket, or not an answer.
  case malformed(String)

  var description: String {
    switch self {
    case .unreachable(let reason): "no connection: \(reason)"
    case .refused(let status): "it answered the request for a WebSocket with HTTP status \(status)"
    case .closed(nil, let reason): "the connection ended\(reason.isEmpty ? "" : ": \(reason)")"
    case .closed(let code?, let reason):
      "it closed the connection with code \(code)\(reason.isEmpty ? "" : ": \(reason)")"
    case .timedOut(let seconds): "it did not answer within \(seconds) s"
    case .tooLong(let bytes): "it sent a message of more than \(bytes >> 10) KB"
    case .cancelled: "the run was stopped"
    case .malformed(let reason): "it does not follow the WebSocket protocol: \(reason)"
    }
  }
}
