import Agents

/// Why a request to a server had no usable answer.
struct GymFailure: Error {
  enum Kind: Sendable {
    /// The run was stopped.
    case cancelled
    /// Nothing listens at the address.
    case absent
    /// The server exists but accepts no requests now.
    case busy
    /// The connection could not be made, or broke.
    case broken
    /// The answer was late, too long or a server error, or the connection broke. The state of the environment is
    /// unknown.
    case lost
    /// The answer does not fit the dialect.
    case foreign
    /// The server's own `error`, with status 200.
    case refused
  }

  let kind: Kind
  /// What happened, phrased to follow the server's name.
  let reason: String
  /// The HTTP status, if there was an answer.
  var status: Int?
  /// Keys that the server missed in the request.
  var missing: [String] = []
  /// The answer, if it was JSON.
  var answer: JSONValue?
  /// The route of the request.
  var route: Route?

  init(_ kind: Kind, _ reason: String) {
    self.kind = kind
    self.reason = reason
  }

  static let cancelled = GymFailure(.cancelled, "was not waited for: the run was stopped.")

  /// Whether the server has answered, so that the request is no longer being processed.
  var isAnswer: Bool { kind == .refused || kind == .foreign }

  /// - Parameter server: the server's name, with which the message begins.
  func error(at server: String, taskName: String? = nil) -> WorldError {
    let kind: WorldError.Kind =
      switch self.kind {
      case .cancelled: .cancelled
      case .foreign: .misconfigured
      case .absent, .busy, .broken, .lost, .refused: .unavailable
      }
    return WorldError(kind, "\(server)\(taskName.map { ", \($0)," } ?? "") \(reason)")
  }
}
