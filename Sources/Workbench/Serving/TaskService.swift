import Agents
import Findings
import Foundation
import Steering

/// Does tasks as they are asked for: one population each, with one policy, one store and one budget for all.
///
/// Requests for the same task at the same time share its population. Work that nobody waits for any more goes on to its
/// end, so that the same request later reads what is stored and asks nothing again.
package actor TaskService {
  /// What a service has done since it began.
  package struct Report: Sendable, Encodable {
    /// Requests that were answered.
    package internal(set) var answered = 0
    /// Requests that were refused, or whose work failed.
    package internal(set) var failed = 0
    /// Populations that were run. Requests for the same task at the same time share one.
    package internal(set) var populations = 0
    /// Answers of the policy, stored ones included; each counts once.
    package internal(set) var policyCalls = 0
    /// Tokens of all answers.
    package internal(set) var inputTokens = 0
    package internal(set) var outputTokens = 0
    /// Money, a paid critic's included.
    package internal(set) var cost = 0.0
  }

  private struct Key: Hashable {
    let run: String
    let task: TaskID
  }

  /// The most populations under way and waiting.
  private static let mostFlights = 1_000

  /// The world's kind.
  package nonisolated let world: WorldIdentity
  /// Method, N and whatever else decides a population. The seed is that of requests without one.
  package nonisolated let settings: SteeringSettings
  /// The policy's identity.
  package nonisolated let policy: String
  private nonisolated let finder: TaskFinder
  private let run: Run
  private let critic: (any Critic)?
  private let gate: Gate
  private var flights: [Key: TaskFlight] = [:]
  private var isStopping = false
  private var counts = Report()
  private var emptied: [CheckedContinuation<Void, Never>] = []

  init(_ run: Run, _ finder: TaskFinder, settings: SteeringSettings, critic: (any Critic)?) {
    self.run = run
    self.finder = finder
    self.settings = settings
    self.critic = critic
    world = run.workbench.world.identity
    policy = run.workbench.policyIdentity
    // Twice as many populations as fit the concurrency, as in a campaign.
    gate = Gate(width: max(1, 2 * run.workbench.configuration.policy.concurrency / settings.particles))
  }

  /// Whether a text can describe a task.
  package nonisolated var takesDescriptions: Bool { finder.takesDescriptions }

  /// The tasks that the world lists.
  package nonisolated var tasks: [AgentTask] { finder.tasks }

  /// Begins the work on a task, or joins the work that is under way.
  ///
  /// - Parameter seed: the seed of the population; nil for that of the settings.
  package func begin(_ wish: TaskWish, seed: UInt64? = nil) throws(ServingRefusal) -> TaskFlight {
    guard !isStopping else {
      throw ServingRefusal(.stopping, "The server is stopping. The same request continues once it runs again.")
    }
    let (task, split) = try finder.task(wish)
    var settings = settings
    settings.seed = seed ?? settings.seed
    let campaign = run.campaign(settings, critic: critic, verb: "serve")
    let key = Key(run: campaign.run, task: task.id)
    if let flight = flights[key] { return flight }
    guard flights.count < Self.mostFlights else {
      throw ServingRefusal(.tooMany, "\(flights.count) tasks are under way already. Ask again later.")
    }
    let flight = TaskFlight(task, run: campaign.run)
    flights[key] = flight
    counts.populations += 1
    let (run, gate) = (run, gate)
    Task {
      await gate.withPlace { await run.fly(flight, campaign, split: split) }
      self.end(key)
    }
    return flight
  }

  /// Counts a request.
  package func count(isAnswered: Bool) {
    if isAnswered { counts.answered += 1 } else { counts.failed += 1 }
  }

  /// What was done so far.
  package var report: Report {
    get async {
      var report = counts
      let spent = await run.budget.spent
      report.policyCalls = spent.calls
      report.inputTokens = spent.usage.inputTokens
      report.outputTokens = spent.usage.outputTokens
      report.cost = spent.cost
      return report
    }
  }

  /// The number of tasks under way and waiting.
  package var underWay: Int { flights.count }

  // MARK: - The end

  private func end(_ key: Key) {
    flights[key] = nil
    guard flights.isEmpty else { return }
    for waiter in emptied { waiter.resume() }
    emptied = []
  }

  /// Refuses new requests, and lets the work under way end within a grace period. After that its calls in flight finish
  /// and are stored, and no new ones are made.
  package func stop(grace: Duration) async {
    isStopping = true
    let budget = run.budget
    let late = Task {
      try await Task.sleep(for: grace)
      await budget.stop("The server has stopped. The same request continues once it runs again.")
    }
    if !flights.isEmpty { await withCheckedContinuation { emptied.append($0) } }
    late.cancel()
  }
}

extension Run {
  /// Runs the population of a task, and hands its answer to those who wait.
  fileprivate func fly(_ flight: TaskFlight, _ campaign: Campaign, split: Split?) async {
    let start = ContinuousClock.now
    do throws(SteeringError) {
      let outcome = try await campaign.run([flight.task], split: split, called: { flight.note($0) })
      if let stopped = outcome.stopped { throw stopped }
      guard let result = outcome.results.first else {
        throw SteeringError(.attemptsFailed, "The budget ended before the first step.")
      }
      guard result.rewardBest != nil else {
        throw SteeringError(.attemptsFailed, result.failureText + " The same request tries them again.")
      }
      guard let chosen = chosenAnswer(of: result, settings: campaign.settings, detail: .messages), chosen.answer != nil
      else { throw SteeringError(.attemptsFailed, "No attempt came to an answer.") }
      var progress = flight.progress
      (progress.calls, progress.storedCalls, progress.usage) = (outcome.calls, outcome.storedCalls, outcome.usage)
      let seconds = ContinuousClock.now - start
      flight.land(
        .success(
          TaskFlight.Landing(
            chosen: chosen, progress: progress, cost: workbench.pricing.cost(of: outcome.usage),
            failedAttempts: outcome.failedAttempts, seconds: seconds.inSeconds)))
    } catch {
      flight.land(.failure(error))
    }
  }
}
