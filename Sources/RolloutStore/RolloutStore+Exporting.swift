import Agents
import GRDB

extension RolloutStore {
  /// The next tasks with trajectories of runs of one world, in the order of their ids.
  ///
  /// - Parameters:
  ///   - last: the last task of the page before; nil for the first page.
  ///   - limit: the length of a page.
  package func tasks(
    ofRuns runs: [String], after last: TaskID?, limit: Int = 200
  ) async throws(StoreError) -> [(id: TaskID, split: Split?)] {
    try await read("list the tasks") { database in
      let marks = runs.map { _ in "?" }.joined(separator: ", ")
      return try Row.fetchAll(
        database,
        sql: """
          SELECT DISTINCT trajectory.task, task.split
          FROM trajectory JOIN run ON run.id = trajectory.run
          JOIN task ON task.id = trajectory.task AND task.environmentKind = run.environmentKind
            AND task.environmentRules = run.environmentRules
          WHERE trajectory.run IN (\(marks)) AND (? OR trajectory.task > ?) ORDER BY trajectory.task LIMIT ?
          """,
        arguments: StatementArguments(runs) + [last == nil, last?.rawValue ?? "", limit]
      ).map { row in
        let split: String? = try row.value("split")
        return try (TaskID(row.value("task") as String), split.flatMap(Split.init))
      }
    }
  }

  /// Every stored answer of a task of a run, by its place.
  package func answers(ofRun run: String, task: TaskID) async throws(StoreError) -> [CallKey: AnswerRecord] {
    try await read("read the answers of \(task)") { database in
      try Row.fetchAll(
        database, sql: "SELECT * FROM call WHERE run = ? AND task = ?", arguments: [run, task.rawValue]
      ).reduce(into: [:]) { answers, row in
        let key = try CallKey(run: run, task: task, particle: row.value("particle"), step: row.value("step"))
        answers[key] = try AnswerRecord(key: key, row)
      }
    }
  }

  /// The questions that were asked at the outcomes of a task of a run; empty for worlds that are no conversations.
  package func questions(ofRun run: String, task: TaskID) async throws(StoreError) -> [CallKey: AskedQuestion] {
    try await read("read the questions of \(task)") { database in
      try Row.fetchAll(
        database, sql: "SELECT * FROM outcome WHERE run = ? AND task = ? AND question IS NOT NULL",
        arguments: [run, task.rawValue]
      ).reduce(into: [:]) { questions, row in
        let key = try CallKey(run: run, task: task, particle: row.value("particle"), step: row.value("step"))
        questions[key] = try OutcomeRecord(key: key, row).outcome.observation.question
      }
    }
  }
}
