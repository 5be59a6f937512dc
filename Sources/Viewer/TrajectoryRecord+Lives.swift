import Agents
import ParticleFilter
import Reporting
import RolloutStore

extension [TrajectoryRecord] {
  /// The trajectories with the checkpoints at which they ended.
  package func lives(in ancestry: Ancestry) -> [PopulationStory.Life] {
    let final = filter { $0.standing == .final }
    let weights = LogWeights(final.map { $0.logWeight ?? -.infinity }).normalised
    return zip(final, weights).map { record, weight in
      PopulationStory.Life(
        place: record.particle, culledAfter: nil, trajectory: record.trajectory, failure: record.failure?.message,
        weight: record.logWeight == nil ? nil : weight)
    }
      + filter { $0.standing != .final }.compactMap { record in
        ancestry.line(of: record).flatMap { ancestry.end(of: $0) }.map {
          PopulationStory.Life(
            place: record.particle, culledAfter: $0, trajectory: record.trajectory, failure: record.failure?.message)
        }
      }
  }
}
