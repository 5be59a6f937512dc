import Agents

/// One execution of a ``ParticleProgram``: its state, and what a step does to its weight.
public struct ProgramParticle<State: Sendable>: Sendable {
  /// What the program keeps. A copy of the particle copies it.
  public var state: State
  /// Whether the program has ended.
  public private(set) var isFinished = false
  /// The increment of the log-weight since the last step.
  private(set) var logWeight = 0.0
  /// Guidance, in nats.
  private(set) var guidance = 0.0
  private var seed = Seed(0)
  private var draws = 0

  init(_ state: State) { self.state = state }

  mutating func beginStep(seed: Seed) { (self.seed, draws, logWeight) = (seed, 0, 0) }

  /// Draws a token, properly weighted; nil for the end of the text. A particle for which no token is possible dies, and
  /// draws the end.
  public mutating func sample(_ sampler: some TokenSampler, after prefix: [TokenID]) async throws -> TokenID? {
    let token = try await sampler.draw(after: [prefix], seeds: [seed.split("draw").split(draws)])[0]
    draws += 1
    weigh(by: token.logWeight)
    return token.token
  }

  /// Draws a token in proportion to a potential's next weights, with their mass as weight; that of a language model is 1.
  public mutating func sample(_ potential: some Potential, after prefix: [TokenID]) async throws -> TokenID? {
    try await sample(LocalSampler(potential), after: prefix)
  }

  /// A number in 0 ..< `bound` of a uniform distribution, with the weight 1.
  public mutating func sample(below bound: Int) -> Int {
    var generator = seed.split("number").split(draws).generator()
    draws += 1
    return generator.number(below: bound)
  }

  /// Takes a token as given, and multiplies the weight by its own; nil for the end of the text.
  public mutating func observe(
    _ token: TokenID?, from potential: some Potential, after prefix: [TokenID]
  ) async throws {
    weigh(by: try await potential.nextLogWeights(after: [prefix])[0][token])
  }

  /// Takes tokens one after another as given.
  public mutating func observe(
    _ tokens: [TokenID], from potential: some Potential, after prefix: [TokenID]
  ) async throws {
    let prefixes = tokens.indices.map { prefix + tokens[..<$0] }
    for (token, next) in zip(tokens, try await potential.nextLogWeights(after: prefixes)) { weigh(by: next[token]) }
  }

  /// Ends the particle with the weight 0 unless `holds`.
  public mutating func condition(_ holds: Bool) { if !holds { weigh(by: -.infinity) } }

  /// Multiplies the weight by exp(`logWeight`): part of the target.
  public mutating func weigh(by logWeight: Double) { self.logWeight += logWeight }

  /// Guides this particle as if its weight were exp(`logValue`) larger. The next twist replaces it, and the end of the
  /// program takes it out: guidance, not target.
  public mutating func twist(_ logValue: Double) { guidance = logValue }

  /// Ends the program.
  public mutating func finish() { isFinished = true }

  /// Whether further steps can change anything.
  var isRunning: Bool { !isFinished && logWeight > -.infinity }
}
