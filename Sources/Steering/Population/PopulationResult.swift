import Agents
import ParticleFilter
import RolloutStore

/// What steering one task found.
public struct PopulationResult: Sendable {
  public struct Member: Sendable {
    public let trajectory: Trajectory
    /// Why it could not go on, or nil.
    public let failure: AttemptFailure?
    public let logWeight: Double
    /// Its share of the posterior.
    public let weight: Double
  }

  /// A trajectory that finished and was culled later.
  public struct Banked: Sendable {
    public let place: Int
    public let trajectory: Trajectory
  }

  /// A trajectory that was culled before it had finished.
  public struct Culled: Sendable {
    public let place: Int
    /// The step of the checkpoint.
    public let step: Int
    /// nil where a store has it: it was written there when it was culled, since a large population culls more than it keeps.
    public let trajectory: Trajectory?
    public let failure: AttemptFailure?
  }

  public let task: AgentTask
  public let particles: [Member]
  public let bank: [Banked]
  public internal(set) var culled: [Culled] = []
  public let genealogy: Genealogy
  /// V(s₀) + β·log Ẑ; nil where every particle failed. One that failed among others has no weight and lowers it.
  public let softValue: Double?
  public let selection: Selection?
  public let calls: Int
  /// States that a critic was asked about.
  public let criticCalls: Int
  public let usage: Usage
  public let wallSeconds: Double
  /// Σ over segments of the slowest particle: no run can be faster.
  public let criticalPathSeconds: Double
  public let replayMismatches: Int
  /// Of the particles that failed, those included that others took the place of.
  public let failures: [AttemptFailure]

  public var failedParticles: Int { failures.count }

  /// The search ended at the maximal reward while others were unfinished; their weights are then of no posterior.
  public var isStoppedSearch: Bool {
    particles.contains { $0.failure == nil && !$0.trajectory.isFinished }
  }

  /// What got through and is there at the end.
  private var survivors: [Member] { particles.filter { $0.failure == nil } }

  /// The best trajectory by the verifier, finished and culled ones included; nil where every attempt failed.
  public var best: Trajectory? {
    // The first of equals.
    (survivors.map(\.trajectory) + bank.map(\.trajectory)).reduce(nil) { best, next in
      best.map { $0.reward >= next.reward } == true ? best : next
    }
  }

  /// nil where every attempt failed, as all rewards here are: a failed attempt has none.
  public var rewardBest: Double? { best?.reward }

  /// The plain mean over the particles that did not fail.
  public var rewardMean: Double? {
    let rewards = survivors.map(\.trajectory.reward)
    return rewards.isEmpty ? nil : rewards.reduce(0, +) / Double(rewards.count)
  }

  /// The posterior mean. In a stochastic world the posterior also prefers lucky transitions.
  public var rewardWeighted: Double? {
    survivors.isEmpty ? nil : survivors.reduce(0) { $0 + $1.weight * $1.trajectory.reward }
  }

  /// What a user without a verifier would get: the critic's choice, or by chance where there is no critic.
  public var rewardSelected: Double? {
    selection.map { particles[$0.particle].trajectory.reward } ?? rewardMean
  }

  var records: [TrajectoryRecord] {
    particles.enumerated().map { place, member in
      TrajectoryRecord(
        particle: place, trajectory: member.trajectory, logWeight: member.logWeight, failure: member.failure)
    }
      + Dictionary(grouping: bank, by: \.place).values.compactMap { culled in
        // A place may have been culled more than once; the best of its trajectories is the one to keep.
        culled.max { $0.trajectory.reward < $1.trajectory.reward }.map {
          TrajectoryRecord(particle: $0.place, standing: .banked, trajectory: $0.trajectory)
        }
      }
      + culled.compactMap(\.record)
  }
}

extension PopulationResult.Culled {
  /// nil where the trajectory is stored already.
  var record: TrajectoryRecord? {
    trajectory.map {
      TrajectoryRecord(particle: place, standing: .culled(after: step), trajectory: $0, failure: failure)
    }
  }
}
