import Agents
import Foundation
import ParticleFilter
import TestSupport
import Testing

@testable import Findings
@testable import Steering

@Suite("A plan") struct PlanTests {
  static let world = ChainWorld(rounds: 6)

  /// Runs real populations of the frozen policy.
  static func campaign(
    _ settings: SteeringSettings, tasks: Range<Int>, critic: any Critic = ChainWorld.exactCritic
  ) async throws -> [PopulationResult] {
    try await Campaign(world: world, policy: ChainWorld.coin, critic: critic, settings: settings, concurrency: 64)
      .run(tasks.map(world.task)).results
  }

  static func rollouts(
    tasks: Range<Int> = 0..<50, of count: Int = 8, critic: any Critic = ChainWorld.exactCritic,
    reference: (any Critic)? = nil
  ) async throws -> [ValuedRollout] {
    let found = try await campaign(
      SteeringSettings(method: .bestOf, particles: count, answer: .sample, seed: 5), tasks: tasks)
    var rollouts: [ValuedRollout] = []
    for trajectory in found.flatMap({ $0.particles.map(\.trajectory) }) {
      let states = (0..<trajectory.count).map { CriticState(trajectory.prefix($0)) }
      rollouts.append(
        ValuedRollout(
          trajectory, beliefs: try await critic.returnsToGo(from: states),
          reference: try await reference?.returnsToGo(from: states).compactMap(\.self)))
    }
    return rollouts
  }

  static func planner(
    particles: Int = 8, temperature: Double = 0.15, numbers: [Int]? = nil, seed: UInt64 = 1
  ) -> Planner {
    var planner = Planner(
      environment: world.identity, policy: "coin", critic: "exact",
      settings: SteeringSettings(particles: particles, temperature: temperature, answer: .search), particles: numbers,
      temperatures: [temperature], callCost: 0.5, seed: Seed(seed))
    // Debug builds are slow, so the simulation is small.
    planner.work = 400_000
    return planner
  }

  /// A random value for each state, always the same for the same state. A 95 % interval excludes a false gain for 97.5
  /// % of such critics. The value therefore depends on the request and the actions and not on how the state is worded.
  static let noise = ClosureCritic("noise") { state in
    var digest = Digest()
    digest.add(state.request, state.actions.joined(separator: " "))
    var generator = Seed(8).split(digest.text).generator()
    return generator.uniform()
  }

  @Test("The predicted gain is the one that real populations reach", .timeLimit(.minutes(10)))
  func prediction() async throws {
    let plan = try await Self.planner(numbers: [8]).plan(Self.rollouts())
    for (resample, schedule) in [("steps:2,4", Schedule.steps([2, 4])), ("ess:0.5", .effectiveSampleSize(below: 0.5))] {
      let steered = try await Self.campaign(
        SteeringSettings(particles: 8, temperature: 0.15, schedule: schedule, answer: .sample, seed: 11),
        tasks: 1_000..<1_300)
      let independent = try await Self.campaign(
        SteeringSettings(method: .bestOf, particles: 8, temperature: 0.15, answer: .sample, seed: 12),
        tasks: 1_000..<1_300)
      let row = try #require(plan.row(particles: 8, temperature: 0.15, resample: resample))
      func check(_ predicted: MeanEstimate, _ figure: KeyPath<PopulationResult, Double?>, _ comment: Comment) {
        let (a, b) = (
          MeanEstimate(present: steered.map { $0[keyPath: figure] }),
          MeanEstimate(present: independent.map { $0[keyPath: figure] })
        )
        // The simulation uses only 400 rollouts, so its own error is added to the sampling errors of both.
        let error = (a.se * a.se + b.se * b.se + predicted.se * predicted.se).squareRoot()
        #expect(abs(a.mean - b.mean - predicted.mean) < 3 * error + 0.01, comment)
      }
      check(row.gainBest, \.rewardBest, "\(resample): \(row.gainBest)")
      check(row.gainWeighted, \.rewardWeighted, "\(resample) weighted: \(row.gainWeighted)")
      #expect(row.gainBest.mean > 0.02)
      #expect(abs(row.calls - 48) < 1e-9)
      #expect(abs(row.cost - 24) < 1e-9)
    }
    let choice = try #require(plan.choice(.search, particles: 8))
    #expect(choice.resample != "none")
    #expect(choice.interval[0] > 0)
    #expect(choice.moreRollouts == 0)
  }

