import Agents
import Foundation
import ParticleFilter
import Steering
import TestSupport
import TestTraits
import Testing

@testable import CoxswainTesting
@testable import ORS

/// A real server of PyPI's openreward with environments of `environments.py`.
private enum RewardServer {
  /// Whether the package is installed. Prints a message if it is not.
  static let isThere: Bool = {
    let python = ChildServer.python
    let check = "import importlib.util as u, structlog, opentelemetry.sdk; assert u.find_spec('openreward')"
    let isThere = FileManager.default.fileExists(atPath: python) && Places.run(python, ["-c", check]) == 0
    if !isThere { print("No openreward in \(ChildServer.virtualEnvironment): what is tested against it is left out.") }
    return isThere
  }()

  static func with<T: Sendable>(
    _ environments: String..., port: Int = 0, _ body: @Sendable (ChildServer) async throws -> T
  ) async throws -> T {
    try await ChildServer.with(["ORSTests/environments.py"] + environments + ["--port", "\(port)"], body)
  }
}

@Suite("Open Reward Standard, against the server of PyPI's openreward", .alone, .enabled(if: RewardServer.isThere))
struct ORSTests {
  private static func world(
    _ server: ChildServer, tasks: [Split: [Int]] = [.train: [0, 1, 2], .test: [0, 1]],
    _ change: (inout ORS.Settings) -> Void = { _ in }
  ) async throws -> ORS {
    var settings = ORS.Settings(urls: [server.url])
    settings.timeout = 300
    change(&settings)
    return try await ORS(settings, tasks: tasks)
  }

  private static func failure(_ body: () async throws -> Void) async -> WorldError? {
    do { try await body() } catch { return error as? WorldError }
    return nil
  }

