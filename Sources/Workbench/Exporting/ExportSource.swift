import Agents
import Foundation
import ParticleFilter
import RolloutStore

/// Reads the trajectories of a store task by task, so that memory does not grow with the store.
struct ExportSource: Sendable {
  let store: RolloutStore
  let selection: ExportSelection
  /// The chosen tasks; nil for all.
  let tasks: Set<TaskID>?
  /// The configured world; nil if there is none.
  let world: (any World)?
  /// The prices of tokens; nil if they are unknown.
  let pricing: Pricing?

  /// Passes the tasks of runs of one world to `body`, in the order of their ids.
  ///
  /// - Parameter split: of the tasks that are read; nil for the selection's.
  func eachTask(
    ofRuns runs: [StoredRun], split: Split?? = .none, _ body: (TaskID, Split?) async throws -> Void
  ) async throws {
    var last: TaskID?
    while true {
      let page = try await store.tasks(ofRuns: runs.map(\.record.id), after: last)
      for task in page {
        if let tasks, !tasks.contains(task.id) { continue }
        if let wanted = selection.split, task.split != wanted { continue }
        if let split, task.split != split { continue }
        try Task.checkCancellation()
        try await body(task.id, task.split)
      }
      guard let end = page.last else { return }
      last = end.id
    }
  }

  /// The selected trajectories of one task of a run, passed on one by one.
  ///
  /// - Returns: the number of failed ones that were left out.
  func eachTrajectory(
    of task: TaskID, _ split: Split?, in run: RunRecord, _ body: (ExportedTrajectory) async throws -> Void
  ) async throws -> Int {
    let tree = try await store.tree(run: run.id, task: task)
    // The states of a search are matched with all of its attempts.
    let readsCulled = selection.standings.contains(.culled) || tree != nil
    let records = try await store.trajectories(run: run.id, task: task, culled: readsCulled)
    let chosen = records.filter { selection.standings.contains(.init($0.standing)) }
    guard !chosen.isEmpty else { return 0 }
    let genealogy = try await store.genealogy(run: run.id, task: task)
    let answers = try await store.answers(ofRun: run.id, task: task)
    let questions =
      run.environment.isConversation || run.verb == Self.imported
      ? try await store.questions(ofRun: run.id, task: task) : [:]
    let ends = tree?.ends(of: records) ?? []
    let conversation = ConversationRecord(run, world: world)
    var failed = 0
    for record in chosen {
      if record.failure != nil, !selection.failed {
        failed += 1
        continue
      }
      var exported = ExportedTrajectory(run: run, split: split, record: record)
      exported.pricing = pricing
      let end = ends.first { $0.record.particle == record.particle && $0.record.standing == record.standing }
      let keys: [CallKey]
      if let tree, let end {
        keys = tree.places(of: end.node).map {
          CallKey(run: run.id, task: task, particle: $0.particle, step: $0.step)
        }
        exported.values = tree.values(of: tree.path(to: end.node))
      } else {
        let lineage = Lineage(of: record, in: genealogy)
        exported.values = lineage.values
        keys = (0..<record.trajectory.count).map {
          CallKey(run: run.id, task: task, particle: lineage.place(atStep: $0), step: $0)
        }
      }
      var parts: [Int: [PromptPart]] = [:]
      var asked: [Int: AskedQuestion] = [:]
      for (step, key) in keys.enumerated() {
        let response = record.trajectory.steps[step].response
        // States of a search with the same prompt share its answers.
        let shared = tree == nil ? nil : answers.values.first { $0.key.step == step && $0.response.text == response }
        let answer = answers[key] ?? shared
        exported.answers[step] = answer
        asked[step] = questions[at: step, keys]
        if asked[step] == nil, let answer { parts[step] = try await store.prompt(of: answer.key) }
      }
      conversation.complete(&exported, parts: parts, questions: asked)
      try await body(exported)
    }
    return failed
  }

  /// The verb of runs that were imported.
  static let imported = "import"
}

extension [CallKey: AskedQuestion] {
  /// The question before an answer: the outcome of the action before it.
  ///
  /// - Parameter keys: the calls by step.
  fileprivate subscript(at step: Int, keys: [CallKey]) -> AskedQuestion? {
    var key = keys[Swift.max(step - 1, 0)]
    key.step = step
    if let question = self[key] { return question }
    // All attempts of a run begin alike.
    key.particle = 0
    return step == 0 ? self[key] : nil
  }
}
