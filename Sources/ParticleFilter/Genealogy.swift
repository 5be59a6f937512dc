/// One stop of a population: what the particles weighed, and who continued as whom.
public struct Checkpoint: Sendable, Hashable, Codable {
  /// Steps taken.
  public let step: Int
  /// Log-weights after this checkpoint's evidence and before its resampling.
  public let logWeights: LogWeights
  /// V of each particle, before its resampling.
  public let softValues: [Double]
  /// For each place, the particle it continues; nil where nothing was resampled.
  public let ancestors: [Int]?
  /// log Ẑ up to here.
  public let logEvidence: Double

  public init(step: Int, logWeights: LogWeights, softValues: [Double], ancestors: [Int]?, logEvidence: Double) {
    self.step = step
    self.logWeights = logWeights
    self.softValues = softValues
    self.ancestors = ancestors
    self.logEvidence = logEvidence
  }

  /// The place that the particle of a place continues: its own where nothing was resampled.
  public func ancestor(of place: Int) -> Int {
    guard let ancestors, ancestors.indices.contains(place) else { return place }
    return ancestors[place]
  }

  public var effectiveSampleSize: Double { logWeights.effectiveSampleSize }

  /// The places that continue as another particle's copy, each with the place of that particle.
  public var copies: [(place: Int, ancestor: Int)] {
    (ancestors ?? []).enumerated().compactMap { $0 == $1 ? nil : ($0, $1) }
  }

  /// How many particles continue as another's copy: the forks this checkpoint asks for.
  public var forks: Int { (ancestors ?? []).enumerated().count { $0 != $1 } }

  /// The places whose particle nobody continues.
  public var culled: [Int] {
    guard let ancestors else { return [] }
    let continued = Set(ancestors)
    return ancestors.indices.filter { !continued.contains($0) }
  }
}

/// Who descends from whom, and since which step.
public struct Genealogy: Sendable, Hashable, Codable {
  /// The number of particles.
  public let count: Int
  /// In order of their steps.
  public private(set) var checkpoints: [Checkpoint] = []

  public init(count: Int, checkpoints: [Checkpoint] = []) {
    self.count = count
    self.checkpoints = checkpoints
  }

  mutating func append(_ checkpoint: Checkpoint) { checkpoints.append(checkpoint) }

  /// Since when the particle that held a place before the checkpoint of step `step` had held it, and whose copy it then was; nil
  /// where it was there from the start.
  public func origin(of place: Int, before step: Int) -> (step: Int, parent: Int)? {
    checkpoints.last { $0.step < step && $0.ancestor(of: place) != place }.map { ($0.step, $0.ancestor(of: place)) }
  }

  public var resamplings: Int { checkpoints.count { $0.ancestors != nil } }
  public var forks: Int { checkpoints.reduce(0) { $0 + $1.forks } }

  /// The places a final particle's ancestors held: one before the first checkpoint, and one after each.
  public func lineage(of particle: Int) -> [Int] { checkpoints.lineage(of: particle) }

  /// How many of the first particles still have descendants at the end.
  public var survivingFounders: Int { Set((0..<count).map { lineage(of: $0)[0] }).count }

  /// Every checkpoint is of all particles, after the one before, and names ancestors among them. What was read from a file may not be.
  public var isSound: Bool {
    var last = 0
    return checkpoints.allSatisfy { checkpoint in
      defer { last = checkpoint.step }
      return checkpoint.step > last && checkpoint.softValues.count == count && checkpoint.logWeights.count == count
        && (checkpoint.ancestors.map { $0.count == count && $0.allSatisfy((0..<count).contains) } ?? true)
    }
  }
}
