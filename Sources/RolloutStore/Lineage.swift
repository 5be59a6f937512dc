import ParticleFilter

/// The places of a stored trajectory's ancestors, and the critic's values at the run's checkpoints.
package struct Lineage {
  private let checkpoints: [Checkpoint]
  /// One place more than there are checkpoints.
  private let places: [Int]

  /// - Parameter genealogy: of the trajectory's population.
  package init(of record: TrajectoryRecord, in genealogy: Genealogy) {
    let ancestry = Ancestry(genealogy)
    // After a cull, the place belongs to another particle.
    let segment =
      ancestry.line(of: record).map { ancestry.segments(of: $0).upperBound - 1 } ?? ancestry.checkpoints.count
    checkpoints = Array(ancestry.checkpoints[..<segment])
    places = ancestry.lineage(of: record.particle, in: segment)
  }

  /// Of the particle that holds a place after the last checkpoint so far.
  package init(ofPlace place: Int, in genealogy: Genealogy) {
    let ancestry = Ancestry(genealogy)
    checkpoints = ancestry.checkpoints
    places = ancestry.lineage(of: place, in: checkpoints.count)
  }

  /// The place whose call gave the answer of this step, from 0.
  package func place(atStep step: Int) -> Int { places[checkpoints.count { $0.step <= step }] }

  /// The values V by the number of steps taken.
  package var values: [Int: Double] {
    var values: [Int: Double] = [:]
    for (number, checkpoint) in checkpoints.enumerated() {
      let place = places[number]
      guard checkpoint.softValues.indices.contains(place) else { continue }
      values[checkpoint.step] = checkpoint.softValues[place]
    }
    return values
  }
}
