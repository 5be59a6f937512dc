import Agents
import ParticleFilter
import Steering

/// One population to look into: who was culled and who was cloned, and what every particle said and did.
package struct PopulationStory: Sendable {
  /// A particle and how it ended.
  package struct Life: Sendable {
    package let place: Int
    /// The step of the checkpoint at which it was culled; nil for one that is there at the end.
    package let culledAfter: Int?
    /// From the task's start, with what it shares with others.
    package let trajectory: Trajectory
    /// Why it could not go on, or nil.
    package let failure: String?
    /// Its share of the posterior, 0 to 1; nil where it was culled or is unknown.
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
  /// How the population was steered, in words.
  package let method: String
  package let genealogy: Genealogy
  /// What does not fit the genealogy is left out; a particle without a life is drawn and has no transcript of its own.
  package let lives: [Life]
  /// How answers are read, to tell thoughts from actions.
  package let format: ActionFormat

  package init(task: AgentTask, method: String, genealogy: Genealogy, lives: [Life], format: ActionFormat) {
    self.task = task
    self.method = method
    self.genealogy = genealogy
    self.lives = lives
    self.format = format
  }

  /// Every particle that was, but for those that only a store has.
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
