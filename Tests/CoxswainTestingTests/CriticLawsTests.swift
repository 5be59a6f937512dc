import Agents
import CoxswainTesting
import Testing

/// A critic made from a closure over all states of one question.
private struct BatchCritic: Critic {
  var name: @Sendable () -> String = { "batch" }
  let body: @Sendable ([CriticState]) -> [ReturnDistribution?]

  var identity: String { name() }

  func returnsToGo(from states: [CriticState]) -> [ReturnDistribution?] { body(states) }

  static func value(_ state: CriticState) -> Double { Double(state.step) / 8 + Double(state.request.utf8.count) / 100 }
  static func values(_ states: [CriticState]) -> [ReturnDistribution?] { states.map { .point(value($0)) } }
}

@Suite("The laws of critics")
struct CriticLawsTests {
  private func broken(_ critic: any Critic, maximalReward: Double? = nil) async throws -> [String] {
    let error = await #expect(throws: BrokenLaws.self) {
      try await CriticLaws(critic, maximalReward: maximalReward).hold()
    }
    return error?.findings.map(\.name) ?? []
  }

  @Test func criticsThatKeepThem() async throws {
    try await CriticLaws(BatchCritic(body: BatchCritic.values), maximalReward: 1).hold()
    try await CriticLaws(ConstantCritic()).hold()
    try await CriticLaws(ClosureCritic("steps") { Double($0.step) }).hold()
    let spread = ReturnDistribution(returns: [0, 0.5, 1], probabilities: [1, 2, 1])
    try await CriticLaws(ConstantCritic(spread)).hold()
  }

  @Test func statesOfAWorld() async throws {
    let world = ScriptedWorld(outcomes: [
      Outcome(Observation("warm")), Outcome(Observation("hot"), reward: 1, isDone: true),
    ])
    let critic = ClosureCritic.lookup(["start": 0.5, "warm": 1])
    let laws = CriticLaws(critic, on: try await WorldLaws(world).trajectories(), maximalReward: 1)
    try await laws.hold()
    // Six attempts of two steps each. Their finished states are not asked about.
    #expect(try await laws.counts().detail == "one value for each of 12 states")
    #expect(try await laws.distributions().detail.hasPrefix("finite"))
    let blind = CriticLaws(ClosureCritic.lookup([:]), on: try await WorldLaws(world).trajectories())
    #expect(try await blind.distributions().verdict == .warning)
  }

  @Test func aValueTooFewOrTooMany() async throws {
    #expect(try await broken(BatchCritic { Array(BatchCritic.values($0).dropLast()) }) == ["counts"])
    #expect(try await broken(BatchCritic { BatchCritic.values($0) + [nil] }) == ["counts"])
  }

  @Test(
    "What is no distribution, or swamps the rewards",
    arguments: [
      ReturnDistribution(returns: [0, 1], probabilities: [-1, 3]), .point(.nan), .point(.infinity), .point(1e12),
      ReturnDistribution(returns: [0, .nan], probabilities: [1, 1]),
    ])
  func distributions(value: ReturnDistribution) async throws {
    #expect(try await broken(ConstantCritic(value), maximalReward: 1).contains("distributions"))
  }

  @Test func equalStatesThatDiffer() async throws {
    let moods = Moods()
    let drifting = BatchCritic { states in
      let mood = Double(moods.next())
      return states.map { _ in .point(mood) }
    }
    #expect(try await broken(drifting) == ["equal states", "batches"])
    // The values are the same in every question, but depend on the position in it.
    let placed = BatchCritic { states in states.indices.map { .point(Double($0)) } }
    #expect(try await broken(placed) == ["equal states", "batches"])
  }

  @Test func valuesThatDependOnTheOthers() async throws {
    let centred = BatchCritic { states in
      let mean = states.isEmpty ? 0 : states.map(BatchCritic.value).reduce(0, +) / Double(states.count)
      return states.map { .point(BatchCritic.value($0) - mean) }
    }
    #expect(try await broken(centred) == ["batches"])
    let sorted = BatchCritic { states in states.map(BatchCritic.value).sorted().map { .point($0) } }
    #expect(try await broken(sorted).contains("batches"))
  }

  @Test func anIdentityThatChanges() async throws {
    let moods = Moods()
    #expect(try await broken(BatchCritic(name: { "number \(moods.next())" }, body: BatchCritic.values)) == ["identity"])
    #expect(try await broken(BatchCritic(name: { "" }, body: BatchCritic.values)) == ["identity"])
  }

  @Test func roundingIsNoBreach() async throws {
    let moods = Moods()
    let rounded = BatchCritic { states in
      let noise = Double(moods.next()) * 1e-5
      return states.map { .point(BatchCritic.value($0) + noise) }
    }
    try await CriticLaws(rounded, tolerance: 1e-2).hold()
    #expect(try await broken(rounded).contains("equal states"))
  }

  @Test func anErrorIsABreach() async throws {
    struct Deaf: Critic {
      let identity = "deaf"
      func returnsToGo(from states: [CriticState]) throws(CriticError) -> [ReturnDistribution?] {
        throw CriticError(.failed, "nobody listens")
      }
    }
    #expect(try await broken(Deaf()) == ["errors"])
  }
}
