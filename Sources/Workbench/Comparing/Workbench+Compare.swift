import Agents
import Findings
import Foundation
import Steering

extension Workbench {
  /// Runs several methods on the same tasks at equal calls or cost, and writes the comparison to a file beside the
  /// store.
  ///
  /// - Parameter other: for a study of cost, the configuration of the policy to compare with.
  package func compare(
    _ request: ComparisonRequest, against other: Options?
  ) async throws -> (comparison: Comparison, compared: Compared) {
    guard (request.study == .cost) == (other != nil) else {
      throw ConfigurationError(
        "A study of cost and the configuration to compare with (--against) must be given together.")
    }
    let compared =
      if let other { try await costs(request, against: other) } else { try await plain(request) }
    return (finish(compared, study: request.study, critic: request.critic, plan: request.plan), compared)
  }

  /// Runs several methods on the same tasks at equal calls or cost, and writes the comparison to a file beside the
  /// store.
  ///
  /// - Returns: one summary for each method, and paired differences with their standard errors.
  /// - Throws: `SteeringError` if a limit was reached or no attempt succeeded, ``ConfigurationError`` if the request
  ///   cannot be run.
  public func compare(_ request: ComparisonRequest = ComparisonRequest()) async throws -> Comparison {
    let (comparison, compared) = try await compare(request, against: nil)
    if let end = compared.end { throw end }
    return comparison
  }

  /// The configured policy, steered, against the policy of another configuration alone: what a reward costs with either.
  ///
  /// - Parameter other: a configuration of the same world with another policy. Both need prices.
  /// - Returns: summaries of both policies, and the curve of reward against cost.
  /// - Throws: `SteeringError` if a limit was reached or no attempt succeeded, ``ConfigurationError`` if the two cannot be
  ///   compared.
  public func compareCost(
    _ request: ComparisonRequest = ComparisonRequest(), against other: Options
  ) async throws -> Comparison {
    var request = request
    request.study = .cost
    let (comparison, compared) = try await compare(request, against: other)
    if let end = compared.end { throw end }
    return comparison
  }

  private func plain(_ request: ComparisonRequest) async throws -> Compared {
    if request.equality == .cost, pricing.isFree {
      throw ConfigurationError(
        "--equal cost needs policy.pricing in the configuration: without prices all costs are 0.")
    }
    if request.study == .calls { return try await budgets(request) }
    let isScaling = request.study == .scaling
    let methods = request.methods ?? (isScaling ? [.bestOf, .amc] : [.single, .bestOf, .amc])
    let particles = isScaling ? [1, 2, 4, 8, 16, 32] : nil
    // Checks the request before a critic is opened.
    _ = try await ComparisonRequest.Setup(request, self, methods: methods, particles: particles, critic: nil)
    return try await withCritics(of: methods, flag: request.critic) { critic in
      let setup = try await ComparisonRequest.Setup(
        request, self, methods: methods, particles: particles, critic: critic)
      return try await withRun { run in
        try await run.compare(
          setup.settings, on: setup.tasks, split: setup.split, seeds: setup.seeds, equality: request.equality,
          critic: critic, detail: request.detail)
      }
    }
  }

  /// Runs `body` with the critic of each method.
  private func withCritics<T: Sendable>(
    of methods: [Method], flag given: String?,
    _ body: (@escaping (Method) -> (any Critic)?) async throws -> T
  ) async throws -> T {
    let shares = methods.contains { $0.guide == .configured }
    let own = methods.reduce(into: [String]()) { names, method in
      if case .own(let name) = method.guide, !names.contains(name) { names.append(name) }
    }
    // If one method uses the configured kind as its own critic, the other methods use trees unless a flag names a
    // critic.
    let flag = own.contains(criticName(given)) ? TreesKind.name : given
    return try await withCritic(shares ? flag : nil, isNeeded: shares) { critic in
      try await withCritics(named: own[...]) { named in
        try await body { method in
          if case .own(let name) = method.guide { named[name] } else { critic }
        }
      }
    }
  }

  /// Runs `body` with the critics of these kinds.
  private func withCritics<T: Sendable>(
    named names: ArraySlice<String>, _ body: ([String: any Critic]) async throws -> T
  ) async throws -> T {
    guard let name = names.first else { return try await body([:]) }
    return try await withCritic(name) { critic in
      try await withCritics(named: names.dropFirst()) { others in
        var all = others
        all[name] = critic
        return try await body(all)
      }
    }
  }

  // MARK: - A study of calls

