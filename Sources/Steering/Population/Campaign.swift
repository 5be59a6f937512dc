import Agents
import Foundation
import ParticleFilter
import RolloutStore
import Synchronization

/// One method on many tasks. Several populations run at a time, so that calls fill the concurrency that the policy
/// allows.
public struct Campaign: Sendable {
  /// The world that the tasks belong to. The caller closes it.
  public let world: any World
  /// The frozen policy whose attempts are steered.
  public let policy: any Policy
  /// The guide of methods that have one; nil gives every state the value 0.
  public let critic: (any Critic)?
  /// Method, N, β, schedule and seed.
  public let settings: SteeringSettings
  /// Where answers and trajectories are stored and read again when the run resumes; nil stores nothing.
  public let store: RolloutStore?
  /// The limits. Campaigns that share a budget are limited together.
  public let budget: Budget
  /// The most calls in flight; it also decides how many populations run at a time.
  public let concurrency: Int
  /// The command recorded with the run in the store.
  public let verb: String
  /// Receives the steps while the run goes on; nil for none.
  package var tracer: (any RunTracer)?

  /// - Parameters:
  ///   - critic: nil for methods without a guide.
  ///   - store: nil to store nothing; the run cannot be resumed then.
  ///   - concurrency: model calls in flight, at least 1.
  public init(
    world: any World, policy: any Policy, critic: (any Critic)? = nil, settings: SteeringSettings,
    store: RolloutStore? = nil, budget: Budget = Budget(), concurrency: Int = 8, verb: String = "steer"
  ) {
    self.world = world
    self.policy = policy
    self.critic = critic
    self.settings = settings.effective
    self.store = store
    self.budget = budget
    self.concurrency = concurrency
    self.verb = verb
  }

  /// The results of the tasks in their order, and why some are missing.
  public struct Outcome: Sendable {
    /// One result for each task that was completed, in the order of the tasks.
    public let results: [PopulationResult]
    /// Why the campaign ended early; nil if every task was completed.
    public let stopped: SteeringError?
    /// Wall-clock seconds from start to end.
    public let wallSeconds: Double
    /// Answers of the policy, those for incomplete tasks and stored ones included.
    public let calls: Int
    /// How many answers were read from the store.
    public let storedCalls: Int
    /// The tokens of all answers, stored ones included.
    public let usage: Usage
    /// Money that the critic cost, if it is paid for.
    public var criticCost = 0.0
  }

  /// The run's id: a digest of everything that decides its answers. The same campaign started again reads the stored
  /// answers.
  public var run: String {
    var digest = Digest()
    digest.add(world.identity.kind, world.identity.rules, policy.identity, String(settings.seed))
    // The id of independent attempts depends neither on their number nor on their weights. With more attempts the
    // stored ones are kept, and a single attempt is the first of best-of-N.
    if settings.method.driver == .frontier {
      // The id does not include the budget either, so that a search with more calls continues a shorter one.
      digest.add(
        settings.method.rawValue, String(settings.search.width), settings.search.rule.text,
        settings.search.hasVerifier ? "verifier" : "no verifier", settings.divergence.rawValue,
        critic?.identity ?? "none")
    } else if settings.schedule != .never {
      digest.add(
        settings.method.rawValue, String(settings.particles), String(settings.temperature),
        settings.schedule.description,
        // A beam has no resampler.
        settings.keep.map { "keep \($0)" } ?? settings.resampler.rawValue,
        settings.divergence.rawValue, critic?.identity ?? "none")
    }
    return digest.text
  }

  /// Steers the tasks.
  ///
  /// - Parameters:
  ///   - split: the split that the tasks belong to, recorded in the store.
  ///   - minimumCalls: for each task, best-of-N continues past N until it has made this many calls.
  ///   - minimumCost: likewise in money, at the prices of the budget.
  ///   - calls: with a budget, the model calls for all tasks together; nil for what the settings say.
  ///   - called: called with every answer.
  ///   - progress: called with each result, in the order in which tasks finish.
  /// - Throws: ``SteeringError`` for what is wrong before the first call. Later errors end the campaign cleanly: see
  ///   ``Outcome/stopped``.
  public func run(
    _ tasks: [AgentTask], split: Split? = nil, minimumCalls: [TaskID: Int] = [:], minimumCost: [TaskID: Double] = [:],
    calls: Int? = nil, called: (@Sendable (CallEvent) -> Void)? = nil,
    progress: (@Sendable (PopulationResult) -> Void)? = nil
  ) async throws(SteeringError) -> Outcome {
    guard let stepLimit = tasks.map(\.stepLimit).max() else {
      throw SteeringError(.badSettings, "There are no tasks to run: the split is empty.")
    }
    if let repeated = tasks.map(\.id).firstRepeated {
      throw SteeringError(
        .badSettings,
        """
        The task \(repeated.rawValue.clipped(to: 80)) appears twice among the tasks to run. Answers are stored under \
        the names of tasks, so that the world must give every task a name of its own.
        """)
    }
    if let problem = settings.problem(stepLimit: stepLimit) { throw SteeringError(.badSettings, problem) }
    if settings.method.driver == .planned {
      throw SteeringError(
        .badSettings,
        "steering.method is \(settings.method.rawValue): a plan has to choose the method before tasks are run.")
    }
    if settings.hasBudget {
      let budgeted = calls ?? budgetedCalls(tasks)
      return try await waves(of: tasks, split: split, within: budgeted, called: called, progress: progress)
    }
    if settings.isGuided && critic == nil {
      throw SteeringError(
        .badSettings,
        settings.method.driver == .frontier
          ? "The method \(settings.method.rawValue) needs a critic, and there is none."
          : "steering.resample is \(settings.schedule), and there is no critic to weigh by.")
    }
    let stored = try await note(tasks, split: split)
    let start = ContinuousClock.now
    let tally = Tally()
    let policy = MeteredPolicy(policy, store: store, budget: budget, concurrency: concurrency) { event in
      tally.add(event)
      called?(event)
    }
    let context = RunContext(
      world: world, policy: policy, critic: critic, settings: settings, run: run, store: store, tracer: tracer)
    tracer?.began(RunTrace(self))
    let (results, stopped) =
      switch settings.method.driver {
      case .planned, .frontier:
        await searched(tasks, in: context, calls: calls, stored: stored, progress: progress)
      case .population:
        await attempted(
          tasks, in: context, minimumCalls: minimumCalls, minimumCost: minimumCost, progress: progress)
      }
    tracer?.ended(context.run, stopped: stopped)
    return Outcome(
      results: tasks.indices.compactMap { results[$0] }, stopped: stopped,
      wallSeconds: (ContinuousClock.now - start).inSeconds, calls: tally.counts.withLock(\.calls),
      storedCalls: tally.counts.withLock(\.stored),
      usage: tally.counts.withLock(\.usage))
  }

