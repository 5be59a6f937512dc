import Agents
import ParticleFilter
import RolloutStore

/// The result of steering one task: the weighted population, what left it before, and what it cost.
public struct PopulationResult: Sendable {
  /// One particle of the final population.
  public struct Member: Sendable {
    /// Its steps; unfinished if it failed or the search stopped.
    public let trajectory: Trajectory
    /// Why the attempt failed; nil if it did not.
    public let failure: AttemptFailure?
    /// The final log-weight, up to a constant common to the population; −∞ if the particle failed.
    public let logWeight: Double
    /// The normalised weight, its share of the posterior; 0 if the particle failed.
    public let weight: Double
  }

  /// A trajectory that had finished and was culled later. It can still be the best.
  public struct Banked: Sendable {
    /// The place it held when it was culled.
    public let place: Int
    /// The finished trajectory.
    public let trajectory: Trajectory
  }

  /// A trajectory that was culled before it had finished.
  public struct Culled: Sendable {
    /// The place it held when it was culled.
    public let place: Int
    /// The step of the checkpoint that culled it.
    public let step: Int
    /// The unfinished trajectory; nil if it is in the store, where large populations write what they cull.
    public let trajectory: Trajectory?
    /// Why the attempt failed; nil if it was culled for its weight alone.
    public let failure: AttemptFailure?
  }

  /// The task that was steered.
  public let task: AgentTask
  /// The final population, by place. Their weights are the sample of the posterior.
  public let particles: [Member]
  /// Finished trajectories that were culled later.
  public let bank: [Banked]
  /// Trajectories that were culled before they had finished.
  public internal(set) var culled: [Culled] = []
  /// Every checkpoint, with weights, values and ancestors.
  public let genealogy: Genealogy
  /// The visited states of a frontier search; nil for other methods.
  public var tree: SearchTree?
  /// The populations of the same task that followed this one under a budget. Their calls, tokens and failures are among
  /// this one's; means, weights and soft value are of the first alone, since whether others follow depends on it.
  public internal(set) var later: [PopulationResult] = []
  /// V(s₀) + β·log Ẑ, in reward units; nil if every particle failed. A particle that failed among others has weight 0
  /// and lowers it.
  public let softValue: Double?
  /// The critic's choice; nil without a critic or without a trajectory to choose.
  public let selection: Selection?
  /// Answers of the policy, stored ones included.
  public let calls: Int
  /// The number of states that the critic was asked about.
  public let criticCalls: Int
  /// The tokens of the answers, stored ones included.
  public let usage: Usage
  /// Wall-clock seconds for this task, other tasks running beside it.
  public let wallSeconds: Double
  /// Σ over segments of the slowest particle, in seconds: a lower bound of the wall-clock time.
  public let criticalPathSeconds: Double
  /// Replayed steps whose text differed from the recorded one.
  public let replayMismatches: Int
  /// One failure for each particle that failed, those replaced by a clone included.
  public let failures: [AttemptFailure]

  /// The number of ``failures``.
  public var failedParticles: Int { failures.count }

  /// Whether the search ended at the maximal reward with particles unfinished. The weights are then not those of a
  /// posterior.
  public var isStoppedSearch: Bool {
    particles.contains { $0.failure == nil && !$0.trajectory.isFinished }
  }

  /// The particles of the final population that did not fail.
  var survivors: [Member] { particles.filter { $0.failure == nil } }

  /// The best trajectory by the verifier, finished and culled ones included; nil if every attempt failed.
  public var best: Trajectory? {
    (survivors.map(\.trajectory) + bank.map(\.trajectory) + later.compactMap(\.best)).reduce(nil) { best, next in
      guard let best else { return next }
      // Ties go to a finished one, then to the first: in a search that was stopped others are unfinished.
      return (best.reward, best.isFinished ? 1 : 0) >= (next.reward, next.isFinished ? 1 : 0) ? best : next
    }
  }

  /// The reward of ``best``; nil if every attempt failed.
  public var rewardBest: Double? { best?.reward }

  /// The plain mean over the particles that did not fail; nil if all did.
  public var rewardMean: Double? {
    let rewards = survivors.map(\.trajectory.reward)
    return rewards.isEmpty ? nil : rewards.reduce(0, +) / Double(rewards.count)
  }

  /// The posterior mean: over particles under their final weights. In a stochastic world the posterior also prefers
  /// lucky transitions.
  public var rewardWeighted: Double? {
    survivors.isEmpty ? nil : survivors.reduce(0) { $0 + $1.weight * $1.trajectory.reward }
  }

  /// The reward that a user without a verifier gets: of the critic's choice, or expected under chance without a critic.
  public var rewardSelected: Double? {
    selected?.reward ?? rewardMean
  }

  var records: [TrajectoryRecord] {
    particles.enumerated().map { place, member in
      TrajectoryRecord(
        particle: place, trajectory: member.trajectory, logWeight: member.logWeight, failure: member.failure)
    }
      + Dictionary(grouping: bank, by: \.place).values.compactMap { culled in
        // A place may have been culled several times. Only its best trajectory is stored.
        culled.max { $0.trajectory.reward < $1.trajectory.reward }.map {
          TrajectoryRecord(particle: $0.place, standing: .banked, trajectory: $0.trajectory)
        }
      }
      + culled.compactMap(\.record)
  }
}

extension PopulationResult.Culled {
  /// nil if the trajectory is stored already.
  var record: TrajectoryRecord? {
    trajectory.map {
      TrajectoryRecord(particle: place, standing: .culled(after: step), trajectory: $0, failure: failure)
    }
  }
}
