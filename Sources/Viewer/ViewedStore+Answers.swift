import Agents
import Foundation
import ParticleFilter
import Reporting
import RolloutStore
import Steering

extension ViewedStore {
  /// The JSON of a request of the page.
  ///
  /// - Parameter name: what stands after `/api/` in the address.
  /// - Returns: nil if there is no such request.
  func answer(_ name: String, _ query: Query) async throws -> Data? {
    await look()
    await refreshIfDue()
    switch name {
    case "state": return try ViewerJSON.data(await stateDocument())
    case "tasks": return try ViewerJSON.data(try await tasks(query))
    case "attempts": return try ViewerJSON.data(try await attempts(query))
    case "trajectory": return try ViewerJSON.data(try await conversation(query))
    case "prompt": return try ViewerJSON.data(try await prompt(query))
    case "picture": return try ViewerJSON.data(try await picture(query))
    case "failures": return try ViewerJSON.data(try await failures(query))
    case "search": return try ViewerJSON.data(try await search(query))
    default: return nil
    }
  }

  /// The run that a query names.
  func run(_ query: Query) async throws -> RunSums {
    let id = try query.text("run")
    _ = try await opened()
    guard let run = runs[id] else { throw ViewerProblem.notFound("The store has no run \(id.prefix(40)).") }
    return run
  }

  // MARK: - Lists

  private func tasks(_ query: Query) async throws -> PageDocument<TaskDocument> {
    let sums = try await run(query)
    let (store, _) = try await opened()
    let slice = try query.slice()
    var tasks = sums.tasks
    switch query["show"] ?? "all" {
    case "running": tasks = tasks.filter { sums.isOpen($0) }
    case "done": tasks = tasks.filter { !sums.isOpen($0) }
    case "failed": tasks = tasks.filter { sums.trajectories[$0]?.failed ?? 0 > 0 }
    default: break
    }
    if let words = query["words"]?.lowercased(), !words.isEmpty {
      let known = try await store.requests(tasks, of: sums.run.record.environment)
      tasks = tasks.filter {
        $0.rawValue.lowercased().contains(words) || known[$0]?.task.request.lowercased().contains(words) == true
      }
    }
    func ordered(_ value: (TaskID) -> Double?) {
      // Tasks without a figure come last. The sort is stable.
      tasks = tasks.enumerated().sorted {
        let (a, b) = (value($0.element), value($1.element))
        if let a, let b, a != b { return a > b }
        if (a == nil) != (b == nil) { return a != nil }
        return $0.offset < $1.offset
      }.map(\.element)
    }
    switch query["sort"] ?? "task" {
    case "best": ordered { sums.trajectories[$0]?.rewardBest }
    case "worst": ordered { sums.trajectories[$0]?.rewardBest.map { -$0 } }
    case "calls": ordered { Double(sums.calls[$0]?.calls ?? 0) }
    case "failed": ordered { Double(sums.trajectories[$0]?.failed ?? 0) }
    default: break
    }
    let shown = Array(tasks.dropFirst(slice.offset).prefix(slice.limit))
    let known = try await store.requests(shown, of: sums.run.record.environment)
    return PageDocument(
      total: tasks.count, offset: slice.offset, rows: shown.map { TaskDocument($0, sums, known[$0]) },
      hasMore: slice.offset + shown.count < tasks.count)
  }

  private func attempts(_ query: Query) async throws -> AttemptsDocument {
    let sums = try await run(query)
    let (store, _) = try await opened()
    let (task, document) = try await task(query, sums, store)
    let slice = try query.slice()
    let rows = try await store.attempts(run: sums.run.record.id, task: task.id, slice)
    let running =
      slice.offset == 0 ? try await store.runningAttempts(of: task, in: sums.run.record).map(AttemptDocument.init) : []
    let total = sums.trajectories[task.id].map { $0.final + $0.banked + $0.culled } ?? 0
    return AttemptsDocument(
      task: document, picture: try await pictureKind(of: task.id, sums, store), running: running,
      page: PageDocument(
        total: total, offset: slice.offset, rows: rows.map(AttemptDocument.init),
        hasMore: slice.offset + rows.count < total))
  }

  private func failures(_ query: Query) async throws -> FailuresDocument {
    let sums = try await run(query)
    let (store, _) = try await opened()
    let slice = try query.slice()
    let reasons = try await store.failureReasons(run: sums.run.record.id)
    let kind = query["kind"].flatMap(AttemptFailure.Kind.init)
    let total = reasons.filter { kind == nil || $0.reason == kind }.reduce(0) { $0 + $1.count }
    let rows = try await store.failedAttempts(run: sums.run.record.id, kind: kind, slice)
    return FailuresDocument(
      reasons: reasons.map {
        .init(
          kind: $0.reason.rawValue, clause: $0.reason.clause, remedy: $0.remedy,
          example: visible($0.example, keepingLayout: true), count: $0.count)
      },
      page: PageDocument(
        total: total, offset: slice.offset, rows: rows.map(AttemptDocument.init),
        hasMore: slice.offset + rows.count < total))
  }

