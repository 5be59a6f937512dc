import Agents

/// Why a session did not do what was asked of it, by what can be done about it.
enum SessionFailure: Error {
  /// The server has no session to give: wait, or put one away.
  case full(String)
  /// There is no connection to be had: try again, or another server.
  case unreachable(String)
  /// The session is gone: open another and play its actions again.
  case lost(String)
  /// Nothing helps.
  case final(WorldError)
}
