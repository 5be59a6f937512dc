import Agents

/// Why a question to a server brought no usable answer.
struct GymFailure: Error {
  enum Kind: Sendable {
    /// The run was stopped.
    case cancelled
    /// Nobody listens.
    case absent
    /// It is there and takes no questions now.
    case busy
    /// The connection could not be made, or broke.
    case broken
    /// The answer was late, too long or a server's error, or its connection broke: what has become of the environment
    /// is unknown.
    case lost
    /// Whoever answers speaks otherwise than the dialect.
    case foreign
    /// The server's own `error`, with status 200.
    case refused
  }

  let kind: Kind
  /// What happened, in words that follow the server's name.
  let reason: String
  /// Of HTTP, where it answered.
  var status: Int?
  /// Keys that the server missed in the request.
  var missing: [String] = []
  /// What it answered, where that was JSON.
  var answer: JSONValue?
  /// What was asked.
  var route: Route?

  init(_ kind: Kind, _ reason: String) {
    self.kind = kind
    self.reason = reason
  }

  static let cancelled = GymFailure(.cancelled, "was not waited for: the run was stopped.")

  /// The server has answered, so that nothing goes on any more.
  var isAnswer: Bool { kind == .refused || kind == .foreign }

  /// - Parameter server: its name, with which the message begins.
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
