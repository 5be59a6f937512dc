import Agents
import GRDB

/// A text of a run in which words were found.
package struct SearchHit: Sendable {
  /// Where the words are.
  package enum Place: String, Sendable { case task, request, opening, response, action, observation, call }

  package let task: TaskID
  /// The trajectory; nil for a task and for a call of an attempt that has not ended.
  package let standing: TrajectoryRecord.Standing?
  package let particle: Int
  /// From 1; 0 for what is before the first step.
  package let step: Int
  package let place: Place
  package let text: String
}

extension RolloutStore {
  /// Texts of a run that contain some words. Letters of the Latin alphabet match in both cases; other letters as they
  /// are written, and in lower case.
  ///
  /// It reads text by text until the slice is full, since a read-only store can have no index of its words.
  package func search(
    _ words: String, run: RunRecord, _ slice: Slice
  ) async throws(StoreError) -> [SearchHit] {
    let patterns = Self.patterns(words)
    func matches(_ columns: String...) -> String {
      let tests = columns.flatMap { column in patterns.indices.map { "\(column) LIKE :p\($0) ESCAPE '\\'" } }
      return "(" + tests.joined(separator: " OR ") + ")"
    }
    var arguments: [String: (any DatabaseValueConvertible)?] = [
      "run": run.id, "kind": run.environment.kind, "rules": run.environment.rules, "limit": slice.limit,
      "offset": slice.offset,
    ]
    for (number, pattern) in patterns.enumerated() { arguments["p\(number)"] = pattern }
    // Tasks of this run alone: a world's tasks are shared by all runs on it.
    let sql = """
      SELECT task.id AS task, NULL AS standing, 0 AS particle, 0 AS step,
        CASE WHEN \(matches("task.id")) THEN 'task' ELSE 'request' END AS place, task.request AS text
      FROM task WHERE environmentKind = :kind AND environmentRules = :rules AND \(matches("task.id", "task.request"))
        AND (EXISTS (SELECT 1 FROM trajectory WHERE run = :run AND trajectory.task = task.id)
          OR EXISTS (SELECT 1 FROM call WHERE run = :run AND call.task = task.id))
      UNION ALL
      SELECT task, standing, particle, 0, 'opening', opening FROM trajectory
      WHERE run = :run AND \(matches("opening"))
        -- Attempts at a task share the opening.
        AND particle = (
          SELECT MIN(first.particle) FROM trajectory AS first WHERE first.run = :run AND first.task = trajectory.task)
      UNION ALL
      SELECT trajectory.task, trajectory.standing, trajectory.particle, step.number,
        CASE WHEN \(matches("step.action")) THEN 'action' WHEN \(matches("step.response")) THEN 'response'
          ELSE 'observation' END,
        CASE WHEN \(matches("step.action")) THEN step.action WHEN \(matches("step.response")) THEN step.response
          ELSE step.observation END
      FROM trajectory JOIN step ON step.trajectory = trajectory.id
      WHERE trajectory.run = :run AND \(matches("step.response", "step.observation", "step.action"))
      UNION ALL
      SELECT call.task, NULL, call.particle, call.step + 1, 'call', call.response FROM call
      WHERE call.run = :run AND \(matches("call.response"))
        AND NOT EXISTS (
          SELECT 1 FROM trajectory WHERE trajectory.run = call.run AND trajectory.task = call.task
            AND trajectory.standing = 'final')
      LIMIT :limit OFFSET :offset
      """
    let values = StatementArguments(arguments)
    return try await read("search the run") { database in
      try Row.fetchAll(database, sql: sql, arguments: values).map { row in
        try SearchHit(
          task: TaskID(row.value("task") as String),
          standing: (row.value("standing") as String?).flatMap(TrajectoryRecord.Standing.init),
          particle: row.value("particle"), step: row.value("step"),
          place: SearchHit.Place(rawValue: row.value("place")) ?? .response, text: row.value("text"))
      }
    }
  }

  private static func patterns(_ words: String) -> [String] {
    let forms = words.allSatisfy(\.isASCII) ? [words] : [words, words.lowercased()]
    return Set(forms).sorted().map { form in
      let escaped = form.replacing("\\", with: "\\\\").replacing("%", with: "\\%").replacing("_", with: "\\_")
      return "%\(escaped)%"
    }
  }
}
