import Foundation
import Tensors

/// GRPO (arXiv 2402.03300). Attempts of the current policy are compared with others of the same task, with a clipped
/// ratio and a penalty for diverging from the frozen model. It is the reference for cheaper methods.
package struct GroupRelativePolicy: Sendable, Hashable, Codable {
  /// The number of tasks in each round.
  package var tasks = 4
  /// The number of attempts at each task.
  package var group = 8
  package var rounds = 80
  /// Optimiser steps on the attempts of one round.
  package var steps = 1
  /// ε: the ratio of new to old probability is clipped to 1 ± ε.
  package var clip = 0.2
  /// The weight of the divergence from the frozen model.
  package var divergence = 0.02
  /// The limit on an attempt's advantage, in standard deviations of its group; nil for no limit, as in the paper.
  package var advantageLimit: Double?

  package init() {}

  /// One rollout of a round.
  struct Attempt: Sendable {
    let rollout: RolloutTokens
    let advantage: Double
    /// The log-probability of each drawn token when it was drawn. `frozen` is the one under the frozen model.
    let old: [Float]
    let frozen: [Float]
  }

  /// The loss and gradient of a part of a batch with `tokens` drawn tokens. The loss is the mean over the tokens of
  /// −min(ρ·A, clip(ρ, 1 ± ε)·A) + divergence · k₃, where ρ = p/p_old and k₃ = p₀/p − log(p₀/p) − 1. k₃ is an
  /// unbiased estimate of KL(p‖p₀) on tokens drawn from p.
  @TensorActor
  func gradient(
    of attempts: [Attempt], tokens: Int, trainer: AdapterTrainer, temperature: Double
  ) throws -> (loss: Double, gradients: [Tensor<Float>]) {
    let sequences = attempts.flatMap(\.rollout.sequences)
    let targets = sequences.flatMap { sequence in sequence.drawn.map { sequence.tokens[$0] } }
    let old = attempts.flatMap(\.old)
    let frozen = attempts.flatMap(\.frozen)
    let advantages = attempts.flatMap { Array(repeating: Float($0.advantage), count: $0.rollout.drawn) }
    let count = Float(max(tokens, 1))
    let (low, high) = (Float(1 - clip), Float(1 + clip))
    return try trainer.gradient(of: sequences, temperature: temperature) {
      logProbabilities, rows throws(TensorError) in
      let picked = try logProbabilities.picking(Tensor(Array(targets[rows])))
      let ratio = try (picked - Tensor(Array(old[rows]))).exponential()
      let advantage = try Tensor(Array(advantages[rows]))
      let clipped = try ratio.maximum(Tensor(repeating: low)).minimum(Tensor(repeating: high))
      let gain = try (ratio * advantage).minimum(clipped * advantage)
      let away = try Tensor(Array(frozen[rows])) - picked
      let estimate = try away.exponential() - away - 1
      return try (estimate * Float(divergence) - gain).sum() / count
    }
  }
}