  @Test(
    "Where rewards are paid on the way, no more is predicted than the world can pay, and what real populations reach")
  func partialRewards() async throws {
    let world = FindsWorld()
    func populations(
      _ settings: SteeringSettings, tasks: Range<Int>
    ) async throws -> [PopulationResult] {
      try await Campaign(
        world: world, policy: FindsWorld.searcher, critic: FindsWorld.exactCritic, settings: settings, concurrency: 64
      ).run(tasks.map(world.task)).results
    }
    let stored = try await populations(
      SteeringSettings(method: .bestOf, particles: 6, answer: .sample, seed: 5), tasks: 0..<60)
    var rollouts: [ValuedRollout] = []
    for trajectory in stored.flatMap({ $0.particles.map(\.trajectory) }) {
      let states = (0..<trajectory.count).map { CriticState(trajectory.prefix($0)) }
      rollouts.append(
        ValuedRollout(trajectory, beliefs: try await FindsWorld.exactCritic.returnsToGo(from: states)))
    }
    var planner = Planner(
      environment: world.identity, policy: "searcher", critic: "exact",
      settings: SteeringSettings(particles: 8, temperature: 0.1, answer: .search), particles: [4, 8, 32],
      temperatures: [0.03, 0.1], maximalReward: world.maximalReward, seed: Seed(1))
    planner.work = 400_000
    let plan = try await planner.plan(rollouts)
    for row in plan.rows {
      #expect(row.rewardBest.mean <= 1 + 1e-9, "\(row)")
      #expect(row.rewardWeighted.mean <= 1 + 1e-9, "\(row)")
    }
    for schedule in [Schedule.steps([3, 6]), .effectiveSampleSize(below: 0.5)] {
      let steered = try await populations(
        SteeringSettings(particles: 4, temperature: 0.1, schedule: schedule, answer: .sample, seed: 11),
        tasks: 1_000..<1_300)
      let row = try #require(plan.row(particles: 4, temperature: 0.1, resample: schedule.description))
      for (predicted, figure) in [
        (row.rewardBest, \PopulationResult.rewardBest), (row.rewardWeighted, \.rewardWeighted),
      ] {
        let real = MeanEstimate(present: steered.map { $0[keyPath: figure] })
        let error = (real.se * real.se + predicted.se * predicted.se).squareRoot()
        #expect(abs(real.mean - predicted.mean) < 3 * error + 0.01, "\(schedule): \(predicted) predicted, \(real) real")
      }
    }
  }

  @Test("A gain above zero that is only small is not called none")
  func smallGain() throws {
    func reason(_ gains: [Double], maximum: Double) throws -> String {
      let judge = PlanJudge(
        tasks: gains.count, rollouts: 8 * gains.count, maximum: maximum, obstacle: nil, scale: 1, seed: Seed(3)
      ) { trial in
        Plan.Row(
          particles: 8, temperature: 0.1, resample: "ess:0.5", rewardBest: MeanEstimate(trial.best),
          rewardWeighted: MeanEstimate(trial.best), gainBest: MeanEstimate(trial.gainBest),
          gainWeighted: MeanEstimate(trial.gainBest), calls: 1, cost: 0)
      }
      var trial = Trial(
        setting: Simulation.Setting(particles: 8, temperature: 0, schedule: .effectiveSampleSize(below: 0.5)))
      trial.best = gains.map { 0.5 + $0 }
      trial.attemptsBest = gains.map { _ in 0.5 }
      return try #require(judge.choice(.search, [trial], \.gainBest, \.attemptsBest)).reason
    }
    let small = (0..<40).map { 0.004 + 0.002 * Double($0 % 3 - 1) }
    for maximum in [1, 0.5] {
      #expect(try reason(small, maximum: maximum).contains("above zero, but too small to be sure of"))
    }
    let none = (0..<40).map { 0.1 * Double($0 % 3 - 1) }
    for maximum in [1, 0.5] {
      #expect(try reason(none, maximum: maximum).contains("not significantly different from zero"))
    }
    #expect(try reason(none.map { $0 + 0.3 }, maximum: 1).hasPrefix("Predicted to gain"))
  }

  @Test("Where the critic's values are noise the plan is best-of-N, and the harm of steering by them is foreseen")
  func noise() async throws {
    let rollouts = try await Self.rollouts(critic: Self.noise, reference: ChainWorld.exactCritic)
    let plan = try await Self.planner(numbers: [4, 8]).plan(rollouts)
    for particles in [4, 8] {
      let choice = try #require(plan.choice(.search, particles: particles))
      #expect(choice.schedule == .never)
      #expect(choice.interval[0] <= 0)
      #expect(plan.choice(temperature: 0.15, particles: particles)?.schedule == .never)
    }
    let row = try #require(plan.row(particles: 8, temperature: 0.15, resample: "steps:2,4"))
    let steered = try await Self.campaign(
      SteeringSettings(particles: 8, temperature: 0.15, schedule: .steps([2, 4]), answer: .sample, seed: 11),
      tasks: 1_000..<1_300, critic: Self.noise)
    let independent = try await Self.campaign(
      SteeringSettings(method: .bestOf, particles: 8, temperature: 0.15, answer: .sample, seed: 12),
      tasks: 1_000..<1_300)
    let (a, b) = (
      MeanEstimate(present: steered.map(\.rewardBest)), MeanEstimate(present: independent.map(\.rewardBest))
    )
    let error = (a.se * a.se + b.se * b.se + row.gainBest.se * row.gainBest.se).squareRoot()
    #expect(abs(a.mean - b.mean - row.gainBest.mean) < 3 * error + 0.02, "\(a) \(b) \(row.gainBest)")
    #expect(row.gainBest.mean < 0)
  }

