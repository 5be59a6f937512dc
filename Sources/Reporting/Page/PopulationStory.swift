import Agents
import ParticleFilter
import Steering

/// An interactive view of one population: culls, clones, and the transcript of every particle.
package struct PopulationStory: Sendable {
  /// A particle and how it ended.
  package struct Life: Sendable {
    package let place: Int
    /// The step of the checkpoint at which it was culled; nil for a particle of the final population.
    package let culledAfter: Int?
    /// All steps since the start of the task, including those shared with ancestors.
    package let trajectory: Trajectory
    /// Why it failed; nil if it did not.
    package let failure: String?
    /// Its share of the posterior, 0 to 1; nil if it was culled or the share is unknown.
    package let weight: Double?

    package init(place: Int, culledAfter: Int?, trajectory: Trajectory, failure: String? = nil, weight: Double? = nil) {
      self.place = place
      self.culledAfter = culledAfter
      self.trajectory = trajectory
      self.failure = failure
      self.weight = weight
    }
  }

  package let task: AgentTask
  /// A description of the steering method.
  package let method: String
  package let genealogy: Genealogy
  /// Lives that do not fit the genealogy are left out. A particle without a life is drawn, but has no transcript.
  package let lives: [Life]
  /// The format of answers, which separates thoughts from actions.
  package let format: ActionFormat

  package init(task: AgentTask, method: String, genealogy: Genealogy, lives: [Life], format: ActionFormat) {
    self.task = task
    self.method = method
    self.genealogy = genealogy
    self.lives = lives
    self.format = format
  }

  /// Includes every particle, except culled ones that only a store has.
  package init(_ result: PopulationResult, method: String, format: ActionFormat) {
    let ancestry = Ancestry(result.genealogy)
    let culled = GenealogyPicture.matched(result.bank.map { ($0.place, $0.trajectory) }, to: ancestry)
    let final = result.particles.enumerated().map { place, member in
      Life(
        place: place, culledAfter: nil, trajectory: member.trajectory, failure: member.failure?.message,
        weight: member.weight)
    }
    self.init(
      task: result.task, method: method, genealogy: result.genealogy,
      lives: final
        + ancestry.culls.compactMap { cull in
          culled[cull].map {
            Life(place: cull.place, culledAfter: ancestry.checkpoints[cull.checkpoint].step, trajectory: $0)
          }
        }
        + result.culled.compactMap { culled in
          culled.trajectory.map {
            Life(place: culled.place, culledAfter: culled.step, trajectory: $0, failure: culled.failure?.message)
          }
        }, format: format)
  }
}
