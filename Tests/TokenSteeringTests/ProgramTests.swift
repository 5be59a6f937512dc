import Agents
import CoxswainTesting
import Foundation
import ParticleFilter
import Testing

@testable import TokenSteering

/// Models written as programs, against enumeration.
@Suite struct ProgramTests {
  let model = EnumerableModel(["a", "b", "ab", " "], limit: 4, seed: 9)
  let other = EnumerableModel(["a", "b", "ab", " "], limit: 4, seed: 10)

  private func mean(
    _ runs: Int = 500, _ run: (Seed) async throws -> Double
  ) async throws -> (mean: Double, error: Double) {
    var values: [Double] = []
    for number in 0..<runs { values.append(exp(try await run(Seed(7).split(number)))) }
    return estimate(values)
  }

  /// Words of at most two letters, guided rightly, wrongly or not at all.
  @Test(arguments: [0, 1, -1]) func conditionsHaveTheExactEvidence(guide: Double) async throws {
    let model = model
    @Sendable func holds(_ tokens: [TokenID]) -> Bool {
      model.vocabulary.text(of: tokens).split(separator: " ").allSatisfy { $0.count <= 2 }
    }
    let exact = model.texts().filter { holds($0.tokens) }.reduce(0) { $0 + exp($1.logProbability) }
    let program = ParticleProgram([TokenID]()) { particle in
      guard let token = try await particle.sample(model, after: particle.state) else { return particle.finish() }
      particle.state.append(token)
      particle.condition(holds(particle.state))
      particle.twist(token == 3 ? guide : 0)
    }
    let (mean, error) = try await mean { try await program.run(particles: 5, steps: 5, seed: $0).logEvidence }
    #expect(abs(mean - exact) < 4.5 * error, "\(mean) ± \(error), exact \(exact)")
  }

  @Test func intersectionsHaveTheExactEvidence() async throws {
    let (model, other) = (model, other)
    let others = Dictionary(uniqueKeysWithValues: other.texts().map { ($0.tokens, $0.logProbability) })
    let exact = model.texts().reduce(0) { $0 + exp($1.logProbability + (others[$1.tokens] ?? -.infinity)) }
    let program = ParticleProgram([TokenID]()) { particle in
      let token = try await particle.sample(model, after: particle.state)
      try await particle.observe(token, from: other, after: particle.state)
      guard let token else { return particle.finish() }
      particle.state.append(token)
    }
    let (mean, error) = try await mean { try await program.run(particles: 5, steps: 5, seed: $0).logEvidence }
    #expect(abs(mean - exact) < 4.5 * error, "\(mean) ± \(error), exact \(exact)")
  }

  @Test func whatDoesNotFinishHasNoWeight() async throws {
    let endless = ParticleProgram(0) { particle in particle.state += 1 }
    let posterior = try await endless.run(particles: 3, steps: 4, seed: Seed(1))
    #expect(posterior.logEvidence == -.infinity && posterior.weights == [0, 0, 0])
    #expect(posterior.finished == [false, false, false])
    await #expect(throws: TokenSteeringError.self) { try await endless.run(particles: 0, steps: 1, seed: Seed(1)) }
    for schedule in [Schedule.steps([]), .steps([5]), .effectiveSampleSize(below: 2)] {
      await #expect(throws: TokenSteeringError.self) {
        try await endless.run(particles: 2, steps: 4, schedule: schedule, seed: Seed(1))
      }
    }
    let bad = ParticleProgram(0) { particle in particle.weigh(by: .nan) }
    await #expect(throws: TokenSteeringError.self) { try await bad.run(particles: 2, steps: 2, seed: Seed(1)) }
  }

  @Test func equallyLikelyValuesComeInTheOrderOfTheirPlaces() async throws {
    let program = ParticleProgram(0) { particle in
      particle.state = particle.sample(below: 1_000_000)
      particle.finish()
    }
    let posterior = try await program.run(particles: 20, steps: 1, seed: Seed(1))
    #expect(posterior.distribution { $0 }.map(\.value) == posterior.states)
  }

  @Test func runsRepeatThemselves() async throws {
    let model = model
    let program = ParticleProgram([TokenID]()) { particle in
      guard let token = try await particle.sample(model, after: particle.state) else { return particle.finish() }
      particle.state.append(token)
      particle.weigh(by: Double(particle.sample(below: 5)))
    }
    let runs = try await (0..<2).asyncMap { _ in try await program.run(particles: 9, steps: 5, seed: Seed(3)) }
    #expect(runs[0].states == runs[1].states && runs[0].logWeights == runs[1].logWeights)
    #expect(runs[0].genealogy.isSound)
  }
}

extension Sequence {
  func asyncMap<T>(_ transform: (Element) async throws -> T) async rethrows -> [T] {
    var result: [T] = []
    for element in self { result.append(try await transform(element)) }
    return result
  }
}
