import Agents
import ParticleFilter

/// A run half-way: its particles and the filter that weighs them.
struct TokenRun {
  private let smc: TokenSMC
  private let seed: Seed
  private var filter: ParticleFilter
  private var particles: [TokenParticle]
  /// Increments since the last checkpoint.
  private var pending: [Double]
  private var stepsTaken = 0
  private(set) var drawnTokens = 0

  init(_ smc: TokenSMC, seed: Seed) {
    (self.smc, self.seed) = (smc, seed)
    filter = ParticleFilter(
      count: smc.particles, temperature: 1, schedule: smc.schedule, resampler: smc.resampler, initialValue: 0)
    particles = Array(repeating: TokenParticle(), count: smc.particles)
    pending = Array(repeating: 0, count: smc.particles)
  }

  var isOpen: Bool { particles.contains(where: \.isRunning) }

  var progress: TokenProgress {
    TokenProgress(
      tokens: stepsTaken, running: particles.count(where: \.isRunning),
      effectiveSampleSize: filter.logWeights.effectiveSampleSize, logEvidence: filter.logEvidence)
  }

  var posterior: TokenPosterior {
    TokenPosterior(
      answers: particles.map { particle in
        TokenPosterior.Answer(
          tokens: particle.tokens, text: smc.sampler.target.vocabulary.text(of: particle.tokens),
          ending: particle.ending ?? .limit)
      }, logWeights: filter.logWeights, logEvidence: filter.logEvidence, genealogy: filter.genealogy,
      drawnTokens: drawnTokens)
  }

  /// Weighs the empty prefix.
  mutating func begin() async throws {
    let empty: [[TokenID]] = [[]]
    var logWeight = try await smc.sampler.target.prefixLogWeights(of: empty)[0]
    for place in particles.indices {
      particles[place].factorWeights = Array(repeating: 0, count: smc.factors.count)
    }
    for (number, factor) in smc.factors.enumerated() {
      let weight = try await factor.prefixLogWeights(of: empty)[0]
      logWeight += weight
      for place in particles.indices { particles[place].factorWeights[number] = weight }
    }
    try Self.check(logWeight)
    for place in particles.indices { add(logWeight, to: place, dying: .excluded) }
    if !isOpen { filter.finish(paid: Payment(rewards: pending)) }
  }

  /// Every running particle draws a token, or ends.
  mutating func step() async throws {
    let running = particles.indices.filter { particles[$0].isRunning }
    if stepsTaken == smc.limit, smc.cutsAtLimit {
      for place in running { particles[place].ending = .cut }
      return filter.finish(paid: Payment(rewards: pending))
    }
    let prefixes = running.map { particles[$0].tokens }
    let drawn: [WeightedToken]
    if stepsTaken == smc.limit {
      drawn = try await smc.sampler.target.nextLogWeights(after: prefixes).map {
        WeightedToken(nil, logWeight: $0.end)
      }
    } else {
      drawn = try await smc.sampler.draw(
        after: prefixes, seeds: running.map { seed.split("token").split($0).split(stepsTaken) })
    }
    for (place, token) in zip(running, drawn) {
      try Self.check(token.logWeight)
      add(token.logWeight, to: place, dying: stepsTaken == smc.limit ? .limit : .excluded)
      guard particles[place].isRunning else { continue }
      drawnTokens += 1
      if let token = token.token { particles[place].tokens.append(token) } else { particles[place].ending = .ended }
    }
    try await weighFactors(of: running)
    stepsTaken += 1
    guard isOpen else { return filter.finish(paid: Payment(rewards: pending)) }
    guard filter.schedule.nextCheckpoint(after: stepsTaken - 1) == stepsTaken else { return }
    var generator = seed.split("resampling").split(stepsTaken).generator()
    let checkpoint = filter.weigh(
      step: stepsTaken, paid: Payment(rewards: pending), guidance: try await guidance(), using: &generator)
    pending = Array(repeating: 0, count: pending.count)
    if let ancestors = checkpoint.ancestors { particles = ancestors.map { particles[$0] } }
  }

  private mutating func weighFactors(of places: [Int]) async throws {
    for (number, factor) in smc.factors.enumerated() {
      for ended in [false, true] {
        let concerned = places.filter { particles[$0].logWeightIsFinite && (particles[$0].ending != nil) == ended }
        guard !concerned.isEmpty else { continue }
        let texts = concerned.map { particles[$0].tokens }
        let weights =
          ended ? try await factor.completeLogWeights(of: texts) : try await factor.prefixLogWeights(of: texts)
        for (place, weight) in zip(concerned, weights) {
          try Self.check(weight)
          add(logRatio(weight, particles[place].factorWeights[number]), to: place, dying: .excluded)
          particles[place].factorWeights[number] = weight
        }
      }
    }
  }

  /// The twist of the running particles. That of the others is 0: their texts are complete.
  private func guidance() async throws -> Guidance {
    var values: [Double?] = Array(repeating: 0, count: particles.count)
    guard let twist = smc.twist else { return Guidance(softValues: values) }
    let running = particles.indices.filter { particles[$0].isRunning }
    for (place, value) in zip(running, try await twist.logValues(of: running.map { particles[$0].tokens })) {
      values[place] = value
    }
    return Guidance(softValues: values)
  }

  private mutating func add(_ logWeight: Double, to place: Int, dying ending: TokenPosterior.Ending) {
    pending[place] += logWeight
    if logWeight == -.infinity {
      particles[place].ending = ending
      particles[place].logWeightIsFinite = false
    }
  }

  private static func check(_ logWeight: Double) throws(TokenSteeringError) {
    guard logWeight < .infinity else {
      throw TokenSteeringError(.badWeight, "A potential gave a prefix or a text the log-weight \(logWeight).")
    }
  }
}

private struct TokenParticle {
  var tokens: [TokenID] = []
  /// The factors' weights of the tokens so far.
  var factorWeights: [Double] = []
  var ending: TokenPosterior.Ending?
  var logWeightIsFinite = true

  var isRunning: Bool { ending == nil }
}