  private func search(_ query: Query) async throws -> PageDocument<HitDocument> {
    let sums = try await run(query)
    let words = try query.text("words").trimmingCharacters(in: .whitespacesAndNewlines)
    guard !words.isEmpty else { throw ViewerProblem.badRequest("There are no words to search for.") }
    let slice = try query.slice(limit: 50, most: 200)
    let (_, searching) = try await opened()
    // One more tells whether there are more.
    let hits = try await searching.search(
      words, run: sums.run.record, Slice(offset: slice.offset, limit: slice.limit + 1))
    return PageDocument(
      total: nil, offset: slice.offset, rows: hits.prefix(slice.limit).map { HitDocument($0, words) },
      hasMore: hits.count > slice.limit)
  }

  // MARK: - One task

  func task(
    _ query: Query, _ sums: RunSums, _ store: RolloutStore
  ) async throws -> (AgentTask, TaskDocument) {
    let id = TaskID(try query.text("task"))
    guard sums.trajectories[id] != nil || sums.calls[id] != nil else {
      throw ViewerProblem.notFound("The run has no task \(id.rawValue.prefix(80)).")
    }
    let known = try await store.requests([id], of: sums.run.record.environment)[id]
    return (
      known?.task ?? AgentTask(id: id, request: "", stepLimit: 1_000_000), TaskDocument(id, sums, known, isWhole: true)
    )
  }

  private func pictureKind(of task: TaskID, _ sums: RunSums, _ store: RolloutStore) async throws -> String? {
    let id = sums.run.record.id
    if try await store.tree(run: id, task: task).map({ $0.nodes.count > 1 }) == true { return "tree" }
    return try await store.genealogy(run: id, task: task).checkpoints.isEmpty ? nil : "population"
  }

  private func picture(_ query: Query) async throws -> PictureDocument {
    let sums = try await run(query)
    let (store, _) = try await opened()
    let (task, _) = try await task(query, sums, store)
    let record = sums.run.record
    if let tree = try await store.tree(run: record.id, task: task.id),
      let picture = try await picture(of: tree, task, record.id, store)
    {
      return picture
    }
    let genealogy = try await store.genealogy(run: record.id, task: task.id)
    guard !genealogy.checkpoints.isEmpty else {
      throw ViewerProblem.notFound("There is no picture of \(task.id): nothing was resampled or searched.")
    }
    var records = try await store.trajectories(run: record.id, task: task.id, culled: true)
    if !records.contains(where: { $0.standing == .final }) {
      // The population as it is now.
      records += try await store.runningAttempts(of: task, in: record).map {
        TrajectoryRecord(particle: $0.particle, trajectory: $0.trajectory)
      }
    }
    let story = PopulationStory(
      task: task, method: record.method, genealogy: genealogy, lives: records.lives(in: Ancestry(genealogy)),
      format: record.format)
    let (svg, lines) = GenealogyPicture.interactive(story)
    let isRunning = sums.isOpen(task.id)
    let byLife = Dictionary(
      records.compactMap { record in Ancestry(genealogy).line(of: record).map { ($0, record) } },
      uniquingKeysWith: { first, _ in first })
    return PictureDocument(
      kind: "population", svg: SharedPage.withoutStyle(svg),
      lines: lines.map { line in
        byLife[line].map {
          .init(
            particle: $0.particle, standing: isRunning && $0.standing == .final ? "running" : $0.standing.rawValue)
        }
      })
  }

  /// A tree, each state with a trajectory that went through it: the best finished one, if one finished.
  private func picture(
    of tree: SearchTree, _ task: AgentTask, _ run: String, _ store: RolloutStore
  ) async throws -> PictureDocument? {
    guard tree.isSound else { return nil }
    var lines: [PictureDocument.Line?] = Array(repeating: nil, count: tree.nodes.count)
    let records = try await store.trajectories(run: run, task: task.id, culled: true)
      .filter { $0.failure == nil }
      .sorted {
        ($0.standing == .final ? 0 : 1, $1.trajectory.reward) < ($1.standing == .final ? 0 : 1, $0.trajectory.reward)
      }
    let children = tree.children
    for record in records {
      for state in tree.path(along: record.trajectory.steps, children: children) where lines[state] == nil {
        lines[state] = .init(
          particle: record.particle, standing: record.standing.rawValue, step: tree.nodes[state].step)
      }
    }
    return TreePicture.interactive(tree, task: task, picked: lines.map { $0 != nil }).map {
      PictureDocument(kind: "tree", svg: SharedPage.withoutStyle($0), lines: lines)
    }
  }
}
