import Agents
import ParticleFilter

/// Who chose one trajectory of a population.
public enum Chooser: String, Sendable, Hashable, Codable, CaseIterable {
  /// The largest reward, where rewards are known at test time (`steering.verifier`).
  case verifier
  /// The critic's largest expected reward, where rewards are not known.
  case critic
  /// One draw from the weighted population (`steering.answer: sample`).
  case sample
  /// The first attempt that did not fail, where neither rewards nor a critic can choose.
  case chance
}

/// The trajectory whose end is the answer to a task.
public struct ChosenTrajectory: Sendable {
  /// The trajectory.
  public let trajectory: Trajectory
  /// Who chose it.
  public let by: Chooser
}

extension PopulationResult {
  /// The trajectory whose end is the answer to the task; nil if every attempt failed.
  ///
  /// It depends on the result and on the settings alone, so that a resumed run chooses the same one.
  /// - Parameters:
  ///   - settings: the settings that the task was run with.
  ///   - answer: replaces ``SteeringSettings/answer``; nil for that of the settings.
  public func chosen(_ settings: SteeringSettings, answer: Answer? = nil) -> ChosenTrajectory? {
    guard settings.search.hasVerifier else {
      if let selected { return ChosenTrajectory(trajectory: selected, by: .critic) }
      return survivors.first.map { ChosenTrajectory(trajectory: $0.trajectory, by: .chance) }
        ?? best.map { ChosenTrajectory(trajectory: $0, by: .chance) }
    }
    let isWeighted = settings.method.driver == .population && !settings.method.keepsBest
    if isWeighted, (answer ?? settings.answer) == .sample, let drawn = drawn(by: settings.seed) {
      return ChosenTrajectory(trajectory: drawn, by: .sample)
    }
    return best.map { ChosenTrajectory(trajectory: $0, by: .verifier) }
  }

  /// The critic's choice among the final populations; nil if it gave no values.
  var selected: Trajectory? {
    ([self] + later).compactMap { wave in
      wave.selection.map { (score: $0.score, trajectory: wave.particles[$0.particle].trajectory) }
    }.max { $0.score < $1.score }?.trajectory
  }

  /// One draw from the weighted population; nil if it has no weight.
  private func drawn(by seed: UInt64) -> Trajectory? {
    let candidates = particles.filter { $0.failure == nil && $0.weight > 0 }
    var generator = Seed(seed).split(task.id.rawValue).split("answer").generator()
    var left = generator.uniform() * candidates.reduce(0) { $0 + $1.weight }
    for candidate in candidates {
      left -= candidate.weight
      if left < 0 { return candidate.trajectory }
    }
    return candidates.last?.trajectory
  }
}
