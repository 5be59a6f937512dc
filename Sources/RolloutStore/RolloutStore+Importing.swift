import Agents
import Foundation
import GRDB

/// A trajectory that was made elsewhere, with the answers that it consists of.
package struct ImportedTrajectory: Sendable {
  package var run: RunRecord
  package var split: Split?
  package var trajectory: Trajectory
  /// nil for the first free place: the source does not number its attempts.
  package var particle: Int?
  package var standing = TrajectoryRecord.Standing.final
  package var logWeight: Double?
  package var failure: AttemptFailure?
  /// The answers by step, from 0. Run, task and particle of their keys are ignored.
  package var answers: [AnswerRecord] = []
  /// The questions that the steps answer, from 0; empty if the prompts are with the answers.
  package var questions: [AskedQuestion] = []

  package init(run: RunRecord, trajectory: Trajectory) {
    self.run = run
    self.trajectory = trajectory
  }

  /// Names the content, so that an attempt without a number is recognised when it is imported again.
  fileprivate var digest: String {
    var digest = Digest()
    digest.add(trajectory.opening.text, standing.rawValue, failure.map { "\($0.kind.rawValue) \($0.message)" } ?? "")
    for step in trajectory.steps {
      let outcome = step.outcome
      digest.add(
        step.response, step.action.text, outcome.observation.text,
        "\(outcome.reward) \(outcome.isDone) \(outcome.isInvalid)")
    }
    return digest.text
  }
}

/// Writes trajectories that were made elsewhere. Everything is in one transaction.
package final class RolloutImport {
  /// What became of a trajectory.
  package enum Result: Sendable {
    case added
    /// The store had it already.
    case known
    /// The store has another trajectory at its place.
    case contradicted
  }

  /// A task of a run.
  private struct Place: Hashable {
    let run: String
    let task: TaskID
  }

  /// What is stored of a task of a run.
  private struct Shelf {
    /// The digest at each particle and standing.
    var digests: [String: String] = [:]
    /// The places of attempts that no trajectory of this import has been matched with, by digest.
    var unmatched: [String: [Int]] = [:]
    var nextParticle = 0
  }

  private let database: Database
  private var runs: Set<String> = []
  private var shelves: [Place: Shelf] = [:]

  init(_ database: Database) { self.database = database }

  /// Whether the store has a run of this id with answers of its own.
  package func hasRun(_ id: String) throws -> Bool {
    try Bool.fetchOne(database, sql: "SELECT verb <> 'import' FROM run WHERE id = ?", arguments: [id]) ?? false
  }

  package func add(_ imported: ImportedTrajectory) throws -> Result {
    var imported = imported
    let task = imported.trajectory.task.id
    let place = Place(run: imported.run.id, task: task)
    var shelf = try shelves[place] ?? self.shelf(place, stepLimit: imported.trajectory.task.stepLimit)
    defer { shelves[place] = shelf }
    let digest = imported.digest
    let particle: Int
    if let given = imported.particle {
      particle = given
      if let stored = shelf.digests["\(given) \(imported.standing.rawValue)"] {
        return stored == digest ? .known : .contradicted
      }
    } else {
      if shelf.unmatched[digest]?.popLast() != nil { return .known }
      particle = shelf.nextParticle
    }
    shelf.digests["\(particle) \(imported.standing.rawValue)"] = digest
    shelf.nextParticle = max(shelf.nextParticle, particle + 1)
    imported.particle = particle
    try write(imported, at: particle)
    return .added
  }

  private func shelf(_ place: Place, stepLimit: Int) throws -> Shelf {
    var shelf = Shelf()
    let rows = try Row.fetchAll(
      database, sql: "SELECT * FROM trajectory WHERE run = ? AND task = ? ORDER BY particle DESC",
      arguments: [place.run, place.task.rawValue])
    for row in rows {
      let task = AgentTask(id: place.task, request: "", stepLimit: stepLimit)
      let trajectory = try RolloutStore.trajectory(row, task: task, from: database)
      let standing: String = try row.value("standing")
      var stored = ImportedTrajectory(run: .nowhere, trajectory: trajectory)
      stored.standing = TrajectoryRecord.Standing(rawValue: standing) ?? .final
      stored.failure = try AttemptFailure(row)
      let particle: Int = try row.value("particle")
      shelf.digests["\(particle) \(standing)"] = stored.digest
      shelf.unmatched[stored.digest, default: []].append(particle)
      shelf.nextParticle = max(shelf.nextParticle, particle + 1)
    }
    return shelf
  }

  private func write(_ imported: ImportedTrajectory, at particle: Int) throws {
    let (run, task) = (imported.run, imported.trajectory.task)
    if runs.insert(run.id).inserted { try RolloutStore.insert(run, into: database) }
    // A task that is known keeps its request, since other attempts at it were made with that.
    try database.cachedStatement(
      sql: """
        INSERT INTO task (environmentKind, environmentRules, id, split, request, stepLimit)
        VALUES (?, ?, ?, ?, ?, ?)
        ON CONFLICT DO UPDATE SET split = COALESCE(split, excluded.split), stepLimit = MAX(stepLimit, excluded.stepLimit)
        """
    ).execute(arguments: [
      run.environment.kind, run.environment.rules, task.id.rawValue, imported.split?.rawValue, task.request,
      task.stepLimit,
    ])
    let record = TrajectoryRecord(
      particle: particle, standing: imported.standing, trajectory: imported.trajectory, logWeight: imported.logWeight,
      failure: imported.failure)
    try RolloutStore.insert(record, run: run.id, task: task.id, genealogy: nil, into: database)
    func key(_ step: Int) -> CallKey { CallKey(run: run.id, task: task.id, particle: particle, step: step) }
    for answer in imported.answers {
      let own = AnswerRecord(
        key: key(answer.key.step), promptDigest: answer.promptDigest, response: answer.response,
        seconds: answer.seconds, isRefusal: answer.isRefusal)
      try AnswerQueue.insert(own, answer.prompt.map(StoredPrompt.init), into: database)
    }
    for (step, question) in imported.questions.enumerated() {
      var observation = Observation("")
      observation.question = question
      try AnswerQueue.insert(
        OutcomeRecord(key: key(step), past: "", action: "", outcome: Outcome(observation)), into: database)
    }
  }
}

extension RunRecord {
  /// For trajectories that are only compared.
  fileprivate static let nowhere = RunRecord(
    id: "", verb: "", method: "", environment: WorldIdentity(kind: ""), policy: "", format: .plain, critic: nil,
    isPrior: false, seed: 0, settings: "")
}

extension RolloutStore {
  /// Runs `body`, which adds trajectories that were made elsewhere. All of them are stored, or none if it throws.
  ///
  /// - Throws: ``StoreError`` of kind `busy` if another process has begun a run in the store, and the errors of `body`.
  package func importing<T: Sendable>(
    _ body: @escaping @Sendable (RolloutImport) throws -> T
  ) async throws -> T {
    guard let writing else { throw StoreError.readOnly(while: "import", path: path) }
    try writing.lock.acquire()
    do {
      let result = try await pool.write { try body(RolloutImport($0)) }
      try writing.watch.check(pool)
      return result
    } catch let error as DatabaseError {
      throw writing.watch.explained(error, pool, while: "import")
    }
  }
}
