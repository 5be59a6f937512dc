import Agents
import Tensors

/// Measures the duration of a training step, for benchmarks and for planning a training.
package enum LearningProbe {
  /// The duration of the faster of two steps of cross-entropy on all drawn tokens, and the peak memory of tensors in
  /// bytes.
  @TensorActor
  package static func seconds(
    _ loaded: LoadedModel, _ sequences: [TokenSequence], rank: Int = 8, checkpointing: Bool
  ) throws -> (seconds: Double, peak: Int) {
    let adapter = try AdapterWeights(
      AdapterConfiguration(rank: rank, alpha: Double(2 * rank)), for: loaded.files.configuration, seed: Seed(1))
    let trainer = try AdapterTrainer(
      loaded.model, adapter: adapter, optimiser: OptimiserSettings(), checkpointing: checkpointing)
    let targets = sequences.flatMap { sequence in sequence.drawn.map { sequence.tokens[$0] } }
    let share = -1 / Float(max(targets.count, 1))
    var best = (seconds: Double.infinity, peak: 0)
    for _ in 0..<2 {
      Engine.resetPeakMemory()
      let start = ContinuousClock.now
      let (_, gradients) = try trainer.gradient(of: sequences) { logProbabilities, rows throws(TensorError) in
        try logProbabilities.picking(Tensor(Array(targets[rows]))).sum() * share
      }
      _ = try trainer.step([gradients])
      best = (min(best.seconds, (ContinuousClock.now - start).inSeconds), max(best.peak, Engine.peakMemory))
    }
    return best
  }
}
