import Agents
import Critics
import Findings
import Foundation
import Orders
import ParticleFilter
import Steering

/// A plan from 504 rollouts of the order desk with cross-fitted trees: processor time and wall-clock time. The bound is
/// 30 s of wall-clock time.
enum PlanBench {
  static func run() async throws {
    let numbers = Array(0..<63)
    let world = try Orders(seed: 1, splits: TaskSplits([.train: numbers]))
    // Right three times in four, otherwise random, like a small model.
    let clerk = ClosurePolicy("clerk") { request in
      var generator = request.seed.generator()
      let choices = request.choices ?? []
      let text = request.transcript.entries.map { "\($0)" }.joined()
      let wish = text.components(separatedBy: "I want").last ?? ""
      let asked = choices.first { wish.contains($0) }
      let chosen = generator.uniform() < 0.75 ? asked : nil
      return PolicyResponse(chosen ?? choices[generator.number(below: max(choices.count, 1))])
    }
    let settings = SteeringSettings(method: .bestOf, particles: 8, temperature: 0.03, answer: .sample, seed: 1)
    let found = try await Campaign(world: world, policy: clerk, settings: settings, concurrency: 64)
      .run(world.tasks(in: .train))
    let rollouts = found.results.flatMap { $0.particles.map(\.trajectory) }
    var plan: Plan?
    var fitting = 0.0
    let all = try await Bench.seconds {
      var beliefs: [[ReturnDistribution]] = []
      fitting = try await Bench.seconds {
        beliefs = try CrossFitted.beliefs(
          about: rollouts, environment: world.identity, seed: Seed(1))
      }
      plan = try await Planner(
        environment: world.identity, policy: "clerk", critic: "trees",
        settings: SteeringSettings(particles: 8, temperature: 0.03), seed: Seed(1)
      ).plan(zip(rollouts, beliefs).map { ValuedRollout($0, beliefs: $1) })
    }
    let settingsTried = plan?.rows.count ?? 0
    print(
      """
      \(rollouts.count) rollouts of \(found.results.count) tasks, \(settingsTried) settings: \(Bench.text(all, 1)) s, \
      \(Bench.text(fitting, 1)) s of it for the trees; \(Bench.text(all / 30)) of the 30 s it may take
      """)
    if let choice = plan?.choice(.search, particles: 8) { print("\(choice.resample): \(choice.reason)") }
  }
}
