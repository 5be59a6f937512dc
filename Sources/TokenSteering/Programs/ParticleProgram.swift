import Agents
import ParticleFilter

/// A probabilistic model written as a program: a closure that takes one step of one particle. `sample`, `observe`,
/// `condition` and `twist` say what the step means.
///
/// ```swift
/// // Sentences without a word of more than five letters.
/// let program = ParticleProgram([TokenID]()) { particle in
///   guard let token = try await particle.sample(model, after: particle.state) else { return particle.finish() }
///   particle.state.append(token)
///   particle.condition(model.vocabulary.text(of: particle.state).split(separator: " ").allSatisfy { $0.count <= 5 })
/// }
/// let posterior = try await program.run(particles: 20, steps: 40, seed: Seed(1))
/// ```
///
/// All particles take a step at the same time, so that a model in process answers them in one pass; then they are
/// weighed, and resampled where the schedule says so.
///
/// Source: Lew et al., arXiv 2306.03081.
public struct ParticleProgram<State: Sendable>: Sendable {
  /// One step of one particle.
  public typealias Step = @Sendable (inout ProgramParticle<State>) async throws -> Void

  private let start: State
  private let step: Step

  /// - Parameters:
  ///   - start: the state of every particle before its first step.
  ///   - step: all randomness has to come from the particle.
  public init(_ start: State, step: @escaping Step) { (self.start, self.step) = (start, step) }

  /// Runs particles to their ends.
  ///
  /// - Parameters:
  ///   - particles: N, at least 1.
  ///   - steps: the most steps. A particle that has not finished by then has the weight 0.
  /// - Throws: errors of the steps; `TokenSteeringError` for bad settings and for weights that are NaN or +∞.
  public func run(
    particles count: Int, steps limit: Int, schedule: Schedule = .effectiveSampleSize(below: 0.5),
    resampler: Resampler = .systematic, seed: Seed
  ) async throws -> ProgramPosterior<State> {
    guard count >= 1, limit >= 1 else {
      throw TokenSteeringError(.badSetting, "\(count) particles and \(limit) steps: both must be at least 1.")
    }
    if let problem = schedule.problem(stepLimit: limit) {
      throw TokenSteeringError(.badSetting, "The schedule \(problem).")
    }
    var filter = ParticleFilter(
      count: count, temperature: 1, schedule: schedule, resampler: resampler, initialValue: 0)
    var particles = Array(repeating: ProgramParticle(start), count: count)
    var pending = Array(repeating: 0.0, count: count)
    for number in 1...limit {
      try Task.checkCancellation()
      let before = particles
      particles = try await stepped(particles, seed: seed.split("step").split(number))
      for place in particles.indices where before[place].isRunning {
        guard particles[place].logWeight < .infinity else {
          throw TokenSteeringError(.badWeight, "A step gave the log-weight \(particles[place].logWeight).")
        }
        pending[place] += particles[place].logWeight
      }
      if number == limit {
        for place in particles.indices where particles[place].isRunning { pending[place] = -.infinity }
      }
      if number == limit || !particles.contains(where: \.isRunning) { break }
      guard schedule.nextCheckpoint(after: number - 1) == number else { continue }
      var generator = seed.split("resampling").split(number).generator()
      let guidance = Guidance(softValues: particles.map { $0.isRunning ? $0.guidance : 0 })
      let checkpoint = filter.weigh(
        step: number, paid: Payment(rewards: pending), guidance: guidance, using: &generator)
      pending = Array(repeating: 0, count: count)
      if let ancestors = checkpoint.ancestors { particles = ancestors.map { particles[$0] } }
    }
    filter.finish(paid: Payment(rewards: pending))
    return ProgramPosterior(
      states: particles.map(\.state), finished: particles.map(\.isFinished), logWeights: filter.logWeights,
      logEvidence: filter.logEvidence, genealogy: filter.genealogy)
  }

  private func stepped(_ particles: [ProgramParticle<State>], seed: Seed) async throws -> [ProgramParticle<State>] {
    try await withThrowingTaskGroup(of: (Int, ProgramParticle<State>).self) { group in
      for (place, particle) in particles.enumerated() where particle.isRunning {
        group.addTask {
          var particle = particle
          particle.beginStep(seed: seed.split(place))
          try await step(&particle)
          return (place, particle)
        }
      }
      return try await group.reduce(into: particles) { $0[$1.0] = $1.1 }
    }
  }
}

/// The final states of a program's particles with their weights.
public struct ProgramPosterior<State: Sendable>: Sendable {
  /// By place.
  public let states: [State]
  /// Whether each program ended within the steps. The others have the weight 0.
  public let finished: [Bool]
  /// The weights, not normalised.
  public let logWeights: LogWeights
  /// The log of an unbiased estimate of the target's total weight, in nats.
  public let logEvidence: Double
  /// Who descends from whom.
  public let genealogy: Genealogy

  /// The normalised weights by place; all 0 if no particle has weight.
  public var weights: [Double] { logWeights.probabilities }

  /// The probabilities of a function's values, likeliest first; equally likely ones in the order of their places.
  public func distribution<Value: Hashable>(of value: (State) -> Value) -> [(value: Value, probability: Double)] {
    var sums: [Value: (place: Int, weight: Double)] = [:]
    for (place, (state, weight)) in zip(states, weights).enumerated() where weight > 0 {
      sums[value(state), default: (place, 0)].weight += weight
    }
    return sums.sorted { ($1.value.weight, $0.value.place) < ($0.value.weight, $1.value.place) }
      .map { ($0.key, $0.value.weight) }
  }
}
