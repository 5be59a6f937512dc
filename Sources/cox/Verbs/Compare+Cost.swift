import Agents
import Foundation
import Steering

extension Compare {
  /// The configured policy, steered, against another configuration's alone: what a reward costs with either.
  ///
  /// Each has its own prices; the limits are on both together. Nothing is made equal, since the curves are against money.
  func costs(against file: String) async throws -> Compared {
    let cheap = try await Workspace(common)
    var options = common
    options.config = file
    let dear = try await Workspace(options, store: cheap.store)
    let start = ContinuousClock.now
    let plan: Plan
    var compared: Compared
    do {
      try check(cheap, dear, file: file)
      plan = try Plan(self, cheap, methods: [.amc], particles: Self.attempts)
      compared = try await cheap.withRun { run in
        try await run.compare(
          plan.variants, on: plan.tasks, split: plan.split, settings: plan.settings, seeds: plan.seeds, equality: nil,
          critic: plan.critic, policy: cheap.policyIdentity)
      }
    } catch {
      await dear.suite.close()
      throw error
    }
    guard compared.stopped == nil else {
      await dear.suite.close()
      return compared
    }
    let alone = Variants(
      methods: [.single, .bestOf], particles: plan.variants.particles, temperatures: plan.variants.temperatures,
      schedules: [.never])
    // What the configured policy took counts towards the limits, at its own prices.
    let budget = Budget(
      limits: cheap.configuration.limits, pricing: dear.pricing, earlier: compared.spent, since: start)
    let others = try await dear.withRun(budget: budget) { run in
      try await run.compare(
        alone, on: plan.tasks, split: plan.split, settings: plan.settings, seeds: plan.seeds, equality: nil,
        critic: nil, policy: dear.policyIdentity)
    }
    compared.summaries += others.summaries
    compared.spent = compared.spent + others.spent
    compared.stopped = others.stopped
    return compared
  }

  /// Fewer than a study of scaling has: the other policy is the dear one.
  private static let attempts = [2, 4, 8]

  private func check(_ cheap: Workspace, _ dear: Workspace, file: String) throws {
    let mine = common.config ?? "the embedded configuration"
    guard cheap.suite.identity == dear.suite.identity else {
      throw ConfigurationError(
        "\(file) is of another world than \(mine): \(dear.suite.identity), not \(cheap.suite.identity).")
    }
    for (workspace, name) in [(cheap, mine), (dear, file)] where workspace.pricing.isFree {
      throw ConfigurationError("--study cost needs policy.pricing in \(name): nothing costs anything.")
    }
    guard cheap.policyIdentity != dear.policyIdentity else {
      throw ConfigurationError("\(file) has the policy of \(mine): there are not two to compare.")
    }
    if variant.equal == .cost {
      throw ConfigurationError("--equal goes without --study cost, which makes nothing equal.")
    }
  }
}
