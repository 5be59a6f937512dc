import Agents
import Foundation
import ParticleFilter
import RolloutStore
import Steering
import Synchronization
import TestSupport
import Testing

/// A critic that records its requests. It gives no value for states with exactly one 1.
final class CountingCritic: Critic {
  let identity: String
  private let failure: CriticError?
  private let log = Mutex<[[String]]>([])

  init(_ identity: String = "counting", failure: CriticError? = nil) {
    self.identity = identity
    self.failure = failure
  }

  var asked: [[String]] { log.withLock(\.self) }

  func returnsToGo(from states: [CriticState]) async throws(CriticError) -> [ReturnDistribution?] {
    log.withLock { $0.append(states.map(\.text)) }
    if let failure { throw failure }
    return states.map { state in
      let ones = state.actions.count { $0 == "1" }
      return ones == 1 ? nil : ReturnDistribution(returns: [Double(ones) / 3, 0.1], probabilities: [1, 2])
    }
  }
}

@Suite("A critic whose values are stored")
struct RecordedCriticTests {
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent("coxswain-\(UUID().uuidString)")

  func store() throws -> RolloutStore { try RolloutStore(path: folder.appendingPathComponent("s.sqlite").path) }

  static let world = ChainWorld().identity

  /// States after these actions.
  static func states(_ actions: String...) -> [CriticState] {
    actions.map { actions in
      CriticState(
        Trajectory(
          task: ChainWorld().task(number: 0), opening: Observation("start"),
          steps: actions.map {
            Step(response: "\($0)", action: .act("\($0)"), outcome: Outcome(Observation("next")))
          }))
    }
  }

  @Test("What is stored is not asked for again, a missing value neither, by another process neither")
  func asksOnce() async throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let base = CountingCritic()
    let first = try await RecordedCritic(base, store: store(), environment: Self.world)
      .returnsToGo(from: Self.states("", "1", "11", "1", ""))
    #expect(base.asked.map(\.count) == [3])
    #expect(first[1] == nil && first[3] == nil && first[0] == first[4] && first[0] != nil && first[0] != first[2])

    let again = CountingCritic()
    let recorded = RecordedCritic(again, store: try store(), environment: Self.world)
    #expect(recorded.identity == base.identity)
    #expect(try await recorded.returnsToGo(from: Self.states("", "1", "11", "1", "")) == first)
    #expect(again.asked.isEmpty)
    // Only new states, and in one batch.
    let more = try await recorded.returnsToGo(from: Self.states("111", "11", "10", "01"))
    #expect(again.asked == [Self.states("111", "10", "01").map(\.text)])
    #expect(more[1] == first[2] && more[2] == nil)
  }

  @Test("The values of another critic are not taken for its own")
  func anotherCritic() async throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let store = try store()
    for name in ["one", "another"] {
      let base = CountingCritic(name)
      _ = try await RecordedCritic(base, store: store, environment: Self.world).returnsToGo(from: Self.states("", "1"))
      #expect(base.asked.map(\.count) == [2])
    }
  }

  @Test("A failure is not stored, and stays what it is")
  func failures() async throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let store = try store()
    for kind in [CriticError.Kind.limitReached, .cancelled, .failed] {
      let failing = RecordedCritic(
        CountingCritic(failure: CriticError(kind, "why")), store: store, environment: Self.world)
      let error = await #expect(throws: CriticError.self) { try await failing.returnsToGo(from: Self.states("")) }
      #expect(error == CriticError(kind, "why"))
    }
    let base = CountingCritic()
    _ = try await RecordedCritic(base, store: store, environment: Self.world).returnsToGo(from: Self.states(""))
    #expect(base.asked.count == 1)
  }

  @Test("A stored text that is no value is asked for again, not believed", arguments: ["", "{}", "7", "broken"])
  func damaged(kind: String) async throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let store = try store()
    let state = Self.states("11")
    let base = CountingCritic()
    let recorded = RecordedCritic(base, store: store, environment: Self.world)
    let value = try await recorded.returnsToGo(from: state)
    let key = try await Self.key(of: state[0], critic: base.identity)
    let stored = try #require(try await store.answer(for: key))
    let text = kind == "broken" ? #"{"returns":[1],"probabilities":[0]}"# : kind
    try await store.record(
      AnswerRecord(key: key, promptDigest: stored.promptDigest, response: PolicyResponse(text), seconds: 0))
    #expect(try await recorded.returnsToGo(from: state) == value)
    #expect(base.asked.count == 2)
  }

  /// The documented key of a stored value, which other programs use too.
  static func key(of state: CriticState, critic: String) async throws -> CallKey {
    CallKey(run: digest("critic", critic), task: TaskID(digest(state.text)), particle: 0, step: 0)
  }

  static func digest(_ parts: String...) -> String {
    var digest = Digest()
    for part in parts { digest.add(part) }
    return digest.text
  }

  @Test("A store that cannot be written to ends the run, before the value is used")
  func cannotStore() async throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let base = CountingCritic()
    // JSON has no literal for infinity, so the value cannot be stored.
    let infinite = ClosureCritic("infinite", value: { _ in .infinity })
    let recorded = RecordedCritic(infinite, store: try store(), environment: Self.world)
    let error = await #expect(throws: CriticError.self) { try await recorded.returnsToGo(from: Self.states("")) }
    #expect(error?.kind == .failed && base.asked.isEmpty)
  }

  @Test("A campaign with stored values comes to the same, and its runs list no critic")
  func campaign() async throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let settings = SteeringSettings(particles: 6, temperature: 0.1, schedule: .effectiveSampleSize(below: 0.7), seed: 5)
    func weights(_ critic: any Critic, _ store: RolloutStore?) async throws -> [[Double]] {
      let campaign = Campaign(
        world: ChainWorld(rounds: 5), policy: ChainWorld.coin, critic: critic, settings: settings, store: store)
      return try await campaign.run((0..<4).map { ChainWorld(rounds: 5).task(number: $0) }).results.map {
        $0.particles.map(\.weight)
      }
    }
    let plain = try await weights(CountingCritic(), nil)
    let store = try store()
    let base = CountingCritic()
    #expect(try await weights(RecordedCritic(base, store: store, environment: Self.world), store) == plain)
    #expect(!base.asked.isEmpty)
    let again = CountingCritic()
    #expect(try await weights(RecordedCritic(again, store: store, environment: Self.world), store) == plain)
    #expect(again.asked.isEmpty)
    #expect(try await store.policies().map(\.identity) == ["coin"])
    #expect(try await store.runs().allSatisfy { $0.record.verb != "critic" })
  }

  @Test(
    "An end of the run in the critic is one of the campaign",
    arguments: [
      (CriticError.Kind.limitReached, SteeringError.Kind.limitReached), (.cancelled, .interrupted),
      (.storeFailed, .store), (.failed, .critic),
    ])
  func ends(kind: CriticError.Kind, expected: SteeringError.Kind) async throws {
    let campaign = Campaign(
      world: ChainWorld(rounds: 4), policy: ChainWorld.coin, critic: CountingCritic(failure: CriticError(kind, "why")),
      settings: SteeringSettings(particles: 2, schedule: .effectiveSampleSize(below: 0.5)))
    let outcome = try await campaign.run([ChainWorld(rounds: 4).task(number: 0)])
    #expect(outcome.stopped?.kind == expected && outcome.stopped?.message == "why")
  }
}
