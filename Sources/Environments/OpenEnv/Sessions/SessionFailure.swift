import Agents

/// Why a session failed, by what can be done about it.
enum SessionFailure: Error {
  /// The server has no free session. Wait, or close one.
  case full(String)
  /// No connection could be made. Retry, or use another server.
  case unreachable(String)
  /// The session is lost. Open another and replay the actions.
  case lost(String)
  /// Retrying cannot help.
  case final(WorldError)
}
