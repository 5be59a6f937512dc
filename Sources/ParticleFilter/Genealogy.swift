/// One checkpoint of a population: the weights and values of its particles, and the ancestors if it was resampled.
public struct Checkpoint: Sendable, Hashable, Codable {
  /// The number of steps taken.
  public let step: Int
  /// Log-weights after this checkpoint's evidence and before its resampling.
  public let logWeights: LogWeights
  /// V of each particle, before its resampling.
  public let softValues: [Double]
  /// For each place, the particle it continues; nil if nothing was resampled.
  public let ancestors: [Int]?
  /// log Ẑ up to here.
  public let logEvidence: Double

  /// - Parameters:
  ///   - logWeights: after this checkpoint's evidence, before its resampling.
  ///   - ancestors: for each place, the particle it continues; nil if nothing was resampled.
  public init(step: Int, logWeights: LogWeights, softValues: [Double], ancestors: [Int]?, logEvidence: Double) {
    self.step = step
    self.logWeights = logWeights
    self.softValues = softValues
    self.ancestors = ancestors
    self.logEvidence = logEvidence
  }

  /// The place of the particle that this place continues; its own if nothing was resampled.
  public func ancestor(of place: Int) -> Int {
    guard let ancestors, ancestors.indices.contains(place) else { return place }
    return ancestors[place]
  }

  /// (Σw)² / Σw² before the resampling, between 1 and N.
  public var effectiveSampleSize: Double { logWeights.effectiveSampleSize }

  /// The places that continue as another particle's copy, each with the place of that particle.
  public var copies: [(place: Int, ancestor: Int)] {
    (ancestors ?? []).enumerated().compactMap { $0 == $1 ? nil : ($0, $1) }
  }

  /// How many particles continue as another's copy: the forks this checkpoint asks for.
  public var forks: Int { (ancestors ?? []).enumerated().count { $0 != $1 } }

  /// The places whose particles are not continued.
  public var culled: [Int] {
    guard let ancestors else { return [] }
    let continued = Set(ancestors)
    return ancestors.indices.filter { !continued.contains($0) }
  }
}

/// All checkpoints of a population: which particle descends from which, and since which step.
public struct Genealogy: Sendable, Hashable, Codable {
  /// The number of particles.
  public let count: Int
  /// The checkpoints in order of their steps.
  public private(set) var checkpoints: [Checkpoint] = []

  /// - Parameter checkpoints: checkpoints read from a store, in the order of their steps.
  public init(count: Int, checkpoints: [Checkpoint] = []) {
    self.count = count
    self.checkpoints = checkpoints
  }

  mutating func append(_ checkpoint: Checkpoint) { checkpoints.append(checkpoint) }

  /// The checkpoint at which the particle at `place` (before the checkpoint of step `step`) was copied there, and the
  /// place it was copied from; nil if it was there from the start.
  public func origin(of place: Int, before step: Int) -> (step: Int, parent: Int)? {
    checkpoints.last { $0.step < step && $0.ancestor(of: place) != place }.map { ($0.step, $0.ancestor(of: place)) }
  }

  /// The number of checkpoints that resampled.
  public var resamplings: Int { checkpoints.count { $0.ancestors != nil } }
  /// The number of copies made at all checkpoints.
  public var forks: Int { checkpoints.reduce(0) { $0 + $1.forks } }

  /// The places a final particle's ancestors held: one before the first checkpoint, and one after each.
  public func lineage(of particle: Int) -> [Int] { checkpoints.lineage(of: particle) }

  /// The number of initial particles with descendants at the end.
  public var survivingFounders: Int { Set((0..<count).map { lineage(of: $0)[0] }).count }

  /// Whether every checkpoint covers all particles, follows the one before and names ancestors among them. A genealogy
  /// read from a damaged file may not.
  public var isSound: Bool {
    var last = 0
    return checkpoints.allSatisfy { checkpoint in
      defer { last = checkpoint.step }
      return checkpoint.step > last && checkpoint.softValues.count == count && checkpoint.logWeights.count == count
        && (checkpoint.ancestors.map { $0.count == count && $0.allSatisfy((0..<count).contains) } ?? true)
    }
  }
}
