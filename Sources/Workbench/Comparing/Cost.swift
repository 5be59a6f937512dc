import Agents
import Foundation
import Steering

extension Compare {
  /// The configured policy, steered, against another configuration's alone: what a reward costs with either.
  ///
  /// Each has its own prices; the limits are on both together. Nothing is made equal, since the curves are against money.
  func costs(_ cheap: Workbench, against file: String) async throws -> Compared {
    var options = common
    options.config = file
    let dear = try await Workbench(options, store: cheap.store)
    let start = ContinuousClock.now
    let setup: Setup
    var compared: Compared
    do {
      try check(cheap, dear, file: file)
      _ = try await Setup(
        self, cheap, methods: try variant.methods([.amc]), particles: Self.attempts, critic: nil)
      (setup, compared) = try await cheap.withCritic(variant.critic) { critic in
        let setup = try await Setup(
          self, cheap, methods: try variant.methods([.amc]), particles: Self.attempts, critic: { _ in critic })
        let compared = try await cheap.withRun { run in
          try await run.compare(
            setup.settings, on: setup.tasks, split: setup.split, seeds: setup.seeds, equality: nil,
            critic: { _ in critic },
            policy: cheap.policyIdentity)
        }
        return (setup, compared)
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
      methods: [.single, .bestOf],
      particles: setup.settings.map(\.particles).reduce(into: Set()) { $0.insert($1) }.sorted(),
      temperatures: [cheap.configuration.steering.temperature], schedules: [.never]
    ).settings(from: cheap.configuration.steering)
    // What the configured policy took counts towards the limits, at its own prices.
    let budget = Budget(
      limits: cheap.configuration.limits, pricing: dear.pricing, earlier: compared.spent, since: start)
    let others = try await dear.withRun(budget: budget) { run in
      try await run.compare(
        alone, on: setup.tasks, split: setup.split, seeds: setup.seeds, equality: nil, critic: { _ in nil },
        policy: dear.policyIdentity)
    }
    compared.summaries += others.summaries
    compared.spent = compared.spent + others.spent
    compared.stopped = others.stopped
    return compared
  }

  /// Fewer than a study of scaling has: the other policy is the dear one.
  private static let attempts = [2, 4, 8]

  private func check(_ cheap: Workbench, _ dear: Workbench, file: String) throws {
    let mine = common.config ?? "the embedded configuration"
    guard cheap.suite.identity == dear.suite.identity else {
      throw ConfigurationError(
        "\(file) is of another world than \(mine): \(dear.suite.identity), not \(cheap.suite.identity).")
    }
    for (workbench, name) in [(cheap, mine), (dear, file)] where workbench.pricing.isFree {
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
