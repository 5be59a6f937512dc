import Agents
import Foundation
import HTTP

/// A session of one server.
struct ORSSession: Sendable, Hashable {
  let base: String
  let id: String
}

/// Opens, pings and deletes the sessions of all episodes.
///
/// A server drops a session that nobody asks for a while. So one that an episode leaves alone for half of that time,
/// or that answers a call for so long, is pinged.
actor SessionPool {
  nonisolated let wire: ORSWire
  nonisolated let environment: String
  nonisolated let settings: ORS.Settings
  /// The last request in each open session.
  private var lastUse: [ORSSession: ContinuousClock.Instant] = [:]
  private var opened = 0
  private var isClosed = false
  private var watch: Task<Void, Never>?
  /// How long a server may take to delete a session, in seconds.
  private static let parting = 5.0

  init(wire: ORSWire, environment: String, settings: ORS.Settings) {
    (self.wire, self.environment, self.settings) = (wire, environment, settings)
  }

  /// Opens a session on the next server and begins a task in it.
  func open(_ split: String, _ index: Int) async throws(WorldError) -> ORSSession {
    let base = settings.bases[opened % settings.bases.count]
    opened += 1
    let answer = try await wire.ask(.POST, "/create_session", at: base, [:], stage: .opening)
    let events = ServerSentEvent.all(in: answer.body)
    let named = events.last { $0.name == "end" }.flatMap { JSONValue(parsing: $0.data)?["sid"]?.text }
    let first = events.first { $0.name == "task_id" }.map { String($0.data.trimmed) }
    guard let id = named ?? first, !id.isEmpty else {
      throw wire.misspoken("POST \(base)/create_session", "with an event task_id", answer)
    }
    let session = ORSSession(base: base, id: id)
    guard !isClosed else { throw ORSWire.stopped }
    lastUse[session] = .now
    startWatch()
    do throws(WorldError) {
      _ = try await wire.ask(
        .POST, "/create", at: base, session: session.id,
        ["env_name": .text(environment), "split": .text(split), "index": .integer(index)],
        headers: settings.secretsHeader.map { ["X-Secrets": $0] } ?? [:], stage: .opening)
    } catch {
      await delete(session)
      throw error
    }
    return session
  }

  /// Notes a request in a session.
  func used(_ session: ORSSession) {
    if lastUse[session] != nil { lastUse[session] = .now }
  }

  /// Deletes a session, also if the waiting task is cancelled. Returns when the server has answered, or the time is up.
  func delete(_ session: ORSSession) async {
    guard lastUse.removeValue(forKey: session) != nil else { return }
    await Self.delete(session, by: wire)
  }

  private nonisolated static func delete(_ session: ORSSession, by wire: ORSWire) async {
    await Task {
      for path in ["/delete", "/delete_session"] {
        do {
          _ = try await wire.ask(
            .POST, path, at: session.base, session: session.id, stage: .session, within: parting, patience: 0)
        } catch {
          // A server that is gone has no session left, and another one drops it after a while.
          return
        }
      }
    }.value
  }

  /// Deletes all sessions at the same time.
  func close() async {
    isClosed = true
    watch?.cancel()
    let open = Array(lastUse.keys)
    lastUse = [:]
    await withDiscardingTaskGroup { group in
      for session in open { group.addTask { [wire] in await Self.delete(session, by: wire) } }
    }
  }

  // MARK: - Pings

  private func startWatch() {
    guard watch == nil else { return }
    watch = Task { [weak self, life = settings.sessionLife] in
      while !Task.isCancelled {
        try? await Task.sleep(for: .seconds(life / 8))
        await self?.pingIdle()
        if self == nil { return }
      }
    }
  }

  private func pingIdle() {
    let limit = ContinuousClock.now - .seconds(settings.sessionLife / 2)
    for (session, use) in lastUse where use < limit {
      lastUse[session] = .now
      // A ping that fails says nothing that the next call would not say.
      Task { [wire] in
        _ = try? await wire.ask(
          .POST, "/ping", at: session.base, session: session.id, stage: .session, within: 10, patience: 0)
      }
    }
  }
}
