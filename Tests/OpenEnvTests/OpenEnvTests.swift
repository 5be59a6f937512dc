import Agents
import Foundation
import ParticleFilter
import Steering
import TestSupport
import TestTraits
import Testing

@testable import CoxswainTesting
@testable import OpenEnv

@Suite("OpenEnv, against the servers of PyPI's openenv-core", .alone, .enabled(if: WorldServer.isThere))
struct OpenEnvTests {
  static func world(_ server: ChildServer, _ change: (inout OpenEnv.Settings) -> Void = { _ in }) async throws
    -> OpenEnv
  {
    var settings = OpenEnv.Settings(urls: [server.url], timeout: 300)
    change(&settings)
    return try await OpenEnv(settings, splits: try TaskSplits([.train: Array(0..<4), .test: [7]]))
  }

  /// Goes up, goes down or stops at random.
  static let rider = ClosurePolicy("rider") { request in
    var generator = request.seed.generator()
    return PolicyResponse(["up", "up", "up", "down", "roll", "stop", "nonsense"][generator.number(below: 7)])
  }

  static let noise = ClosureCritic("noise") { state in
    var generator = Seed(3).split(state.actions.joined()).generator()
    return generator.uniform()
  }

  @Test func aTaskIsASeedAndAnEpisodeIsPlayed() async throws {
    try await WorldServer.with { server in
      let world = try await Self.world(server) { $0.maximalReward = 2 }
      #expect(
        world.identity.kind == "openenv"
          && world.identity.rules.hasPrefix("Lift 2; 30 steps; observations as text; prompt"))
      #expect(!world.identity.rules.contains("127.0.0.1") && world.maximalReward == 2)
      #expect(try world.tasks(in: .train).map(\.id) == ["seed-0", "seed-1", "seed-2", "seed-3"])
      for wrong in ["17", "seed-", "seed--1", "seed-01", "seed-x"] {
        #expect(throws: WorldError.self) { try world.task(TaskID(wrong)) }
      }
      let task = try world.task("seed-16")
      #expect(task.request == "" && task.stepLimit == 30)
      var (episode, first) = try await world.begin(task)
      #expect(first.text == "You are on floor 0. Go to floor 4." && first.choices == nil)
      #expect(try await episode.fork() == nil)
      // Rewards that are null, true or NaN (which this server writes as null).
      #expect(try await episode.step(.act("up")) == Outcome(Observation("You are on floor 1.")))
      #expect(try await episode.step(.act("wish")).reward == 1)
      #expect(try await episode.step(.act("nan")).reward == 0)
      let raised = try await episode.step(.act("break"))
      #expect(raised.isInvalid && raised.observation.text.contains("the lift is stuck"))
      let empty = try await episode.step(.act(""))
      #expect(empty.isInvalid && empty.observation.text.contains("at least 1 character"), "\(empty)")
      for _ in 0..<3 { _ = try await episode.step(.act("up")) }
      #expect(try await episode.step(.act("stop")) == Outcome(Observation("The doors open."), reward: 1, isDone: true))
      await #expect { try await episode.step(.act("up")) } throws: { ($0 as? WorldError)?.kind == .diverged }
      await episode.close()
      await world.close()
    }
  }

  @Test func resetParametersReachTheWorldAndLongAnswersCome() async throws {
    try await WorldServer.with { server in
      let world = try await Self.world(server) { $0.reset = ["height": .integer(1)] }
      #expect(world.identity.rules.contains(#"reset {"height":1}"#))
      var (episode, _) = try await world.begin(try world.task("seed-0"))
      for _ in 0..<3 { _ = try await episode.step(.act("up")) }
      #expect(try await episode.step(.act("look")).observation.text == "You are on floor 1.")
      #expect(try await episode.step(.act("talk 3000000")).observation.text.count == 3_000_000)
      await #expect { try await episode.step(.act("talk 5000000")) } throws: {
        ($0 as? WorldError)?.kind == .unavailable && "\($0)".contains("more than 4096 KB")
      }
      await world.close()
    }
  }

  @Test func listedValuesAreChoicesAndFieldsAreShown() async throws {
    try await WorldServer.with("walker", capacity: 2) { server in
      let world = try await Self.world(server)
      let task = try world.task("seed-0")
      var (episode, first) = try await world.begin(task)
      #expect(first == Observation("view: []\nx: 0\ny: 0", choices: ["north", "east"]))
      #expect(world.tools(for: task)?.first?.parameters.first?.choices == ["north", "east"])
      let outcome = try await episode.step(.act("north"))
      #expect(outcome.observation.text == "view: [\"a tree\"]\nx: 0\ny: 1" && outcome.reward == 0.5)
      let one = try await Self.world(server) { $0.observationField = "y" }
      #expect(try await one.begin(task).observation.text == "0")
      await one.close()
      let json = try await Self.world(server) { $0.rendering = .json }
      #expect(try await json.begin(task).observation.text == #"{"view":[],"x":0,"y":0}"#)
      for world in [world, json] { await world.close() }
    }
  }

  @Test func severalPropertiesAreSentAsTheServerTakesThem() async throws {
    try await WorldServer.with("till") { server in
      let world = try await Self.world(server) { $0.action = ["gift": .flag(true)] }
      let task = try world.task("seed-0")
      var (episode, _) = try await world.begin(task)
      let bought = try await episode.step(.act(#"{"item": "tea", "count": 2}"#))
      #expect(bought.observation.text == "2 tea, gift True, note None" && bought.reward == 2)
      let called = try #require(world.tools(for: task)?.first?.action(["item": "milk", "count": "1"]))
      #expect(try await episode.step(.act(called)).observation.text == "1 milk, gift True, note None")
      // A constraint that only the server can check.
      let none = try await episode.step(.act(#"{"item": "tea", "count": 0}"#))
      #expect(none.isInvalid && none.observation.text.contains("greater than or equal to 1"), "\(none)")
      await world.close()
    }
  }

  @Test("Eight particles share the sessions that there are", arguments: [1, 3])
  func population(capacity: Int) async throws {
    try await WorldServer.with(capacity: capacity) { server in
      let world = try await Self.world(server) { $0.stepLimit = 6 }
      let settings = SteeringSettings(particles: 8, temperature: 0.2, schedule: .steps([2, 4]), seed: 1)
      let tasks = Array(try world.tasks(in: .train).prefix(2))
      let outcome = try await Campaign(world: world, policy: Self.rider, critic: Self.noise, settings: settings).run(
        tasks)
      #expect(outcome.stopped == nil && outcome.results.count == 2)
      #expect(outcome.results.reduce(0) { $0 + $1.genealogy.forks } > 0)
      #expect(outcome.results.allSatisfy { $0.replayMismatches == 0 && $0.failedParticles == 0 })
      await world.close()
    }
  }

  @Test func theCheckOfWorldsFindsNothingWrong() async throws {
    try await WorldServer.with { server in
      let world = try await Self.world(server) { $0.stepLimit = 8 }
      let check = WorldCheck(world, actions: ["up", "down", "roll", "stop"])
      let findings = try await check.run(Array(try world.tasks(in: .train)))
      // There is a warning, since the lift ignores unknown words without an error.
      #expect(findings.allSatisfy { $0.verdict != .wrong }, "\(findings)")
      #expect(findings.contains { $0.name == "replay" && $0.verdict == .fine })
      await world.close()
    }
  }

  @Test func aServerThatIsKilledAndStartedAgainIsGoneOnWith() async throws {
    try await WorldServer.with { server in
      let world = try await Self.world(server)
      var (episode, _) = try await world.begin(try world.task("seed-16"))
      for _ in 0..<4 { _ = try await episode.step(.act("up")) }
      let before = try await episode.step(.act("roll"))
      server.kill()
      let open = episode
      let after = try await WorldServer.with(port: server.port) { _ in
        var (same, _) = try await world.begin(try world.task("seed-16"))
        for _ in 0..<4 { _ = try await same.step(.act("up")) }
        let again = try await same.step(.act("roll"))
        await same.close()
        var reopened = open
        let end = try await reopened.step(.act("stop"))
        await world.close()
        return (again, end)
      }
      #expect(after.0 == before)
      #expect(after.1.isDone && after.1.reward == 1)
    }
  }

  @Test func aWorldThatKillsItsServerIsTold() async throws {
    try await WorldServer.with { server in
      let world = try await Self.world(server) { $0.recoveryWait = 0.3 }
      var (episode, _) = try await world.begin(try world.task("seed-0"))
      await #expect { try await episode.step(.act("die")) } throws: {
        ($0 as? WorldError)?.kind == .unavailable && "\($0)".contains("start the server")
      }
      await world.close()
    }
  }

  @Test func aWorldThatDoesNotFollowItsSeedDiverges() async throws {
    try await WorldServer.with { server in
      let world = try await Self.world(server)
      var (one, _) = try await world.begin(try world.task("seed-0"))
      _ = try await one.step(.act("chance"))
      // Occupies the only session.
      _ = try await world.begin(try world.task("seed-1"))
      await #expect { try await one.step(.act("up")) } throws: { ($0 as? WorldError)?.kind == .diverged }
      await world.close()
    }
  }

  @Test func whatOthersHoldIsWaitedFor() async throws {
    try await WorldServer.with { server in
      let holder = try await Self.world(server)
      let (held, _) = try await holder.begin(try holder.task("seed-0"))
      let impatient = try await Self.world(server) { $0.capacityWait = 0.3 }
      await #expect { _ = try await impatient.begin(try impatient.task("seed-1")) } throws: {
        ($0 as? WorldError)?.kind == .unavailable && "\($0)".contains("CAPACITY_REACHED")
      }
      await impatient.close()
      let patient = try await Self.world(server)
      let task = Task { try await patient.begin(try patient.task("seed-1")).observation }
      await held.close()
      #expect(try await task.value.text.hasPrefix("You are on floor 0."))
      for world in [holder, patient] { await world.close() }
    }
  }

  @Test func aWorldThatHangsIsGivenUp() async throws {
    try await WorldServer.with(capacity: 4) { server in
      let world = try await Self.world(server) { $0.timeout = 10 }
      var (episode, _) = try await world.begin(try world.task("seed-0"))
      await #expect { try await episode.step(.act("sleep 60")) } throws: {
        ($0 as? WorldError)?.kind == .unavailable && "\($0)".contains("within 10.0 s")
      }
      await world.close()
    }
  }
}
