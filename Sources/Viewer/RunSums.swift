import Agents
import Foundation
import RolloutStore
import Steering

/// What a run consists of, by task. Kept up to date without reading again what cannot have changed.
struct RunSums: Sendable {
  /// The last figures of the process that makes the run.
  struct Figures: Sendable, Hashable {
    let progress: ProgressFigures
    let updated: Date?

    init?(_ json: String, _ updatedAt: String) {
      guard let progress = try? JSONDecoder().decode(ProgressFigures.self, from: Data(json.utf8)) else { return nil }
      self.progress = progress
      updated = Self.date(updatedAt)
    }

    /// Reads SQLite's 2026-01-31 12:00:00.
    private static func date(_ text: String) -> Date? {
      let parts = text.split { !$0.isNumber }.compactMap { Int($0) }
      guard parts.count >= 6 else { return nil }
      var calendar = Calendar(identifier: .gregorian)
      calendar.timeZone = .gmt
      return calendar.date(
        from: DateComponents(
          year: parts[0], month: parts[1], day: parts[2], hour: parts[3], minute: parts[4], second: parts[5]))
    }
  }

  let run: RecordedRun
  private(set) var trajectories: [TaskID: TrajectoryTally] = [:]
  private(set) var calls: [TaskID: CallTally] = [:]
  /// All calls together.
  private(set) var total = CallTally()
  private(set) var failed = 0
  var figures: Figures?
  /// The tasks that the last refresh found changed.
  private(set) var changed: [TaskID] = []
  private var mark: Int64 = -1
  private var hasCalls = false
  /// The tasks whose calls are complete, with the row id of their last trajectory.
  private var counted: [TaskID: Int64] = [:]

  init(_ run: RecordedRun) { self.run = run }

  /// A critic's run has a task for each text that was valued, and no trajectories.
  var isOfCritic: Bool { run.record.policy.isEmpty }

  /// The tasks in the order of their names.
  var tasks: [TaskID] {
    Set(trajectories.keys).union(calls.keys).sorted { $0.rawValue < $1.rawValue }
  }

  /// Tasks with calls and without a final trajectory.
  func isOpen(_ task: TaskID) -> Bool { (trajectories[task]?.final ?? 0) == 0 && calls[task] != nil }

  mutating func refresh(_ mark: (count: Int, last: Int64)?, from store: RolloutStore) async throws(StoreError) {
    let id = run.record.id
    changed = []
    guard !isOfCritic else {
      total = try await store.callTally(ofRun: id)
      return
    }
    if mark?.last ?? 0 != self.mark {
      let fresh = try await store.trajectoryTallies(ofRun: id)
      changed += fresh.keys.filter { fresh[$0] != trajectories[$0] }
      trajectories = fresh
      failed = fresh.values.reduce(0) { $0 + $1.failed }
      self.mark = mark?.last ?? 0
    }
    let stale: [TaskID]
    if hasCalls {
      stale = try await store.calledTasks(ofRun: id).filter {
        counted[$0] == nil || counted[$0] != trajectories[$0]?.last
      }
      let fresh = try await store.callTallies(ofRun: id, tasks: stale)
      changed += fresh.keys.filter { fresh[$0] != calls[$0] }
      calls.merge(fresh) { $1 }
    } else {
      calls = try await store.callTallies(ofRun: id)
      hasCalls = true
      stale = Array(calls.keys)
    }
    for task in stale {
      if let tally = trajectories[task], tally.final > 0 { counted[task] = tally.last } else { counted[task] = nil }
    }
    changed = Array(Set(changed))
    total = calls.values.reduce(into: CallTally()) { $0 += $1 }
  }
}
