import Agents
import CoxswainTesting
import Testing
import WorldKit

@Suite("Doubles")
struct DoublesTests {
  private static let outcomes = (1...4).map { Outcome(Observation("\($0)"), reward: 0.25, isDone: $0 == 4) }
  private static let world = ScriptedWorld(outcomes: outcomes, maximalReward: 1)

  private static func request(step: Int) -> PolicyRequest {
    let key = CallKey(run: "test", task: "a", particle: 0, step: step)
    return PolicyRequest(transcript: Transcript(), seed: Seed(0), key: key)
  }

  @Test func aScriptedWorldFollowsItsScript() async throws {
    let task = try Self.world.task("test-1")
    #expect(task.stepLimit == 4)
    var (episode, opening) = try await Self.world.begin(task)
    #expect(opening.text == "start")
    for outcome in Self.outcomes { #expect(try await episode.step(.act("x")) == outcome) }
    let error = await #expect(throws: WorldError.self) { try await episode.step(.act("x")) }
    #expect(error?.kind == .diverged)
    #expect(throws: WorldError.self) { try Self.world.task("nowhere") }
  }

  @Test func aWorldThatIsAValueIsCopied() async throws {
    let world = ScriptedWorld(stepLimit: 9, state: 0) { (sum: inout Int, action) in
      sum += Int(action.text) ?? 0
      return Outcome(Observation("\(sum)"), isInvalid: Int(action.text) == nil)
    }
    var (episode, _) = try await world.begin(try world.task("train-0"))
    _ = try await episode.step(.act("3"))
    var copy = try #require(try await episode.fork())
    _ = try await episode.step(.act("4"))
    #expect(try await copy.step(.act("1")).observation.text == "4")
  }

  @Test func aPolicyFailsAsOftenAsItIsTold() async throws {
    let policy = FailingPolicy(ClosurePolicy.scripted(["a", "b"]), failures: 2)
    #expect(policy.identity == "scripted")
    for _ in 0..<2 {
      let error = await #expect(throws: PolicyError.self) { try await policy.respond(to: Self.request(step: 1)) }
      #expect(error?.isRetryable == true)
    }
    #expect(try await policy.respond(to: Self.request(step: 1)).text == "b")
  }

  @Test func anEpisodeThatLostItsConnectionStaysLost() async throws {
    let world = UnreliableWorld(Self.world, losingSteps: [2])
    var (episode, _) = try await world.begin(try world.task("train-0"))
    _ = try await episode.step(.act("x"))
    for _ in 0..<2 {
      let error = await #expect(throws: WorldError.self) { try await episode.step(.act("x")) }
      #expect(error?.isLoss == true)
    }
    await #expect(throws: WorldError.self) { try await episode.fork() }
  }

  @Test func aLostConnectionIsRecoveredFrom() async throws {
    let world = UnreliableWorld(Self.world, losingSteps: [3])
    var (episode, _) = try await RecoveringEpisode.begin { () async throws(WorldError) in
      try await world.begin(try world.task("train-0"))
    }
    for outcome in Self.outcomes { #expect(try await episode.step(.act("x")) == outcome) }
    #expect(episode.recoveryMismatches == 0)
  }
}
