import Agents

/// Decides how long a step is retried, depending on the failure.
struct Patience {
  struct Settings: Sendable {
    /// How long a full server is retried, in seconds.
    let capacityWait: Double
    /// How long an unreachable server is retried, in seconds.
    let recoveryWait: Double
  }

  static let closed = WorldError(.cancelled, "The OpenEnv sessions were closed.")
  /// The number of sessions that one step may lose.
  private static let losses = 3

  private let settings: Settings
  private var lost = 0
  private var tries = 0
  private var fullSince: ContinuousClock.Instant?
  private var downSince: ContinuousClock.Instant?

  init(_ settings: Settings) { self.settings = settings }

  /// Waits until the next attempt.
  ///
  /// - Parameter hasOthers: whether this pool has other sessions on the full server, one of which will become free.
  /// - Throws: if retrying cannot help, or the time is up.
  mutating func wait(after failure: SessionFailure, hasOthers: Bool) async throws(WorldError) {
    switch failure {
    case .final(let error): throw error
    case .lost(let message):
      lost += 1
      guard lost < Self.losses else {
        throw WorldError(
          .unavailable, "\(message) This happened with \(lost) sessions in a row; read the server's log.")
      }
    case .unreachable(let message):
      let since = downSince ?? .now
      downSince = since
      guard since.duration(to: .now) < .seconds(settings.recoveryWait) else {
        throw WorldError(
          .unavailable,
          """
          \(message) Tried for \(settings.recoveryWait) s: start the server, or check environment.url and \
          environment.recoveryWait.
          """)
      }
      try await pause()
    case .full(let message):
      downSince = nil
      if hasOthers {
        fullSince = nil
        return
      }
      let since = fullSince ?? .now
      fullSince = since
      guard since.duration(to: .now) < .seconds(settings.capacityWait) else {
        throw WorldError(
          .unavailable,
          "\(message) Tried for \(settings.capacityWait) s while other clients held all of its sessions: raise the "
            + "server's max_concurrent_envs, end its other clients, or raise environment.capacityWait.")
      }
      try await pause()
    }
  }

  /// Exponential backoff up to 2 s, with jitter so that clients do not retry at the same time.
  private mutating func pause() async throws(WorldError) {
    let most = min(0.05 * Double(1 << min(tries, 6)), 2)
    tries += 1
    do { try await Task.sleep(for: .seconds(Double.random(in: most / 2...most))) } catch {
      throw WorldError(.cancelled, "The run was stopped while it waited for an OpenEnv server.")
    }
  }
}
