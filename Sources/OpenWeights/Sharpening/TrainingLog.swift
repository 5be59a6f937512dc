#if OpenWeights
  import Foundation

  /// What a training was like, step by step.
  public struct TrainingStep: Sendable, Hashable, Codable {
    public let step: Int
    public let loss: Double
    /// Of the gradient, before clipping.
    public let norm: Double
    public let rate: Double
    public let seconds: Double
    /// Tokens that were worked through.
    public let tokens: Int
    /// Bytes of tensors at most.
    public let peakMemory: Int
    /// There was nothing to learn: every attempt of each task ended like the others. Absent where that cannot be.
    public var isSilent: Bool?
  }

  /// How well an adapter does on tasks it does not learn from.
  public struct HeldOutScore: Sendable, Hashable, Codable {
    /// After this many steps; 0 is the frozen model.
    public let step: Int
    /// The share of attempts that passed, each task's first, averaged over tasks.
    public let pass: Double
    public let passSE: Double
    public let reward: Double
    public let tasks: Int
    public let attempts: Int
  }
#endif
