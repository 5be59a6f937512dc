import Agents
import ParticleFilter

extension Population {
  /// The filter that selects at checkpoints.
  func filter(count: Int, initialValue: Double) -> any PopulationFilter {
    settings.method.filter(settings, count, initialValue)
  }

  /// V(s₀), the first base of the evidence; 0 without a critic that guides.
  func initialValue(_ state: inout State) async throws -> Double {
    guard settings.schedule != .never, let critic, let first = state.particles.first(where: { $0.failure == nil })
    else { return 0 }
    state.criticCalls += 1
    // If the value is missing, 0 serves as well, since the base is common to all particles.
    return try await values(of: [CriticState(first.trajectory)], by: critic)[0] ?? 0
  }

  /// V of every particle; 0 for a finished particle, nil if the critic gave no value.
  func softValues(_ state: inout State) async throws -> [Double?] {
    guard let critic else { return Array(repeating: 0, count: state.particles.count) }
    let asked = state.particles.indices.filter { !state.particles[$0].isOver }
    let states = asked.map { CriticState(state.particles[$0].trajectory) }
    state.criticCalls += states.count
    let values = try await values(of: states, by: critic)
    var all: [Double?] = Array(repeating: 0, count: state.particles.count)
    for (place, value) in zip(asked, values) { all[place] = value }
    return all
  }

  private func values(of states: [CriticState], by critic: any Critic) async throws -> [Double?] {
    let returns = try await context.returns(from: states, by: critic)
    let values = returns.map { $0?.softValue(temperature: settings.temperature) }
    let usable = values.map { value in
      value.flatMap { Magnitude.isValue($0, besideRewardsUpTo: world.maximalReward) ? $0 : nil }
    }
    // A value out of bounds counts as missing. If all values are out of bounds, the critic is unusable.
    if states.count > 1, usable.allSatisfy({ $0 == nil }), let absurd = values.compactMap(\.self).first {
      throw CriticError(
        .failed,
        "The critic \(critic.identity) expects a return-to-go of \(absurd), but the world "
          + (world.maximalReward.map { "pays \($0) at most" } ?? "pays rewards of at most a billion")
          + ": beside such values rewards are rounded away. Scale the critic's values to the world's rewards "
          + "(critic.scale), or choose another critic."
      )
    }
    return usable
  }

  /// The particle that a user without a verifier would choose: the one with the largest expected reward from its last
  /// state, with the last reward hidden. nil without a critic, or without a candidate.
  func selected(_ state: inout State) async throws -> Selection? {
    guard let critic else { return nil }
    let candidates = state.particles.indices.filter { state.particles[$0].failure == nil }
    guard !candidates.isEmpty else { return nil }
    let states = candidates.map { CriticState(state.particles[$0].trajectory, hidingLastReward: true) }
    state.criticCalls += states.count
    let returns = try await context.returns(from: states, by: critic)
    return Selection(rewardsSoFar: states.map(\.rewardSoFar), returns: returns, places: candidates)
  }

  func result(
    _ task: AgentTask, filter: any PopulationFilter, state: State, selection: Selection?, seconds: Double
  ) -> PopulationResult {
    let isAlive = state.particles.contains { $0.failure == nil }
    // If all particles failed, the filter's equal weights do not apply.
    let weights = isAlive ? filter.weights : state.particles.map { _ in 0 }
    return PopulationResult(
      task: task,
      particles: state.particles.indices.map {
        PopulationResult.Member(
          trajectory: state.particles[$0].trajectory, failure: state.particles[$0].failure,
          logWeight: filter.logWeights.values[$0], weight: weights[$0])
      },
      bank: state.bank.map { PopulationResult.Banked(place: $0.place, trajectory: $0.trajectory) },
      culled: state.culled, genealogy: filter.genealogy,
      softValue: isAlive && filter.softValue.isFinite ? filter.softValue : nil, selection: selection,
      calls: state.calls,
      criticCalls: state.criticCalls, usage: state.usage, wallSeconds: seconds,
      criticalPathSeconds: state.criticalPath, replayMismatches: state.mismatches,
      failures: state.replaced + state.particles.compactMap(\.failure))
  }
}

/// The trajectory selected without a verifier: the one with the highest expected reward, its last reward hidden.
public struct Selection: Sendable, Hashable {
  /// The place of the selected particle in the final population.
  public let particle: Int
  /// Its expected total reward by the critic, in reward units.
  public let score: Double
}

extension Selection {
  /// The candidate with the largest expected reward, the first of equals; nil if the critic gave no values.
  ///
  /// - Parameters:
  ///   - rewardsSoFar: each candidate's reward before its last step.
  ///   - returns: the critic's prediction for each last step.
  ///   - places: the candidates' places among the particles.
  init?(rewardsSoFar: [Double], returns: [ReturnDistribution?], places: [Int]) {
    var best: Selection?
    for (place, (paid, expected)) in zip(places, zip(rewardsSoFar, returns)) {
      guard let expected else { continue }
      let score = paid + expected.mean
      guard score.isFinite, score > best?.score ?? -.infinity else { continue }
      best = Selection(particle: place, score: score)
    }
    guard let best else { return nil }
    self = best
  }
}
