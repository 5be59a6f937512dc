import Agents
import Critics
import Findings
import Foundation
import ParticleFilter
import Reporting
import RolloutStore
import Steering

extension Workbench {
  /// The path of a critic's plan, which is beside the critic.
  package func planPath(_ critic: String?) -> String {
    let name = criticPath(criticName(critic))
    let suffix = [".critic.json", ".json"].first { name.hasSuffix($0) } ?? ""
    return name.dropLast(suffix.count) + ".plan.json"
  }

  /// Plans from the rollouts of the train and validation splits.
  ///
  /// - Parameter known: a plan that is returned if the same rollouts, critic and settings decided it.
  package func makePlan(
    critic: any Critic, settings: SteeringSettings, temperatures: [Double]? = nil, particles: [Int] = [],
    work: Double? = nil, known: Plan? = nil
  ) async throws -> Plan {
    try await trackers.open()
    let stored = try await planningRollouts()
    // If there are no rollouts, this throws an error that lists the contents of the store.
    if stored.isEmpty { _ = try await rollouts(in: .train) }
    try await noteFailedAttempts(in: [.train, .validation])
    let note: @Sendable (String) -> Void = { [observer] in observer.note($0) }
    let seed = Seed(configuration.steering.seed).split("plan")
    let (calls, usage) = try await store.usage(of: world.identity, policy: policyIdentity)
    var planner = Planner(
      environment: world.identity, policy: policyIdentity, critic: critic.identity, settings: settings,
      temperatures: temperatures, maximalReward: world.maximalReward,
      callCost: calls > 0 ? pricing.cost(of: usage) / Double(calls) : 0, seed: seed)
    planner.particles += particles
    if let work { planner.work = work }
    let inputs = Self.digest(stored, planner)
    if let known, known.inputs == inputs {
      observer.note("The stored plan is kept: its rollouts, critic and settings have not changed.")
      return known
    }
    let rollouts = try await valued(stored, by: critic, seed: seed, note: note)
    var plan = try await planner.plan(rollouts, progress: note)
    plan.inputs = inputs
    try await track("plan", plan, parameters: ["critic": critic.identity, "particles": "\(settings.particles)"])
    return plan
  }

  /// Raised whenever the same rollouts and settings would give another plan.
  private static let planning = "1"

  private static func digest(_ rollouts: [Trajectory], _ planner: Planner) -> String {
    var digest = Digest()
    digest.add(planning, "\(StoredCrossFit.version)", TreesCritic.libraryVersion)
    digest.add("\(planner.environment)", planner.policy, planner.critic)
    digest.add(
      "\(planner.settings)", "\(planner.particles)", "\(planner.temperatures ?? [])",
      "\(planner.maximalReward ?? .nan)", "\(planner.callCost)", "\(planner.seed)", "\(planner.work)")
    for rollout in rollouts { digest.add(rollout.digest) }
    return digest.text
  }

  /// The critic's predictions for every prefix of the rollouts, and those of cross-fitted trees. A trained critic is
  /// used only on tasks that it was not trained on.
  private func valued(
    _ rollouts: [Trajectory], by critic: any Critic, seed: Seed, note: @escaping @Sendable (String) -> Void
  ) async throws -> [ValuedRollout] {
    var rollouts = rollouts
    if let trained = critic as? any TrainedCritic {
      let seen = Set(trained.tasks)
      if !seen.isDisjoint(with: rollouts.map(\.task.id)) {
        let own =
          if let trees = trained as? TreesCritic {
            try await crossFit(rollouts, settings: trees.record.settings)
          } else {
            try await trained.crossFitted(
              on: rollouts, environment: world.identity, policy: policyIdentity, seed: seed, progress: note)
          }
        if let own { return zip(rollouts, own).map { ValuedRollout($0, beliefs: $1) } }
        let unseen = rollouts.filter { !seen.contains($0.task.id) }
        let tasks = Set(unseen.map(\.task.id)).count
        note(
          """
          The critic was trained on \(seen.count) tasks and cannot be trained again for each fold: the plan uses only \
          the \(tasks) tasks that the critic was not trained on.
          """)
        guard tasks >= 2 else {
          throw CriticError(
            .tooLittleData,
            """
            A plan for this critic needs rollouts of at least 2 tasks that it was not trained on, and there are \
            \(tasks). Collect rollouts of the validation split.
            """)
        }
        rollouts = unseen
      }
    }
    let reference = try await crossFit(rollouts)
    let beliefs = try await critic.returnsToGo(
      from: rollouts.flatMap { rollout in (0..<rollout.count).map { CriticState(rollout.prefix($0)) } })
    var rest = beliefs[...]
    return zip(rollouts, reference).map { rollout, reference in
      defer { rest = rest.dropFirst(rollout.count) }
      return ValuedRollout(rollout, beliefs: Array(rest.prefix(rollout.count)), reference: reference)
    }
  }

  package func planningRollouts() async throws -> [Trajectory] {
    var rollouts: [Trajectory] = []
    for split in [Split.train, .validation] {
      rollouts += try await store.rollouts(of: world.identity, policy: policyIdentity, split: split).map(\.trajectory)
    }
    return rollouts.filter { $0.isFinished && $0.count > 0 }
  }
}
