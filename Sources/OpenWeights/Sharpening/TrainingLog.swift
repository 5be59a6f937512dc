import Foundation

/// The log entry of one training step.
package struct TrainingStep: Sendable, Hashable, Codable {
  package let step: Int
  package let loss: Double
  /// The norm of the gradient before clipping.
  package let norm: Double
  package let rate: Double
  package let seconds: Double
  /// The number of tokens processed.
  package let tokens: Int
  /// The peak memory of tensors, in bytes.
  package let peakMemory: Int
  /// There was nothing to learn: all attempts of each task had equal rewards. nil for methods where this cannot
  /// happen.
  package var isSilent: Bool?
}

/// The result of an adapter on held-out tasks.
package struct HeldOutScore: Sendable, Hashable, Codable {
  /// The number of training steps; 0 is the frozen model.
  package let step: Int
  /// The pass rate: the mean over tasks of each task's share of passing attempts.
  package let pass: Double
  package let passSE: Double
  package let reward: Double
  package let tasks: Int
  package let attempts: Int
}
