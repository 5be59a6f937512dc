import Agents
import Findings
import Foundation
import Gateway
import Policies
import Reporting
import RolloutStore
import Steering

/// The policy in use: metered, recorded and within the limits.
package struct Run: Sendable {
  package let workbench: Workbench
  let base: any Policy
  package let budget: Budget

  package init(workbench: Workbench, base: any Policy, budget: Budget) {
    self.workbench = workbench
    self.base = base
    self.budget = budget
  }

  /// Answers one request without storing the answer, for checks.
  package func answer(_ request: PolicyRequest) async throws(PolicyError) -> PolicyResponse {
    try await base.respond(to: request)
  }

  /// Runs one method on tasks, with progress.
  package func steer(
    _ tasks: [AgentTask], split: Split?, settings: SteeringSettings, critic: (any Critic)?, verb: String,
    minimumCalls: [TaskID: Int] = [:], minimumCost: [TaskID: Double] = [:], calls: Int? = nil,
    title: String? = nil
  ) async throws -> Campaign.Outcome {
    let settings = settings.effective
    let campaign = campaign(settings, critic: critic, verb: verb)
    let progress = progress(
      of: campaign, tasks, title ?? "\(settings.method.rawValue) × \(settings.particles)", minimumCalls: minimumCalls,
      calls: calls)
    let before = workbench.criticCost.current
    let tracked = TrackedCampaign(
      campaign, tasks, split: split, title: title ?? "\(verb) \(settings.method.rawValue) × \(settings.particles)",
      of: workbench)
    var outcome: Campaign.Outcome
    do {
      outcome = try await progress.reporting {
        try await campaign.run(
          tasks, split: split, minimumCalls: minimumCalls, minimumCost: minimumCost, calls: calls,
          called: progress.called,
          progress: { result in
            progress.finished(result)
            tracked?.finished(result)
          })
      }
    } catch {
      tracked?.end(nil, stopped: true)
      throw error
    }
    outcome.criticCost = workbench.criticCost.current - before
    tracked?.end(summary(outcome, settings: settings), stopped: outcome.stopped != nil)
    return outcome
  }

  private func progress(
    of campaign: Campaign, _ tasks: [AgentTask], _ title: String, minimumCalls: [TaskID: Int], calls: Int?
  ) -> ProgressKeeper {
    let most = calls ?? campaign.budgetedCalls(tasks, minimum: minimumCalls)
    var figures = ProgressFigures()
    figures.title = title
    figures.tasks = tasks.count
    figures.mostCalls = most
    figures.pricing = workbench.pricing
    let left = RemainingSteps(
      tasks: tasks.count, attempts: campaign.settings.particles, stepLimit: tasks.map(\.stepLimit).max() ?? 1,
      minimum: minimumCalls, most: most,
      isBudget: campaign.settings.hasBudget || campaign.settings.method.driver == .frontier)
    return ProgressKeeper(
      figures, left, run: campaign.run, store: workbench.store, budget: budget,
      progress: workbench.observer.begin(title, tasks: tasks.count, calls: most, pricing: workbench.pricing))
  }

  /// A campaign of one method with this policy and the workbench's store.
  package func campaign(_ settings: SteeringSettings, critic: (any Critic)? = nil, verb: String) -> Campaign {
    var campaign = Campaign(
      world: workbench.world, policy: base, critic: critic, settings: settings, store: workbench.store, budget: budget,
      concurrency: workbench.configuration.policy.concurrency, verb: verb)
    campaign.tracer = workbench.trackers.tracer
    return campaign
  }

  /// Independent rollouts of the frozen policy.
  package func collect(_ tasks: [AgentTask], split: Split?, rollouts: Int) async throws -> Campaign.Outcome {
    try await steer(
      tasks, split: split, settings: independent(rollouts), critic: nil, verb: "collect",
      title: "collect \(split?.rawValue ?? "tasks") × \(rollouts)")
  }

  /// Independent rollouts of the splits that critics and plans are made from.
  ///
  /// - Parameters:
  ///   - rollouts: attempts at each task.
  ///   - done: called after each split that has tasks.
  /// - Throws: `SteeringError` where a limit was reached, or more than half of the attempts of a split failed.
  package func collectForTraining(rollouts: Int, done: (CollectReport) -> Void) async throws {
    for split in [Split.train, .validation] {
      let tasks = try workbench.world.tasks(in: split)
      guard !tasks.isEmpty else { continue }
      let outcome = try await collect(tasks, split: split, rollouts: rollouts)
      done(CollectReport(outcome, split: split, rollouts: rollouts, pricing: workbench.pricing))
      if let stopped = outcome.stopped ?? outcome.failure(ofMoreThan: 0.5) { throw stopped }
    }
  }

  /// The settings of independent attempts.
  package func independent(_ attempts: Int) -> SteeringSettings {
    SteeringSettings(
      method: .bestOf, particles: attempts, schedule: .never, answer: .sample,
      seed: workbench.configuration.steering.seed,
      onEnvironmentError: workbench.configuration.steering.onEnvironmentError)
  }

  /// - Parameters:
  ///   - policy: the policy's name, if several are compared.
  ///   - detail: how much of the chosen answers it has.
  package func summary(
    _ outcome: Campaign.Outcome, settings: SteeringSettings, policy: String? = nil, detail: AnswerDetail = .none
  ) -> MethodSummary {
    // A comparison runs every population to its end; its answers are still those that the configuration wants.
    let wanted = workbench.configuration.steering.answer
    return MethodSummary(
      outcome, settings: settings, pricing: workbench.pricing, maximalReward: workbench.world.maximalReward,
      policy: policy
    ) { chosenAnswer(of: $0, settings: settings, answer: wanted, detail: detail) }
  }
}