  /// The calls of 1, 2, 4, 8 and 16 attempts.
  private static let budgetedAttempts = [1, 2, 4, 8, 16]

  /// Every method at several budgets: N attempts at each task as they are, and one budget for all tasks.
  private func budgets(_ request: ComparisonRequest) async throws -> Compared {
    let (tasks, split) = try request.tasks.select(from: world, default: .test)
    let longest = tasks.map(\.stepLimit).max() ?? 1
    let methods = request.methods ?? [.bestOf, .amc, .beam, .frontier]
    return try await withCritics(of: methods, flag: request.critic) { critic in
      var all: [SteeringSettings] = []
      for method in methods {
        for attempts in Self.budgetedAttempts where attempts > 1 || !method.resamples {
          var single = request
          single.particles = [attempts]
          guard
            let settings = try await single.settings(self, methods: [method], particles: nil, critic: critic).first
          else { continue }
          var budgeted = settings
          budgeted.search.calls = attempts * longest
          if method.resamples {
            budgeted.particles = min(attempts, 4)
            budgeted.keep = settings.keep.map { _ in 1 }
          }
          if method != .frontier { all.append(settings) }
          // A budget of one population is that population.
          if !method.resamples || attempts > budgeted.particles { all.append(try await priced(budgeted)) }
        }
      }
      for settings in all { try check(settings, for: tasks) }
      return try await withRun { [all] run in
        try await run.compare(
          all, on: tasks, split: split, seeds: request.seeds, equality: nil, critic: critic, detail: request.detail)
      }
    }
  }

  // MARK: - A study of cost

  /// Compares the configured policy, steered, with another configuration's policy alone: the cost of a reward with
  /// each.
  ///
  /// Each policy has its own prices. The limits apply to both together. Calls and cost are not made equal, since the
  /// curves are against money.
  private func costs(_ request: ComparisonRequest, against other: Options) async throws -> Compared {
    let start = ContinuousClock.now
    return try await Workbench.with(other, store: store) { dear in
      try check(dear, request)
      let methods = request.methods ?? [.amc]
      _ = try await ComparisonRequest.Setup(request, self, methods: methods, particles: Self.attempts, critic: nil)
      var (setup, compared) = try await withCritic(request.critic) { critic in
        let setup = try await ComparisonRequest.Setup(
          request, self, methods: methods, particles: Self.attempts, critic: { _ in critic })
        let compared = try await withRun { run in
          try await run.compare(
            setup.settings, on: setup.tasks, split: setup.split, seeds: setup.seeds, equality: nil,
            critic: { _ in critic }, policy: policyIdentity, detail: request.detail)
        }
        return (setup, compared)
      }
      guard compared.stopped == nil else { return compared }
      let alone = Variants(
        methods: [.single, .bestOf],
        particles: setup.settings.map(\.particles).reduce(into: Set()) { $0.insert($1) }.sorted(),
        temperatures: [configuration.steering.temperature], schedules: [.never]
      ).settings(from: configuration.steering)
      // The spending of the configured policy counts towards the limits, at its own prices.
      let budget = Budget(
        limits: configuration.limits, pricing: dear.pricing, earlier: compared.spent, since: start)
      let others = try await dear.withRun(budget: budget) { run in
        try await run.compare(
          alone, on: setup.tasks, split: setup.split, seeds: setup.seeds, equality: nil, critic: { _ in nil },
          policy: dear.policyIdentity, detail: request.detail)
      }
      compared.summaries += others.summaries
      compared.spent = compared.spent + others.spent
      compared.stopped = others.stopped
      return compared
    }
  }

  /// Fewer values of N than in a study of scaling, since the other policy is expensive.
  private static let attempts = [2, 4, 8]

  private func check(_ dear: Workbench, _ request: ComparisonRequest) throws {
    let (mine, file) = (options.configurationName, dear.options.configurationName)
    guard world.identity == dear.world.identity else {
      throw ConfigurationError(
        "\(file) configures another world than \(mine): \(dear.world.identity), not \(world.identity).")
    }
    for (workbench, name) in [(self, mine), (dear, file)] where workbench.pricing.isFree {
      throw ConfigurationError("--study cost needs policy.pricing in \(name): without prices all costs are 0.")
    }
    guard policyIdentity != dear.policyIdentity else {
      throw ConfigurationError(
        "\(file) and \(mine) configure the same policy. --study cost compares two policies: give another file.")
    }
    if request.equality == .cost {
      throw ConfigurationError("--equal cannot be used with --study cost: that study equalises neither calls nor cost.")
    }
  }
}
