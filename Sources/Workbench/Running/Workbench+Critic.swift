import Agents
import Critics
import Foundation
import HTTP
import Policies
import RolloutStore
import Steering
import Synchronization

/// What a critic that is paid for has cost so far.
package final class CriticCost: Sendable {
  private let sum = Mutex(0.0)

  package var current: Double { sum.withLock(\.self) }

  package func add(_ cost: Double) { sum.withLock { $0 += cost } }
}

extension Workbench {
  /// Where `cox train` puts a critic of this name, and where the others look for it.
  package func criticPath(_ name: String) -> String { Self.criticPath(name, store: options.store) }

  package static func criticPath(_ name: String, store: String) -> String {
    if name.contains("/") || name.hasSuffix(".json") { return name }
    return beside(store: store, "\(name).critic.json")
  }

  /// The name that `--critic` or the configuration gives.
  package func criticName(_ flag: String?) -> String { flag ?? configuration.critic.kind.rawValue }

  /// The critic of a method: the judge has its own.
  package func critic(of method: Steering.Method, flag: String?) throws -> String? {
    guard method == .judge else { return flag }
    guard flag == nil || flag == CriticSettings.Kind.judge.rawValue else {
      throw ConfigurationError("The method judge has its own critic, and --critic \(flag ?? "") names another.")
    }
    return CriticSettings.Kind.judge.rawValue
  }

  /// A language model in this process: `lm`, or a folder that `cox train --critic lm` wrote.
  package func isReader(_ flag: String?) -> Bool {
    let name = criticName(flag)
    return name == CriticSettings.Kind.lm.rawValue
      || FileManager.default.fileExists(atPath: "\(readerPath(name))/critic.json")
  }

  /// Where `cox train` puts a critic that reads.
  package func readerPath(_ name: String) -> String {
    if name.contains("/") { return name }
    return besideStore("\(name).critic")
  }

  /// Another server is asked for its values, and may want to be paid.
  package func isAsked(_ flag: String?) -> Bool { ["judge", "pooling"].contains(criticName(flag)) }

  /// The critic that `--critic` or the configuration names, which is computed here.
  package func critic(_ flag: String?) throws -> any Critic {
    let name = criticName(flag)
    if name == CriticSettings.Kind.constant.rawValue { return ConstantCritic() }
    if isReader(flag) {
      throw ConfigurationError("The critic \(name) reads with a language model, which is not loaded for this.")
    }
    if isAsked(flag) {
      throw ConfigurationError("The critic \(name) is asked for values, and has none of its own here.")
    }
    return try Self.trees(name, store: options.store, for: suite.identity)
  }

  /// Trees that were trained on a world, by their name or file.
  package static func trees(_ name: String, store: String, for environment: EnvironmentIdentity) throws -> TreesCritic {
    let path = criticPath(name, store: store)
    guard let data = try TextFile.data(path) else {
      throw ConfigurationError(
        "There is no critic \(path). Make one with cox collect and cox train, or give --critic constant.")
    }
    return try TreesCritic(decoding: data, for: environment)
  }

  /// Runs `body` with the critic, what serves it started and stopped around it. Its answers are stored, and count towards the
  /// limits at its own prices.
  ///
  /// - Parameter isNeeded: where not, nothing is looked for unless a flag asks for it: best-of-N works before anything is trained.
  package func withCritic<T: Sendable>(
    _ flag: String?, isNeeded: Bool = true, _ body: ((any Critic)?) async throws -> T
  ) async throws -> T {
    guard isNeeded || flag != nil else { return try await body(nil) }
    switch criticName(flag) {
    case CriticSettings.Kind.judge.rawValue: return try await withJudge(body)
    case CriticSettings.Kind.pooling.rawValue: return try await withPooling(body)
    case _ where isReader(flag): return try await body(try await openCritic(at: readerPath(criticName(flag))))
    default: return try await body(try critic(flag))
    }
  }

  private func withJudge<T: Sendable>(_ body: ((any Critic)?) async throws -> T) async throws -> T {
    guard let settings = configuration.critic.judge else { throw unconfigured("judge") }
    let maximum = suite.maximalReward ?? 1
    let rewards = settings.rewards ?? (0...(maximum > 0 ? maximum : 1))
    let source = try await PolicySource(settings.policy)
    return try await source.withPolicy(settings.policy, observer: observer) { policy in
      let judge = JudgeCritic(
        metered(
          policy, store: store, budget: budget, pricing: settings.policy.pricing,
          concurrency: settings.policy.concurrency
        ) { [criticCost] event in criticCost.add(settings.policy.pricing.cost(of: event.usage)) },
        settings: JudgeCritic.Settings(rewards: rewards, samples: settings.samples, instructions: settings.instructions)
      )
      try await store.begin(
        RunRecord(
          id: judge.run, verb: "judge", method: "judge", environment: suite.identity, policy: "", format: .plain,
          critic: judge.identity, isPrior: false, seed: judge.settings.seed.rawValue, settings: "{}"))
      let value = try await body(judge)
      let counts = judge.counts
      if counts.missing > 0 {
        observer.note("The judge's answers: \(counts.asked), of which \(counts.missing) stated no score.")
      }
      return value
    }
  }

  private func withPooling<T: Sendable>(_ body: ((any Critic)?) async throws -> T) async throws -> T {
    guard let settings = configuration.critic.pooling else { throw unconfigured("pooling") }
    let access = try settings.server.access()
    return try await withHTTPClient(connections: settings.critic.rules.concurrency, for: access.url) { client in
      let critic = PoolingCritic(
        access, settings: settings.critic, client: client, ended: { [budget] in await budget.end })
      return try await body(RecordedCritic(critic, store: store, environment: suite.identity))
    }
  }

  private func unconfigured(_ kind: String) -> ConfigurationError {
    ConfigurationError(
      "The configuration says nothing of a critic \(kind): write critic: { kind: \(kind), url: …, model: … }.")
  }
}
