import Agents
import Findings
import Foundation
import OpenWeights
import Reporting
import RolloutStore
import Steering

/// Compares base and tuned model on the tuned model's own attempts, and the base with some of the tuned model's
/// tokens.
package struct TokenComparison: Sendable {
  package let base: Workbench
  package let tuned: Workbench
  /// The tuned model's adapter.
  package let adapter: String
  package let tasks: [AgentTask]
  package let split: Split?
  /// The number of attempts at each task.
  package let attempts: Int
  /// Whether pass rates are measured too.
  package let intervenes: Bool

  /// The temperature of the compared distributions, which is the policy's.
  private var temperature: Double { max(base.configuration.policy.samplingTemperature, 0.01) }
  private var pass: Double { base.world.maximalReward ?? 1 }

  package func findings() async throws -> TokenFindings {
    let (plain, sharp) = (try base.openPolicy(for: "tokens"), try tuned.openPolicy(for: "tokens"))
    let (old, new) = (try await plain.load(), try await sharp.load())
    let encoder = try sharp.encoder(new)
    let own = try await attempted(tuned, sharp, named: "tuned")
    let rollouts = try own.outcome.results.flatMap { result in
      try result.particles.enumerated().filter { $0.element.failure == nil }.map { place, member in
        (
          key: RolloutKey(run: own.run, task: result.task.id, particle: place),
          tokens: try RolloutTokens(member.trajectory, of: tuned.world, encoder: encoder)
        )
      }
    }
    let analysis = TokenAnalysis(
      rollouts.map(\.tokens),
      base: try await base.figures(of: rollouts, model: old, temperature: temperature),
      tuned: try await tuned.figures(of: rollouts, model: new, temperature: temperature),
      text: { new.files.tokenizer.decode([Int($0)], keepsSpecial: true) })
    let answers = analysis.answers.map(ForkedAnswer.init)
    return TokenFindings(
      base: base.policyIdentity, tuned: tuned.policyIdentity, tasks: own.outcome.results.count, attempts: attempts,
      tokens: analysis.tokens, forks: analysis.forks, agreementByTask: analysis.agreementByTask,
      nearShare: analysis.nearShare, forkEntropy: analysis.forkEntropy, meanEntropy: analysis.meanEntropy,
      forksByTenth: analysis.forksByTenth,
      passes: try await passes(own.outcome, plain, old, share: 1 - analysis.agreement, forks: analysis.forks),
      example: ForkedAnswer.example(of: answers, pass: pass))
  }

  /// The pass rates of the base, the tuned model, and the base with the tuned model's tokens at forks or at random
  /// places.
  private func passes(
    _ own: Campaign.Outcome, _ plain: MLXKind, _ old: LoadedModel, share: Double, forks: Int
  ) async throws -> [TokenFindings.Pass] {
    guard intervenes else { return [] }
    var found = [
      ("base", try await attempted(base, plain, named: "base").outcome.sample), ("tuned", own.sample),
    ]
    // Without a fork both interventions equal the base.
    if forks > 0 {
      let weights = try await AdapterFolder(adapter).read(for: old.files.configuration)
      for (name, places) in [("oracle", Intervention.Places.disagreements), ("random", .random(share: share))] {
        let intervention = await Intervention(weights, at: places)
        found.append(
          (name, try await attempted(base, plain, named: name, intervention: intervention).outcome.sample))
      }
    }
    let first = found[0].1
    return found.enumerated().map { place, entry in
      TokenFindings.Pass(
        name: entry.0, rate: entry.1.passRate(pass),
        difference: place == 0 ? nil : entry.1.passDifference(from: first, pass))
    }
  }

  /// Attempts of one model. Stored ones are read.
  private func attempted(
    _ workbench: Workbench, _ policy: MLXKind, named name: String, intervention: Intervention? = nil
  ) async throws -> (outcome: Campaign.Outcome, run: String) {
    let run = try await workbench.openRun(policy, intervention: intervention)
    let settings = run.independent(attempts)
    let outcome = try await run.steer(
      tasks, split: split, settings: settings, critic: nil, verb: "tokens", title: "\(name) × \(attempts)")
    if let stopped = outcome.stopped ?? outcome.failure() { throw stopped }
    return (outcome, run.campaign(settings, verb: "tokens").run)
  }
}

extension ForkedAnswer {
  package init(_ answer: TokenAnalysis.Answer) {
    self.init(
      task: answer.task, reward: answer.reward,
      tokens: answer.tokens.map {
        Token(
          text: $0.text, entropy: $0.entropy, basePrefers: $0.basePrefers, tunedPrefers: $0.tunedPrefers,
          isFork: $0.isFork, isNear: $0.isNear)
      })
  }
}

extension Campaign.Outcome {
  /// The rewards of independent attempts, without failed ones.
  package var sample: AttemptSample {
    AttemptSample(
      results.map { result in
        AttemptSample.Row(
          task: result.task.id, rewards: result.particles.filter { $0.failure == nil }.map(\.trajectory.reward))
      })
  }
}