  /// Runs the populations, several at a time.
  ///
  /// - Returns: results by the index of their task, and the reason if some are missing.
  private func attempted(
    _ tasks: [AgentTask], in context: RunContext, minimumCalls: [TaskID: Int], minimumCost: [TaskID: Double],
    progress: (@Sendable (PopulationResult) -> Void)?
  ) async -> (results: [Int: PopulationResult], stopped: SteeringError?) {
    let population = Population(context)
    // Twice as many populations as fit the concurrency. While some wait at a checkpoint for their slowest particle, or
    // for a server to recover, others use the free calls.
    let window = max(1, 2 * concurrency / settings.particles)
    return await withTaskGroup(of: (Int, Result<PopulationResult, SteeringError>).self) { group in
      var waiting = tasks.enumerated().makeIterator()
      var running = 0
      func start() {
        while running < window, let (index, task) = waiting.next() {
          running += 1
          group.addTask {
            do throws(SteeringError) {
              let result = try await population.steer(
                task, minimumCalls: minimumCalls[task.id] ?? 0, minimumCost: minimumCost[task.id] ?? 0,
                pricing: budget.pricing)
              try await save(result)
              tracer?.finished(result, of: context.run)
              return (index, .success(result))
            } catch { return (index, .failure(error)) }
          }
        }
      }
      start()
      var results: [Int: PopulationResult] = [:]
      var stopped: (index: Int, error: SteeringError)?
      var hopelessness = Hopelessness(patience: window)
      for await (index, result) in group {
        running -= 1
        switch result {
        case .success(let result):
          results[index] = result
          progress?(result)
          hopelessness.note(result, at: index)
        case .failure(let error):
          if index < stopped?.index ?? .max { stopped = (index, error) }
        }
        // Tasks in flight are not cancelled, so that the answers they pay for are stored.
        if stopped == nil, !hopelessness.isHopeless { start() }
      }
      let error = stopped?.error ?? (results.count < tasks.count ? hopelessness.error : nil)
      return (results, error)
    }
  }

  /// The sums over the campaign's answers.
  private final class Tally: Sendable {
    let counts = Mutex((calls: 0, stored: 0, usage: Usage()))

    func add(_ event: CallEvent) {
      counts.withLock {
        $0.calls += 1
        $0.stored += event.isStored ? 1 : 0
        $0.usage += event.usage
      }
    }
  }

  /// - Returns: the number of stored answers of the run for these tasks.
  private func note(_ tasks: [AgentTask], split: Split?) async throws(SteeringError) -> Int {
    var stored = 0
    do {
      try await store?.begin(
        RunRecord(
          id: run, verb: verb, method: settings.method.rawValue, environment: world.identity, policy: policy.identity,
          format: policy.format, critic: critic?.identity, isPrior: !settings.isGuided, seed: settings.seed,
          settings: settings.recorded()))
      try await store?.note(tasks, split: split, of: world.identity)
      // Stored answers were paid for by this run, so they count towards its limit.
      let spent = try await store?.spent(run: run) ?? [:]
      for task in tasks {
        // Tasks without stored answers are also marked as counted. Otherwise the next campaign of this run would count
        // their new answers twice.
        let (calls, usage) = spent[task.id] ?? (0, Usage())
        stored += calls
        await budget.countStored(run: run, task: task.id, calls: calls, usage)
      }
    } catch { throw SteeringError(error) }
    return stored
  }

  func save(_ result: PopulationResult) async throws(SteeringError) {
    do throws(StoreError) {
      try await store?.save(
        run: run, task: result.task, trajectories: result.records, genealogy: result.genealogy, tree: result.tree,
        stored: result.culled.filter { $0.trajectory == nil }.map { ($0.place, .culled(after: $0.step)) })
    } catch { throw SteeringError(error) }
  }
}