extension Workbench {
  /// Starts the policy, runs `body` with it, and stops the policy cleanly, even after an interrupt.
  ///
  /// - Parameter budget: the limits of the run; nil for those of the configuration.
  package func withRun<T: Sendable>(budget: Budget? = nil, _ body: (Run) async throws -> T) async throws -> T {
    let budget = budget ?? self.budget
    return try await observer.stoppable(budget: budget) { try await withPolicy(budget: budget, body) }
  }

  /// Like ``withRun(budget:_:)``, for a body that ends on the user's request by itself.
  func withPolicy<T: Sendable>(budget: Budget, _ body: (Run) async throws -> T) async throws -> T {
    try await trackers.open()
    noteConnections(configuration.policy)
    return try await source.with { policy in
      if let world = world as? AgentWorld { await serve(world, by: policy) }
      return try await body(Run(workbench: self, base: policy, budget: budget))
    }
  }

  /// Answers what agents' programs ask that is no step: embeddings, and what a framework asks before the work begins.
  /// Each answer is stored, and asked for once.
  private func serve(_ world: AgentWorld, by policy: any Policy) async {
    world.use(recordsIn: URL(fileURLWithPath: besideStore("records")).path)
    let answers = DigestedAnswers(
      of: "\(policyIdentity), no step", verb: "forward", store: store, environment: world.identity)
    let budget = budget
    @Sendable func stored(
      _ question: String, _ ask: () async throws(PolicyError) -> OrderedJSON
    ) async throws(PolicyError) -> OrderedJSON {
      if let end = await budget.end { throw end }
      do throws(CriticError) {
        return try await answers.values(of: [question]) {
          OrderedJSON(parsing: $0)
        } text: {
          $0.json
        } asking: { (_: [Int]) async throws(CriticError) in
          do throws(PolicyError) { return [try await ask()] } catch { throw CriticError(error) }
        }[0]
      } catch {
        throw PolicyError(.serverFailed, error.message)
      }
    }
    if let able = policy as? any ForwardingPolicy {
      await world.use { path, body throws(PolicyError) in
        try await stored(path + " " + body.sorted.json) { () throws(PolicyError) in try await able.forward(path, body) }
      }
    }
    await world.use(probe: { question throws(PolicyError) in
      let json = try await stored(question.path + " " + question.body.sorted.json) { () throws(PolicyError) in
        let key = CallKey(run: "probe", task: "probe", particle: 0, step: 0)
        var request = PolicyRequest(transcript: Transcript(), seed: Seed(0), key: key)
        request.question = question
        let response = try await policy.respond(to: request)
        let answer = response.continuation.flatMap(ModelAnswer.init) ?? .plain(response.text)
        return ["dialect": .text(answer.dialect.rawValue), "answer": answer.body]
      }
      guard let answer = ModelAnswer(json.json) else {
        throw PolicyError(.malformedAnswer, "A stored answer cannot be read.")
      }
      return answer
    })
  }
}