  @Test("A constant critic, and tasks whose rollouts all end alike, leave nothing to plan")
  func nothingToSelect() async throws {
    let constant = try await Self.planner(numbers: [4, 8]).plan(
      Self.rollouts(critic: ConstantCritic(.point(0.3)), reference: ChainWorld.exactCritic))
    for particles in [4, 8] {
      let choice = try #require(constant.choice(.search, particles: particles))
      #expect(choice.schedule == .never)
      #expect(choice.reason.contains("does not distinguish states"))
      #expect(choice.moreRollouts == nil)
    }
    let one = try await Self.rollouts(of: 1)
    let few = try #require(try await Self.planner(numbers: [8]).plan(one).choice(.search, particles: 8))
    #expect(few.schedule == .never && few.reason.contains("too few to tell"))
    #expect((few.moreRollouts ?? 0) > 0)
    let uniform = try await Self.planner(numbers: [8]).plan(one + one)
    let choice = try #require(uniform.choice(.search, particles: 8))
    #expect(choice.schedule == .never)
    #expect(choice.reason.contains("end alike"))
  }

  @Test("The same rollouts and seed give the same plan; an artifact reads back as itself")
  func repeatable() async throws {
    let rollouts = try await Self.rollouts(tasks: 0..<12, of: 4)
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    let first = try encoder.encode(try await Self.planner(numbers: [4]).plan(rollouts))
    let second = try encoder.encode(try await Self.planner(numbers: [4]).plan(rollouts))
    #expect(first == second)
    #expect(try encoder.encode(JSONDecoder().decode(Plan.self, from: first)) == first)
    let other = try encoder.encode(try await Self.planner(numbers: [4], seed: 2).plan(rollouts))
    #expect(first != other)
  }

  @Test("Best-of-N has no fewer calls than populations whose survivors live longer")
  func equalCalls() async throws {
    // Four attempts in five end at once without reward. The others last for 20 steps and are paid 1 or 0 by chance. A
    // critic can select the long attempts, but independent attempts with the same number of calls reach the same
    // reward.
    var generator = Seed(6).generator()
    let rollouts = (0..<60).flatMap { task in
      (0..<8).map { place -> ValuedRollout in
        let length = generator.uniform() < 0.2 ? 20 : 2
        let reward = length == 20 && generator.uniform() < 0.2 ? 1.0 : 0
        let steps = (1...length).map { step in
          Step(
            response: "", action: .act("\(place) \(step)"),
            outcome: Outcome(
              Observation("\(task)"), reward: step == length ? reward : 0, isDone: step == length))
        }
        let trajectory = Trajectory(
          task: AgentTask(id: TaskID("\(task)"), request: "live", stepLimit: 20), opening: Observation(""), steps: steps
        )
        let hope = length == 20 ? 0.2 : 0
        return ValuedRollout(
          trajectory, beliefs: (0..<length).map { .point($0 == 0 ? 0.04 : hope) })
      }
    }
    let simulation = Simulation(rollouts, temperatures: [0.05], resampler: .systematic)
    let trials = try await Arena(simulation, seed: Seed(2), work: 200_000).trials(of: [
      Simulation.Setting(particles: 4, temperature: 0, schedule: .steps([1]))
    ])
    let trial = try #require(trials.first)
    let error = MeanEstimate(trial.gainBest).se
    #expect(MeanEstimate(trial.calls).mean > 40)
    #expect(MeanEstimate(trial.gainBest).mean < 3 * error + 0.02, "\(MeanEstimate(trial.gainBest))")
    // Compared with only four attempts, the gain would be large.
    #expect(MeanEstimate(trial.best).mean > 0.2)
  }

  @Test func tooLittle() async throws {
    let rollouts = try await Self.rollouts(tasks: 0..<1)
    await #expect(throws: SteeringError.self) { try await Self.planner().plan(rollouts) }
    await #expect(throws: SteeringError.self) { try await Self.planner().plan([]) }
  }

  @Test("One particle is never steered")
  func oneParticle() async throws {
    let plan = try await Self.planner(particles: 1, numbers: [1]).plan(Self.rollouts(tasks: 0..<4))
    #expect(plan.choices.isEmpty)
  }

  @Test("Choices of one to three checkpoints, spread over long episodes")
  func schedules() {
    let short = PlanGrid.schedules(steps: 5)
    #expect(short.count == 4 + 4 + 6 + 4 + 1)
    #expect(Set(short).count == short.count)
    #expect(short.contains(.steps([1, 2, 3, 4])))
    let long = PlanGrid.schedules(steps: 50)
    #expect(long.count == 4 + 92 + 1)
    #expect(long.allSatisfy { $0.problem(stepLimit: 49) == nil })
    #expect(PlanGrid.schedules(steps: 1) == PlanGrid.thresholds.map { .effectiveSampleSize(below: $0) })
    #expect(PlanGrid.temperatures(scale: 100, configured: 7) == [1, 3, 7, 10, 30])
  }
}
