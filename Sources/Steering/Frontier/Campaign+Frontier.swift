import Agents

extension Campaign {
  /// Frontier searches of all tasks under one budget. Calls that a solved task does not need go to the open tasks.
  ///
  /// Calls are assigned in phases, evenly among the open tasks. The searches are independent, so the result does not
  /// depend on timing. The only barrier is the end of a phase.
  ///
  /// - Parameters:
  ///   - calls: the budget; nil for that of the settings.
  ///   - stored: answers of this run that the limits have counted already.
  /// - Returns: results by the index of their task, and the reason if the campaign ended early.
  func searched(
    _ tasks: [AgentTask], in context: RunContext, calls: Int?, stored: Int,
    progress: (@Sendable (PopulationResult) -> Void)?
  ) async -> (results: [Int: PopulationResult], stopped: SteeringError?) {
    var searches = tasks.map { FrontierSearch($0, context) }
    var left = calls ?? budgetedCalls(tasks)
    // A limit below the budget is divided evenly too.
    if let most = await budget.callsLeft { left = min(left, most + stored) }
    var (stopped, results): (SteeringError?, [Int: PopulationResult]) = (nil, [:])
    while left > 0, stopped == nil {
      let open = searches.indices.filter { !searches[$0].isOver }
      guard !open.isEmpty else { break }
      let shares = open.indices.map { left / open.count + ($0 < left % open.count ? 1 : 0) }
      let phase = await self.phase(
        open.indices.map { (open[$0], searches[open[$0]], shares[$0]) }, among: tasks.count, progress: progress)
      for part in phase.parts {
        searches[part.place] = part.search
        left -= part.spent
        if let result = part.result { results[part.place] = result }
      }
      stopped = stopped ?? phase.stopped
      guard phase.parts.contains(where: { $0.spent > 0 }) else { break }
    }
    for place in searches.indices where results[place] == nil {
      // Searches without a call have no result to report.
      if searches[place].hasBegun {
        results[place] = await finish(&searches[place], &stopped, progress)
      } else {
        await searches[place].close()
      }
    }
    return (results, stopped)
  }

  /// The settings' budget for all tasks together; without one the most that the population of each task may take.
  ///
  /// - Parameter minimum: calls of a task that may exceed that.
  package func budgetedCalls(_ tasks: [AgentTask], minimum: [TaskID: Int] = [:]) -> Int {
    settings.search.calls.map { $0 * tasks.count }
      ?? tasks.reduce(0) { $0 + max(settings.particles * $1.stepLimit, minimum[$1.id] ?? 0) }
  }

  private struct Part: Sendable {
    let place: Int
    var search: FrontierSearch
    var spent = 0
    var error: SteeringError?
    /// The result, once the search is over.
    var result: PopulationResult?
  }

  /// Lets each search spend its share, several tasks at a time.
  private func phase(
    _ open: [(place: Int, search: FrontierSearch, share: Int)], among tasks: Int,
    progress: (@Sendable (PopulationResult) -> Void)?
  ) async -> (parts: [Part], stopped: SteeringError?) {
    let window = max(1, 2 * concurrency / settings.search.width)
    return await withTaskGroup(of: Part.self) { group in
      var waiting = open.makeIterator()
      var (running, isStopped) = (0, false)
      func start() {
        while running < window, let next = waiting.next() {
          guard next.share > 0 else { continue }
          running += 1
          group.addTask {
            var part = Part(place: next.place, search: next.search)
            do { part.spent = try await part.search.spend(next.share) } catch { part.error = SteeringError(error) }
            return part
          }
        }
      }
      start()
      var parts: [Part] = []
      var hopelessness = Hopelessness(patience: min(window, tasks))
      for await var part in group {
        running -= 1
        // Stored and reported at once, not at the end of the phase.
        if part.error == nil, part.search.isOver { part.result = await finish(&part.search, &part.error, progress) }
        parts.append(part)
        if part.error != nil { isStopped = true }
        if part.search.isLost {
          var search = part.search
          if let result = try? await search.result() { hopelessness.note(result, at: part.place) }
        } else {
          hopelessness.hope()
        }
        // Searches in flight are not cancelled, so that the answers they pay for are stored.
        if !isStopped, !hopelessness.isHopeless { start() }
      }
      parts.sort { $0.place < $1.place }
      return (parts, parts.lazy.compactMap(\.error).first ?? hopelessness.error)
    }
  }

  /// Stores the result of a search. If that fails, it returns nil and stops the campaign.
  private func finish(
    _ search: inout FrontierSearch, _ stopped: inout SteeringError?, _ progress: (@Sendable (PopulationResult) -> Void)?
  ) async -> PopulationResult? {
    await search.close()
    do {
      let result = try await search.result()
      try await save(result)
      tracer?.finished(result, of: run)
      progress?(result)
      return result
    } catch {
      stopped = stopped ?? SteeringError(error)
      return nil
    }
  }
}
