import Agents

extension Campaign {
  /// Successive populations under one budget. Each open task has one population of N particles, then another, until the
  /// maximal reward is found or the calls are spent. Solved tasks leave their calls to the others. Best-of-N makes
  /// single attempts, one after the other.
  ///
  /// A population begins only if the mean cost of the earlier ones is left. Each wave is a separate run with its own
  /// seed. The first wave is the run that would be made without a budget. Statements on posterior and evidence refer to
  /// the first wave only.
  func waves(
    of tasks: [AgentTask], split: Split?, within total: Int, called: (@Sendable (CallEvent) -> Void)?,
    progress: (@Sendable (PopulationResult) -> Void)?
  ) async throws(SteeringError) -> Outcome {
    let start = ContinuousClock.now
    let count = settings.method.isSteered ? settings.particles : 1
    let most = tasks.reduce(0) { $0 + count * $1.stepLimit }
    guard total >= most else {
      throw SteeringError(
        .badSettings,
        "The budget is \(total) calls, and \(counted(count, "particle")) at each of \(counted(tasks.count, "task")) may take \(most): "
          + "raise steering.calls or lower steering.particles.")
    }
    var results: [TaskID: PopulationResult] = [:]
    var outcomes: [Outcome] = []
    var (calls, populations) = (0, 0)
    while outcomes.last?.stopped == nil {
      let open = tasks.filter { results[$0.id].map { !isSolved($0) } ?? true }
      // The mean number of calls of a population so far. The first wave runs every task.
      let unit = max(populations == 0 ? 1 : (calls + populations - 1) / populations, 1)
      let chosen = outcomes.isEmpty ? open : Array(open.prefix((total - calls) / unit))
      guard !chosen.isEmpty else { break }
      let outcome = try await wave(outcomes.count, of: count).run(chosen, split: split, called: called)
      for result in outcome.results {
        let merged = results[result.task.id]?.followed(by: result) ?? result
        results[result.task.id] = merged
        if isSolved(merged) { progress?(merged) }
      }
      outcomes.append(outcome)
      populations += outcome.results.count
      calls += outcome.calls
      // Attempts without calls would never spend the budget.
      if outcome.calls == 0 { break }
    }
    let all = tasks.compactMap { results[$0.id] }
    for result in all where !isSolved(result) { progress?(result) }
    return Outcome(
      results: all, stopped: outcomes.last?.stopped, wallSeconds: (ContinuousClock.now - start).inSeconds,
      calls: calls, storedCalls: outcomes.reduce(0) { $0 + $1.storedCalls },
      usage: outcomes.reduce(into: Usage()) { $0 += $1.usage })
  }

  /// The campaign of a wave, by its number from 0.
  private func wave(_ number: Int, of particles: Int) -> Campaign {
    var wave = settings
    wave.search = SearchSettings()
    wave.particles = particles
    wave.answer = .sample
    if number > 0 { wave.seed = Seed(settings.seed).split("wave").split(number).rawValue }
    var campaign = Campaign(
      world: world, policy: policy, critic: critic, settings: wave, store: store, budget: budget,
      concurrency: concurrency, verb: verb)
    campaign.tracer = tracer
    return campaign
  }

  private func isSolved(_ result: PopulationResult) -> Bool {
    settings.search.hasVerifier && result.rewardBest.map(world.isMaximal) ?? false
  }
}

private func counted(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }

extension PopulationResult {
  /// Merges a later population of the same task into this one. Weights, genealogy and soft value stay those of this
  /// one.
  func followed(by wave: PopulationResult) -> PopulationResult {
    var result = PopulationResult(
      task: task, particles: particles, bank: bank, culled: culled, genealogy: genealogy, softValue: softValue,
      selection: selection, calls: calls + wave.calls, criticCalls: criticCalls + wave.criticCalls,
      usage: usage + wave.usage, wallSeconds: wallSeconds + wave.wallSeconds,
      criticalPathSeconds: criticalPathSeconds + wave.criticalPathSeconds,
      replayMismatches: replayMismatches + wave.replayMismatches, failures: failures + wave.failures)
    result.later = later + [wave]
    return result
  }
}
