#if OpenWeights
  import Foundation

  /// What a training was like, step by step.
  package struct TrainingStep: Sendable, Hashable, Codable {
    package let step: Int
    package let loss: Double
    /// Of the gradient, before clipping.
    package let norm: Double
    package let rate: Double
    package let seconds: Double
    /// Tokens that were worked through.
    package let tokens: Int
    /// Bytes of tensors at most.
    package let peakMemory: Int
    /// There was nothing to learn: every attempt of each task ended like the others. Absent where that cannot be.
    package var isSilent: Bool?
  }

  /// How well an adapter does on tasks it does not learn from.
  package struct HeldOutScore: Sendable, Hashable, Codable {
    /// After this many steps; 0 is the frozen model.
    package let step: Int
    /// The share of attempts that passed, each task's first, averaged over tasks.
    package let pass: Double
    package let passSE: Double
    package let reward: Double
    package let tasks: Int
    package let attempts: Int
  }
#endif
