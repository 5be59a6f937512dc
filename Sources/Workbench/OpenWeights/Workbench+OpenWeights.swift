import Agents
import Foundation
import OpenWeights
import RolloutStore
import Steering
import Synchronization
import Tensors

extension Workbench {
  /// The configured policy, which must be a model in process.
  ///
  /// - Parameter verb: the command that needs it, for errors.
  package func openPolicy(for verb: String) throws -> MLXKind {
    guard let policy = source as? MLXKind else {
      throw ConfigurationError(
        """
        cox \(verb) needs the weights of a model: set policy.kind to mlx, and policy.model to a GGUF file or a \
        Hugging Face folder.
        """)
    }
    return policy
  }

  /// Scores and training use the complete distribution softmax(logits / temperature), so the policy must sample from
  /// it.
  package func checkSampling(for verb: String) throws {
    let policy = configuration.policy
    if let topP = policy.topP, topP < 1 {
      throw ConfigurationError(
        """
        cox \(verb) scores tokens under the whole distribution, but with policy.topP \(topP) tokens are drawn from a \
        part of it: leave policy.topP out.
        """)
    }
    if policy.answerSteering != nil {
      throw ConfigurationError(
        """
        cox \(verb) scores tokens under the whole distribution, but with policy.constraint or policy.power answers are \
        drawn from another one: leave constraint, particles and power out of policy.
        """)
    }
    if policy.precision == .fast {
      throw ConfigurationError(
        """
        cox \(verb) compares probabilities of tokens as they were drawn and as they are scored, and with policy.precision \
        fast the two differ by up to 0.2 nats: leave precision out.
        """)
    }
    if policy.temperature == 0 {
      throw ConfigurationError(
        "cox \(verb) needs attempts that differ, but policy.temperature is 0: set it above 0, such as 1.")
    }
  }

  /// The same world, store and limits with the configured model, tuned by this adapter in place of the configured
  /// one.
  ///
  /// - Throws: `ConfigurationError` if the policy is not a model in process, `ModelError` if there is no such
  ///   adapter.
  package func tuned(by adapter: String?) async throws -> Workbench {
    var configuration = configuration
    configuration.policy.adapter = adapter
    return Workbench(self, configuration, source: try await configuration.policy.kind.init(configuration.policy))
  }

  /// The policy with its model loaded, for campaigns.
  package func openRun(_ policy: MLXKind, intervention: Intervention? = nil) async throws -> Run {
    let loaded = try await policy.load()
    return Run(
      workbench: self, base: try await policy.policy(loaded, intervention: intervention), budget: budget)
  }

  /// The folder of a training with this name.
  package func adapterPath(_ name: String) -> String {
    name.contains("/")
      ? name
      : URL(fileURLWithPath: options.store).deletingLastPathComponent().appendingPathComponent("\(name).adapter").path
  }

  /// The stored rollouts for a training.
  ///
  /// - Parameter policy: the identity of the policy that made them; nil for the configured policy.
  package func material(of policy: String?, split: Split) async throws -> [Rollout] {
    let identity = policy ?? policyIdentity
    let rollouts = try await store.rollouts(of: world.identity, policy: identity, split: split)
    guard rollouts.isEmpty else { return rollouts }
    let inventory = try await store.inventory(of: world.identity)
    let found = inventory.map { "\($0.rollouts) of \"\($0.policy)\" in \($0.split)" }.joined(separator: ", ")
    throw ConfigurationError(
      """
      The store \(options.store) has no rollouts of "\(identity)" in the \(split.rawValue) split; it has \
      \(found.isEmpty ? "none of this world" : found). Run cox collect first, or name one of these policies with \
      --from.
      """)
  }

  /// The figures of every drawn token of the rollouts, with the five likeliest tokens. Stored figures are read;
  /// others are computed and stored.
  package func figures(
    of rollouts: [(key: RolloutKey, tokens: RolloutTokens)], model: LoadedModel, temperature: Double
  ) async throws -> [[[TokenFigures]]] {
    let policy = configuration.policy
    let scorer = "\(model.name) \(policy.api?.rawValue ?? "chat") \(policy.format) T \(temperature)"
    var known: [RolloutKey: [[TokenFigures]]] = [:]
    for (key, json) in try await store.scores(by: scorer) {
      known[key] = try? JSONDecoder().decode(StoredFigures.self, from: Data(json.utf8)).figures
    }
    let missing = rollouts.filter { entry in
      known[entry.key]?.map(\.count) != entry.tokens.sequences.map(\.drawn.count)
    }
    let progress = observer.begin("score", steps: missing.count, unit: "rollouts")
    // Figures are stored in batches, so that a stop does not lose them.
    for start in stride(from: 0, to: missing.count, by: 64) {
      let piece = missing[start..<min(start + 64, missing.count)]
      let scored = try await Scorer(model: model.model, adapter: model.adapter, temperature: temperature)
        .figures(of: piece.flatMap(\.tokens.sequences), top: 5)
      var next = 0
      var fresh: [RolloutKey: String] = [:]
      for entry in piece {
        let own = Array(scored[next..<next + entry.tokens.sequences.count])
        next += own.count
        known[entry.key] = own
        fresh[entry.key] = String(
          decoding: try JSONEncoder().encode(StoredFigures(own)), as: UTF8.self)
      }
      try await store.save(scores: fresh, by: scorer)
      progress.update(start + piece.count, "")
    }
    progress.end()
    return rollouts.map { known[$0.key] ?? [] }
  }

  /// Makes attempts at tasks with a model like `cox collect`: stored, metered and within the limits.
  package func attempts(_ policy: MLXKind) -> Attempts {
    { [self] tasks, attempts, model in
      let campaign = Campaign(
        world: world, policy: try await policy.policy(model),
        settings: SteeringSettings(
          method: .bestOf, particles: attempts, schedule: .never, answer: .sample, seed: configuration.steering.seed,
          onEnvironmentError: configuration.steering.onEnvironmentError),
        store: store, budget: budget, concurrency: configuration.policy.concurrency, verb: "sharpen")
      let outcome = try await campaign.run(tasks)
      if let stopped = outcome.stopped ?? outcome.failure() { throw stopped }
      return (
        outcome.results.map { $0.particles.map { $0.failure == nil ? $0.trajectory : nil } },
        Spent(
          calls: outcome.calls, inputTokens: outcome.usage.inputTokens,
          cachedInputTokens: outcome.usage.cachedInputTokens, outputTokens: outcome.usage.outputTokens)
      )
    }
  }
}

/// The figures of a rollout in the store's format: for each sequence, a row for each drawn token.
private struct StoredFigures: Codable {
  struct Token: Codable {
    let p: Float
    let h: Float
    let best: [Int32]
    let bestP: [Float]
  }

  let sequences: [[Token]]

  init(_ figures: [[TokenFigures]]) {
    sequences = figures.map { sequence in
      sequence.map {
        // JSON has no −∞, the log-probability of a token outside the allowed ones.
        Token(
          p: max($0.logProbability, -1e30), h: $0.entropy, best: $0.best.map(\.token),
          bestP: $0.best.map { max($0.logProbability, -1e30) })
      }
    }
  }

  var figures: [[TokenFigures]] {
    sequences.map { sequence in
      sequence.map {
        TokenFigures(logProbability: $0.p, entropy: $0.h, best: Array(zip($0.best, $0.bestP)))
      }
    }
  }
}
