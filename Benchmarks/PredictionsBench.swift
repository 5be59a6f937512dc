import Agents
import Critics
import Findings
import Foundation
import JavaBridge
import ParticleFilter
import ScienceWorld
import Steering
import TestSupport
import TextCraft

/// A plan's predictions compared with the results of real populations, in established worlds with partial rewards. The
/// policy is an imperfect expert: at each step it takes the next action of the world's own solution, or wastes the
/// step.
enum PredictionsBench {
  static let particles = 8

  static func run() async throws {
    print("best reward        best-of-\(particles)           steered              gain")
    try await textCraft()
    try await scienceWorld()
  }

  /// Goals whose solutions have three to six steps, within seven steps. About a third of the steps are wasted.
  private static func textCraft() async throws {
    let world = try TextCraft(
      recipes: RecipeBook(directory: RecipeBook.find(in: [ChildServer.virtualEnvironment])), reward: .inventoryValue,
      stepLimit: 7, lengths: 3...6, splits: TaskSplits([.train: Array(0..<60), .test: Array(100..<180)]))
    try await compare("textcraft", world, slips: 0.35, wasted: "inventory") { task in
      world.recipes.goldPath(to: Item(named: String(task.id.rawValue.prefix { $0 != "#" })))
    }
  }

  /// Games of a few topics, cut after nine steps.
  private static func scienceWorld() async throws {
    let pool = try await SimulatorPool.open(
      .init(
        .scienceWorld, jar: try JavaProgram.scienceWorld.findJar(in: [ChildServer.virtualEnvironment]),
        java: try JavaProgram.scienceWorld.findJava()))
    let world = try ScienceWorld(
      pool: pool, games: .variations(tasks: ["find-plant", "find-living-thing", "find-animal"]),
      simplifications: [.easy], stepLimit: 9)
    try await compare("scienceworld", world, tasks: 24, slips: 0.35, wasted: "look around") { task in
      try await world.goldPath(task.id)
    }
    await world.close()
  }

  private static func compare(
    _ name: String, _ world: some World, tasks most: Int = 80, slips: Double, wasted: String,
    solution: (AgentTask) async throws -> [String]
  ) async throws {
    let (train, test) = (
      Array(try world.tasks(in: .train).prefix(most)), Array(try world.tasks(in: .test).prefix(most))
    )
    var solutions: [TaskID: [String]] = [:]
    for task in train + test { solutions[task.id] = try await solution(task) }
    let known = solutions
    let hand = ClosurePolicy("a hand that slips") { request in
      var generator = request.seed.generator()
      let steps = known[request.key.task] ?? []
      var done = 0
      for case .response(let text) in request.transcript.entries where done < steps.count && text == steps[done] {
        done += 1
      }
      return PolicyResponse(generator.uniform() < slips || done == steps.count ? wasted : steps[done])
    }
    func campaign(_ settings: SteeringSettings, _ critic: (any Critic)? = nil) -> Campaign {
      Campaign(world: world, policy: hand, critic: critic, settings: settings, concurrency: 16)
    }
    func rewards(_ outcome: Campaign.Outcome) throws -> [Double] {
      if let stopped = outcome.stopped { throw stopped }
      return outcome.results.compactMap(\.rewardBest)
    }
    let stored = try await campaign(
      SteeringSettings(method: .bestOf, particles: particles, answer: .sample, seed: 1)
    ).run(train)
    if let stopped = stored.stopped { throw stopped }
    let rollouts = stored.results.flatMap { $0.particles.map(\.trajectory) }
    let beliefs = try CrossFitted.beliefs(
      about: rollouts, environment: world.identity, seed: Seed(1))
    var planner = Planner(
      environment: world.identity, policy: hand.identity, critic: "trees",
      settings: SteeringSettings(particles: particles, temperature: 0.1, answer: .search), particles: [particles],
      maximalReward: world.maximalReward, seed: Seed(1))
    planner.work = 3_000_000
    let plan = try await planner.plan(zip(rollouts, beliefs).map { ValuedRollout($0, beliefs: $1) })
    let critic = try TreesCritic.fit(
      rollouts, environment: world.identity, policy: hand.identity, seed: Seed(1))
    print("\(name): \(rollouts.count) rollouts of \(train.count) tasks; \(test.count) others")
    let most = plan.rows.map(\.rewardBest.mean).max() ?? 0
    print("  the largest best reward predicted of \(plan.rows.count) settings: \(Bench.text(most, 3))")
    guard let choice = plan.choice(.search, particles: particles) else { return }
    print("  \(choice.resample): \(choice.reason)")
    for row in rows(of: plan, choice) {
      guard let schedule = Schedule(row.resample) else { continue }
      let steered = try await campaign(
        SteeringSettings(
          particles: particles, temperature: row.temperature, schedule: schedule, answer: .sample, seed: 2), critic
      ).run(test)
      let calls = Dictionary(uniqueKeysWithValues: steered.results.map { ($0.task.id, $0.calls) })
      let independent = try await campaign(
        SteeringSettings(method: .bestOf, particles: particles, answer: .sample, seed: 3)
      ).run(test, minimumCalls: calls)
      let (amc, bestOf) = (try rewards(steered), try rewards(independent))
      let predictedBestOf = row.rewardBest.mean - row.gainBest.mean
      print(
        """
          \(row.resample) β \(Bench.text(row.temperature))
            predicted        \(Bench.text(predictedBestOf, 3))                \(text(row.rewardBest))       \(text(row.gainBest))
            measured         \(text(MeanEstimate(bestOf)))        \(text(MeanEstimate(amc)))       \(text(MeanEstimate(zip(amc, bestOf).map { $0 - $1 })))
        """)
    }
  }

  /// The plan's best candidate, and one adaptive and one fixed schedule for comparison.
  private static func rows(of plan: Plan, _ choice: Plan.Choice) -> [Plan.Row] {
    var rows = [choice.candidate]
    for resample in ["ess:0.5", "ess:1"] {
      if let row = plan.rows.first(where: { $0.resample == resample && $0.temperature == choice.candidate.temperature }
      ),
        row.resample != choice.candidate.resample
      {
        rows.append(row)
      }
    }
    return rows
  }

  private static func text(_ estimate: MeanEstimate) -> String {
    "\(Bench.text(estimate.mean, 3)) ± \(Bench.text(estimate.se, 3))"
  }
}