  @Test func aTaskIsAnIndexAndAnAttemptIsPlayed() async throws {
    try await RewardServer.with("vault") { server in
      let world = try await Self.world(server) { $0.maximalReward = 1 }
      #expect(world.identity.kind == "ors" && world.maximalReward == 1)
      #expect(world.identity.rules.hasPrefix("vault; splits held-out, train; tools "), "\(world.identity)")
      #expect(!world.identity.rules.contains("127.0.0.1"))
      // "held-out" is the server's only split of the type "test".
      #expect(try world.tasks(in: .test).map(\.id) == ["held-out-0", "held-out-1"])
      #expect(try world.tasks(in: .validation).isEmpty)
      for wrong in ["17", "train-", "train--1", "train-01", "test-0"] {
        #expect(throws: WorldError.self) { try world.task(TaskID(wrong)) }
      }
      var (episode, first) = try await world.begin(try world.task("train-5"))
      #expect(first == Observation("Open vault 5.\n\nThe code is 1 2 3."))
      #expect(try await episode.fork() == nil)
      // An answer in several chunks.
      #expect(try await episode.step(.act("look")).observation.text.count > 5_000)
      let turned = try await episode.step(.act(#"turn {"dial": 1, "to": 1}"#))
      #expect(turned == Outcome(Observation("Click.\n\nNote: none."), reward: 0.5))
      let invalid = [
        Action.act(#"turn {"dial": 7, "to": 1}"#), .act("turn {}"), .act("open sesame"), .unparsable("Hm."),
      ]
      let words = ["less than or equal to 3", "Field required", "no tool \"open\"", "No call of a tool"]
      for (action, words) in zip(invalid, words) {
        let outcome = try await episode.step(action)
        #expect(outcome.isInvalid && outcome.reward == 0 && outcome.observation.text.contains(words), "\(outcome)")
      }
      #expect(try await episode.step(.act("whisper hello")).observation.text == "Echo: hello; 0 secrets, no judge.")
      _ = try await episode.step(.act("turn\ndial: 2\nto: 2\nnote: two"))
      let last = try await episode.step(.act(#"{"name": "turn", "arguments": {"dial": 3, "to": 3}}"#))
      #expect(last == Outcome(Observation("The vault opens."), reward: 0.5, isDone: true))
      #expect(await Self.failure { _ = try await episode.step(.act("look")) }?.kind == .diverged)
      await episode.close()
      await world.close()
    }
  }

  @Test func whatAServerHasNotIsSaidAtOnce() async throws {
    try await RewardServer.with("vault", "quiz") { server in
      let several = await Self.failure { _ = try await Self.world(server) }
      #expect(several?.message.contains("has the environments vault, quiz: write one as environment.name") == true)
      for (words, tasks, change) in [
        ("names task 10", [Split.train: [10]], { $0.environment = "Vault" }),
        ("no split \"validation\"; it has train, held-out", [.validation: [0]], { $0.environment = "vault" }),
        (
          "no split \"dev\"", [.train: [0]],
          {
            $0.splits = [.train: "dev"]
            $0.environment = "vault"
          }
        ),
        ("lists the task train-1 twice", [.train: [1, 1]], { $0.environment = "vault" }),
        ("environment.name is \"chess\"; ", [.train: [0]], { $0.environment = "chess" }),
      ] as [(String, [Split: [Int]], (inout ORS.Settings) -> Void)] {
        let error = await Self.failure { _ = try await Self.world(server, tasks: tasks, change) }
        #expect(error?.kind == .misconfigured && error?.message.contains(words) == true, "\(words): \(error as Any)")
      }
      let mapped = try await Self.world(server, tasks: [.validation: [1]]) {
        $0.environment = "vault"
        $0.splits = [.validation: "held-out"]
      }
      #expect(try mapped.tasks(in: .validation).map(\.id) == ["held-out-1"])
      await mapped.close()
    }
  }

  @Test func aMessageIsTheAnswerAndATaskHasTools() async throws {
    try await RewardServer.with("vault", "quiz") { server in
      let world = try await Self.world(server, tasks: [.train: [0, 1]]) {
        $0.environment = "quiz"
        $0.offersTaskTools = true
      }
      let task = try world.task("train-1")
      #expect(world.tools(for: task)?.map(\.name) == ["submit", "call_tool"])
      var (episode, first) = try await world.begin(task)
      #expect(first.text.hasPrefix("What is 3 + 1?\n\nThe tools of this task:\n\n- hint: A hint."), "\(first)")
      let call = try #require(world.tools(for: task)?.last?.action(["tool": "hint", "input": #"{"words": "psst"}"#]))
      #expect(try await episode.step(.act(call)).observation.text == "psst: more than 3.")
      #expect(try await episode.step(.act("4")) == Outcome(Observation("Thanks."), reward: 1, isDone: true))
      await episode.close()
      await world.close()
    }
  }

  @Test func anErrorOfTheEnvironmentEndsTheAttempt() async throws {
    try await RewardServer.with("vault") { server in
      let world = try await Self.world(server) { $0.secrets = ["judge": "a"] }
      let setup = await Self.failure { _ = try await world.begin(try world.task("train-9")) }
      #expect(setup?.kind == .failed && setup?.message.contains("the vault has no door") == true, "\(setup as Any)")
      var (episode, _) = try await world.begin(try world.task("train-0"))
      #expect(try await episode.step(.act("whisper x")).observation.text == "Echo: x; 1 secrets, a judge.")
      let picture = await Self.failure { _ = try await episode.step(.act("picture")) }
      #expect(picture?.kind == .misconfigured && picture?.message.contains("image/png") == true)
      let kicked = await Self.failure { _ = try await episode.step(.act("kick")) }
      #expect(kicked?.kind == .failed && kicked?.message.contains("the foot is broken") == true)
      await world.close()
      let noting = try await Self.world(server) { $0.images = .note }
      (episode, _) = try await noting.begin(try noting.task("train-0"))
      #expect(try await episode.step(.act("picture")).observation.text == "Here:\n\n[image/png left out]")
      // The other world's sessions are gone.
      #expect(try await episode.step(.act("count")).observation.text == "1")
      await noting.close()
    }
  }

  /// Turns dials at random, mostly to what is on the paper.
  private static let burglar = ClosurePolicy("burglar") { request in
    var generator = request.seed.generator()
    let dial = generator.number(below: 3) + 1
    return PolicyResponse(
      [
        "turn {\"dial\": \(dial), \"to\": \(generator.number(below: 4))}", "look", "pick the lock",
        "turn {\"dial\": 9, \"to\": 0}",
      ][max(0, generator.number(below: 12) - 8)])
  }

  private static let noise = ClosureCritic("noise") { state in
    var generator = Seed(3).split(state.actions.joined()).generator()
    return generator.uniform()
  }

  @Test func particlesAreClonedByReplay() async throws {
    try await RewardServer.with("vault") { server in
      let world = try await Self.world(server) { $0.stepLimit = 6 }
      let settings = SteeringSettings(particles: 8, temperature: 0.2, schedule: .steps([2, 4]), seed: 1)
      let campaign = Campaign(world: world, policy: Self.burglar, critic: Self.noise, settings: settings)
      let outcome = try await campaign.run(try world.tasks(in: .train))
      #expect(outcome.stopped == nil && outcome.results.count == 3)
      #expect(outcome.results.reduce(0) { $0 + $1.genealogy.forks } > 0)
      #expect(outcome.results.allSatisfy { $0.replayMismatches == 0 && $0.failedParticles == 0 })
      let (episode, _) = try await world.begin(try world.task("train-0"))
      var counting = episode
      #expect(try await counting.step(.act("count")).observation.text == "1")
      await world.close()
    }
  }

  @Test func theCheckOfWorldsFindsNothingWrong() async throws {
    try await RewardServer.with("vault") { server in
      let world = try await Self.world(server) { $0.stepLimit = 8 }
      let check = WorldCheck(
        world,
        actions: [
          "look", #"turn {"dial": 1, "to": 0}"#, #"turn {"dial": 2, "to": 2}"#, #"turn {"dial": 3, "to": 3}"#,
        ])
      let findings = try await check.run(try world.tasks(in: .train))
      #expect(findings.allSatisfy { $0.verdict != .wrong }, "\(findings)")
      #expect(findings.contains { $0.name == "replay" && $0.verdict == .fine })
      await world.close()
    }
  }

  @Test func aServerThatIsKilledAndStartedAgainIsGoneOnWith() async throws {
    try await RewardServer.with("vault") { server in
      let world = try await Self.world(server) { $0.recoveryWait = 60 }
      var (episode, _) = try await world.begin(try world.task("train-1"))
      #expect(try await episode.step(.act(#"turn {"dial": 1, "to": 1}"#)).reward == 0.5)
      server.kill()
      let open = episode
      let last = try await RewardServer.with("vault", port: server.port) { _ in
        var episode = open
        _ = try await episode.step(.act(#"turn {"dial": 2, "to": 2}"#))
        let last = try await episode.step(.act(#"turn {"dial": 3, "to": 3}"#))
        await world.close()
        return last
      }
      #expect(last.isDone && last.reward == 0.5)
    }
  }

  @Test func aCallThatKillsItsServerIsTold() async throws {
    try await RewardServer.with("vault") { server in
      let world = try await Self.world(server) { $0.recoveryWait = 0.3 }
      var (episode, _) = try await world.begin(try world.task("train-0"))
      let error = await Self.failure { _ = try await episode.step(.act("die")) }
      #expect(error?.kind == .unavailable && error?.message.contains("start the server") == true, "\(error as Any)")
      await world.close()
    }
  }

  @Test func aLongCallIsWaitedForAndALongerOneGivenUp() async throws {
    try await RewardServer.with("vault") { server in
      let world = try await Self.world(server) { $0.timeout = 5 }
      var (episode, _) = try await world.begin(try world.task("train-0"))
      #expect(try await episode.step(.act("wait 1.5")).observation.text == "Waited.")
      let error = await Self.failure { _ = try await episode.step(.act("wait 30")) }
      #expect(error?.kind == .unavailable && error?.message.contains("within 5 s") == true, "\(error as Any)")
      await world.close()
    }
  }
}
