import Agents
import Critics
import Policies
import RolloutStore
import Steering

/// A language model as critic: the keys of a policy, and how answers become values.
package struct JudgeKind: CriticKind {
  package static let name = "judge"
  package static let summary = "A language model that is asked how an attempt will end."
  package static let isAsked = true

  package var policy: PolicySettings
  package var samples = 1
  /// The text of the file with the judge's instructions.
  package var instructions: String?
  /// The final rewards of its lowest and its highest score; nil for 0 and the world's maximal reward.
  package var rewards: ClosedRange<Double>?

  package init() throws { throw Self.unconfigured() }

  package init(_ yaml: inout YAMLMapping) throws {
    let able = policyKinds.filter { $0.canJudge }
    let name =
      try yaml.kind(
        "policyKind", among: able.map { $0.name }, default: "`\(OpenAIKind.name)`",
        "how the judge's own model is reached")
      ?? OpenAIKind.name
    policy = PolicySettings(kind: able.first { $0.name == name } ?? OpenAIKind.self)
    policy.section = "critic"
    policy.temperature = 0
    policy.maxTokens = 512
    samples = try yaml.count(
      "samples", most: 1_000, default: samples,
      "answers for each state; they form a distribution. More than 1 requires a `temperature` above 0")
    rewards = try yaml.mapping(
      "scale", default: "0 to the world's maximal reward",
      "the final rewards that the scores 0 and 10 stand for", Self.scale)
    let path = try yaml.text(
      "instructions", default: "built in",
      """
      path of a text file with instructions for the judge. Its answers must still end with a line such as `Score: 7`. \
      An answer with two different scores has no score
      """)
    if let path { instructions = try Self.text(of: path) }
    try policy.read(&yaml)
    if samples > 1, policy.temperature == 0 {
      throw ConfigurationError(
        """
        critic.samples is \(samples) at critic.temperature 0, where all answers are the same: raise the temperature, \
        or leave samples out.
        """)
    }
  }

  package var keyVariables: Set<String> { policy.keyVariables }

  package mutating func withhold(_ keys: Set<String>) { policy.children.keys = keys }

  package func needs(besides _: PolicySettings) -> Set<Need> { policy.kind.needs(policy) }

  package func with<T: Sendable>(
    _ name: String, in workbench: Workbench, _ body: (any Critic) async throws -> T
  ) async throws -> T {
    let maximum = workbench.world.maximalReward ?? 1
    let rewards = rewards ?? (0...(maximum > 0 ? maximum : 1))
    let source = try await policy.kind.init(policy)
    workbench.noteConnections(policy)
    let (pricing, cost) = (policy.pricing, workbench.criticCost)
    return try await source.with { asked in
      let judge = JudgeCritic(
        metered(
          asked, store: workbench.store, budget: workbench.budget, pricing: pricing, concurrency: policy.concurrency
        ) { event in cost.add(pricing.cost(of: event.usage)) },
        settings: JudgeCritic.Settings(rewards: rewards, samples: samples, instructions: instructions))
      try await workbench.store.begin(
        RunRecord(
          id: judge.run, verb: "judge", method: "judge", environment: workbench.world.identity, policy: "",
          format: .plain, critic: judge.identity, isPrior: false, seed: judge.settings.seed.rawValue, settings: "{}"))
      let value = try await body(judge)
      let counts = judge.counts
      if counts.missing > 0 {
        workbench.observer.note("The judge gave \(counts.asked) answers; \(counts.missing) of them stated no score.")
      }
      return value
    }
  }

  private static func scale(_ yaml: inout YAMLMapping) throws -> ClosedRange<Double> {
    let from = try yaml.number("from", default: 0.0, "the reward that the lowest score means")
    let to = try yaml.number("to", default: .required, "the reward that the highest score means")
    guard let to else {
      throw ConfigurationError.missing("critic.scale.to", "the reward that the highest score means.")
    }
    guard from < to, from.isFinite, to.isFinite else {
      throw ConfigurationError("critic.scale goes from \(from) to \(to); write the lower reward first.")
    }
    return from...to
  }

  private static func text(of path: String) throws -> String {
    guard let text = try TextFile.text(path) else {
      throw ConfigurationError("critic.instructions: there is no readable text file \(path).")
    }
    guard !text.allSatisfy(\.isWhitespace) else {
      throw ConfigurationError("critic.instructions: \(path) is empty.")
    }
    return text
  }
}
