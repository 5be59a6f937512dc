import Agents
import GRDB

/// Identifies the stored rollout that a score belongs to.
package struct RolloutKey: Sendable, Hashable {
  package let run: String
  package let task: TaskID
  package let particle: Int

  package init(run: String, task: TaskID, particle: Int) {
    self.run = run
    self.task = task
    self.particle = particle
  }
}

extension Rollout {
  package var key: RolloutKey { RolloutKey(run: run, task: trajectory.task.id, particle: particle) }
}

extension RolloutStore {
  /// The scores that `scorer` gave to rollouts, as JSON.
  package func scores(by scorer: String) async throws(StoreError) -> [RolloutKey: String] {
    try await read("read the scores of \(scorer)") { database in
      let rows = try Row.fetchAll(database, sql: "SELECT * FROM score WHERE scorer = ?", arguments: [scorer])
      return Dictionary(
        try rows.map {
          try (
            RolloutKey(run: $0.value("run"), task: TaskID($0.value("task")), particle: $0.value("particle")),
            $0.value("figures")
          )
        },
        uniquingKeysWith: { _, last in last })
    }
  }

  /// Stores scores in one transaction and replaces older scores of the same rollouts.
  package func save(scores: [RolloutKey: String], by scorer: String) async throws(StoreError) {
    try await write("store \(scores.count) scores") { database in
      for (key, figures) in scores {
        try database.execute(
          sql: "INSERT OR REPLACE INTO score VALUES (?, ?, ?, ?, ?)",
          arguments: [key.run, key.task.rawValue, key.particle, scorer, figures])
      }
    }
  }
}
