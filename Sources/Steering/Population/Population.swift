import Agents
import ParticleFilter
import RolloutStore

/// Steers one task: drives the filter, asks the policy, steps the worlds.
///
/// Between checkpoints particles run free; the only barrier is a checkpoint.
package struct Population: Sendable {
  let context: RunContext
  var policy: any Policy { context.policy }
  var world: any World { context.world }
  var critic: (any Critic)? { context.critic }
  var settings: SteeringSettings { context.settings }
  private var run: String { context.run }
  private var store: RolloutStore? { context.store }

  init(_ context: RunContext) { self.context = context }

  /// - Parameters:
  ///   - critic: nil for methods without one; the value of every state is then 0.
  ///   - run: the run's id, under which answers are stored and from which randomness is split.
  ///   - store: stores the world's outcomes, and trajectories when they are culled; nil to store nothing. The run must
  ///     be recorded there already.
  package init(
    world: any World, policy: any Policy, critic: (any Critic)?, settings: SteeringSettings, run: String,
    store: RolloutStore? = nil
  ) {
    context = RunContext(
      world: world, policy: policy, critic: critic, settings: settings, run: run, store: store)
  }

  /// - Parameters:
  ///   - minimumCalls: attempts continue past N, one at a time, until so many calls are made. Best-of-N needs this to
  ///     be compared at no fewer calls than a steered population made. Ignored if the schedule resamples.
  ///   - minimumCost: likewise in money, at `pricing`. An attempt without cost ends it.
  package func steer(
    _ task: AgentTask, minimumCalls: Int = 0, minimumCost: Double = 0, pricing: Pricing = Pricing()
  ) async throws(SteeringError) -> PopulationResult {
    let start = ContinuousClock.now
    var state = State()
    do {
      try await open(task, count: settings.particles, into: &state)
      var filter = filter(count: settings.particles, initialValue: try await initialValue(&state))
      try await run(task, filter: &filter, state: &state)
      var before = (calls: -1, cost: -1.0)
      while settings.schedule == .never, !isSatisfied(state) {
        let cost = pricing.cost(of: state.usage)
        // An attempt without calls or cost would never reach the minimum.
        guard
          (state.calls < minimumCalls && state.calls > before.calls) || (cost < minimumCost && cost > before.cost)
        else { break }
        before = (state.calls, cost)
        try await open(task, count: 1, into: &state)
        try await advance(Array(state.particles.indices.suffix(1)), to: task.stepLimit, state: &state)
      }
      if state.particles.count > filter.count {
        filter = self.filter(count: state.particles.count, initialValue: filter.initialValue)
        state.paid = []
      }
      filter.finish(paid: payment(&state))
      let selection = try await selected(&state)
      for particle in state.particles { state.mismatches += await particle.episode.recoveryMismatches }
      await close(state.particles)
      return result(
        task, filter: filter, state: state, selection: selection, seconds: (ContinuousClock.now - start).inSeconds)
    } catch {
      await close(state.particles)
      throw SteeringError(error)
    }
  }

  // MARK: - The population in progress

  struct State {
    var particles: [Particle] = []
    /// Trajectories that finished and were then culled. They are kept, so that a later resampling cannot lose a good
    /// trajectory.
    var bank: [(place: Int, trajectory: Trajectory)] = []
    /// Trajectories that were culled before they finished.
    var culled: [PopulationResult.Culled] = []
    /// The reward of each particle at the last weighing.
    var paid: [Double] = []
    var calls = 0
    var usage = Usage()
    var criticCalls = 0
    var criticalPath = 0.0
    /// Replayed steps whose text differed from the recorded one.
    var mismatches = 0
    /// The failures of particles that were replaced by clones.
    var replaced: [AttemptFailure] = []
    /// The opening, once it is known.
    var opening: Observation?
  }

  private func run(_ task: AgentTask, filter: inout any PopulationFilter, state: inout State) async throws {
    var generator = context.root.split(task.id.rawValue).split("resampling").generator()
    var step = 0
    while step < task.stepLimit {
      let next = min(settings.schedule.nextCheckpoint(after: step) ?? task.stepLimit, task.stepLimit)
      try await advance(Array(state.particles.indices), to: next, state: &state)
      step = next
      if state.particles.allSatisfy(\.isOver) || isSatisfied(state) { return }
      let paid = payment(&state)
      let guidance = Guidance(softValues: try await softValues(&state))
      let checkpoint = filter.weigh(step: step, paid: paid, guidance: guidance, using: &generator)
      let culled = checkpoint.ancestors == nil ? [] : try await replace(at: checkpoint, state: &state)
      state.culled += try await stored(culled, task: task, genealogy: filter.genealogy)
    }
  }

  /// Whether a search has found the maximal reward.
  private func isSatisfied(_ state: State) -> Bool {
    guard settings.answer == .search else { return false }
    return state.particles.contains {
      $0.failure == nil && $0.trajectory.isFinished && world.isMaximal($0.trajectory.reward)
    }
  }

  private func open(_ task: AgentTask, count: Int, into state: inout State) async throws {
    // All particles share one opening. If the world cannot copy itself, each particle opens its own episode at its
    // first step.
    let first: Particle
    do { first = try await context.first(of: task, state.opening) } catch let error as WorldError
      where settings.failsToOpen(over: error)
    {
      let failed = Particle(failed: AttemptFailure(error), task: task)
      state.particles += Array(repeating: failed, count: max(count, 1))
      return
    }
    state.opening = first.trajectory.opening
    state.particles.append(first)
    for _ in 1..<max(count, 1) { state.particles.append(try await first.forked()) }
  }

  private func advance(_ places: [Int], to step: Int, state: inout State) async throws {
    let segment = Segment(context, end: step)
    let running = places.filter { !state.particles[$0].isOver && state.particles[$0].trajectory.count < step }
    guard !running.isEmpty else { return }
    var slowest = 0.0
    // The failure at the first place, so that the reported error does not depend on timing.
    var failure: (place: Int, error: any Error)?
    await withTaskGroup(of: Advance.self) { group in
      for place in running {
        var particle = state.particles[place]
        (particle.calls, particle.usage, particle.mismatches) = (0, Usage(), 0)
        // The task starts on this thread. A particle that does not wait then needs no thread switch.
        group.addImmediateTask { [particle] in
          let start = ContinuousClock.now
          var particle = particle
          var error: (any Error)?
          do {
            try await particle.advance(through: segment, at: place)
          } catch let thrown { error = thrown }
          return Advance(
            place: place, particle: particle, seconds: (ContinuousClock.now - start).inSeconds, error: error)
        }
      }
      for await result in group {
        state.calls += result.particle.calls
        state.usage += result.particle.usage
        state.mismatches += result.particle.mismatches
        state.particles[result.place] = result.particle
        slowest = max(slowest, result.seconds)
        if let error = result.error, result.place < failure?.place ?? .max { failure = (result.place, error) }
      }
    }
    state.criticalPath += slowest
    if let failure { throw failure.error }
  }

  private struct Advance: Sendable {
    let place: Int
    let particle: Particle
    let seconds: Double
    let error: (any Error)?
  }

  /// Writes the newest checkpoint and culled trajectories to the store, if there is one, and drops these from memory.
  private func stored(
    _ culled: [PopulationResult.Culled], task: AgentTask, genealogy: Genealogy
  ) async throws -> [PopulationResult.Culled] {
    guard let store else { return culled }
    try await store.save(culled: culled.compactMap(\.record), run: run, task: task, genealogy: genealogy)
    return culled.map {
      PopulationResult.Culled(place: $0.place, step: $0.step, trajectory: nil, failure: $0.failure)
    }
  }

  /// Replaces each particle by its ancestor. Survivors keep their places. Only surplus copies are forked.
  ///
  /// - Returns: the trajectories that were culled before they finished.
  private func replace(
    at checkpoint: Checkpoint, state: inout State
  ) async throws -> [PopulationResult.Culled] {
    let before = state.particles
    var culled: [PopulationResult.Culled] = []
    for place in checkpoint.culled {
      let particle = before[place]
      if let failure = particle.failure { state.replaced.append(failure) }
      if particle.trajectory.isFinished {
        state.bank.append((place, particle.trajectory))
      } else {
        culled.append(
          PopulationResult.Culled(
            place: place, step: checkpoint.step, trajectory: particle.trajectory, failure: particle.failure))
      }
    }
    let forks = await withTaskGroup(of: (Int, Result<Particle, any Error>).self) { group in
      for (place, ancestor) in checkpoint.copies {
        let particle = before[ancestor]
        group.addImmediateTask {
          do { return (place, .success(try await particle.forked())) } catch { return (place, .failure(error)) }
        }
      }
      var forks: [(Int, Result<Particle, any Error>)] = []
      for await fork in group { forks.append(fork) }
      return forks
    }
    var failure: (any Error)?
    for (place, fork) in forks {
      switch fork {
      case .success(let particle):
        state.mismatches += await before[place].episode.recoveryMismatches
        await before[place].episode.close()
        state.particles[place] = particle
      case .failure(let error): failure = failure ?? error
      }
    }
    state.paid = state.paid.indices.map { state.paid[checkpoint.ancestor(of: $0)] }
    if let failure { throw failure }
    return culled
  }

  /// The reward of each particle since the last checkpoint.
  private func payment(_ state: inout State) -> Payment {
    let rewards = state.particles.map(\.trajectory.reward)
    let before = state.paid.isEmpty ? Array(repeating: 0, count: rewards.count) : state.paid
    state.paid = rewards
    return Payment(
      rewards: state.particles.indices.map {
        state.particles[$0].failure == nil ? rewards[$0] - before[$0] : -.infinity
      })
  }

  private func close(_ particles: [Particle]) async {
    await withDiscardingTaskGroup { group in
      for particle in particles { group.addImmediateTask { await particle.episode.close() } }
    }
  }
}
