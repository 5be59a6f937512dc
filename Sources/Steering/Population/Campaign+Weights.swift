import ParticleFilter

extension Campaign.Outcome {
  /// The outcome of independent attempts weighted at another β, without running anything again.
  ///
  /// - Parameter temperature: β > 0, in reward units.
  public func weighed(atTemperature temperature: Double) -> Self {
    var outcome = Self(
      results: results.map { $0.weighed(atTemperature: temperature) }, stopped: stopped, wallSeconds: wallSeconds,
      calls: calls, storedCalls: storedCalls, usage: usage)
    outcome.criticCost = criticCost
    return outcome
  }
}

extension PopulationResult {
  fileprivate func weighed(atTemperature temperature: Double) -> Self {
    var filter = ParticleFilter(count: particles.count, temperature: temperature, schedule: .never, initialValue: 0)
    filter.finish(
      paid: Payment(rewards: particles.map { $0.failure == nil ? $0.trajectory.reward : -.infinity }))
    let isAlive = particles.contains { $0.failure == nil }
    let weights = isAlive ? filter.weights : particles.map { _ in 0 }
    return Self(
      task: task,
      particles: particles.enumerated().map { place, member in
        Member(
          trajectory: member.trajectory, failure: member.failure, logWeight: filter.logWeights.values[place],
          weight: weights[place])
      },
      bank: bank, culled: culled, genealogy: genealogy, softValue: isAlive ? filter.softValue : nil,
      selection: selection, calls: calls,
      criticCalls: criticCalls, usage: usage, wallSeconds: wallSeconds, criticalPathSeconds: criticalPathSeconds,
      replayMismatches: replayMismatches, failures: failures)
  }
}
