import Agents
import Foundation
import ParticleFilter
import Steering
import TestTraits
import Testing

@testable import AgentGym
@testable import CoxswainTesting

/// An episode and the sum of its rewards.
actor Walker {
  private var episode: any Episode
  private(set) var reward = 0.0

  init(_ world: AgentGym, _ task: Int) async throws {
    episode = try await world.begin("\(task)").episode
  }

  func take(_ action: String) async throws {
    var episode = episode
    let outcome: Outcome
    do { outcome = try await episode.step(.act(action)) } catch {
      self.episode = episode
      throw error
    }
    self.episode = episode
    reward += outcome.reward
  }

  func close() async { await episode.close() }
}

@Suite("Against a server of its own, with the wires of AgentGym's", .alone)
struct ToyServerTests {
  static let dialects: [Dialect] = [.sciworld, .textcraft, .webshop, .alfworld]

  @Test(arguments: dialects)
  func aWalkIsPaidInFullAndNothingIsLeftOpen(dialect: Dialect) async throws {
    try await ToyServer.with(dialect.name, dialect == .webshop ? "--no-close" : "--limit=0") { server in
      let openings = try await AgentGym.with(dialect, [server.url]) { world in
        var openings: [String] = []
        for _ in 0..<2 {
          var (episode, observation) = try await world.begin("\(dialect.name)-1")
          openings.append(observation.text)
          var outcomes: [Outcome] = []
          for action in ["north", "sing", "south", "north", "north", "north"] {
            outcomes.append(try await episode.step(.act(action)))
            if outcomes.last?.isDone == true { break }
          }
          #expect(outcomes.map(\.isDone) == [false, false, false, false, false, true])
          #expect(abs(outcomes.reduce(0) { $0 + $1.reward } - 1) < 1e-9)
          #expect(
            outcomes[1].isInvalid == !dialect.invalidPrefixes.isEmpty && !outcomes[0].isInvalid || dialect == .alfworld)
          let error = await #expect(throws: WorldError.self) { try await episode.step(.act("north")) }
          #expect(error?.kind == .diverged)
          await episode.close()
        }
        return openings
      }
      #expect(openings[0] == openings[1] && openings[0].contains("Walk to room 3."))
      let report = try await server.report()
      #expect(report.afterEnd == 0 && report.open == (dialect == .webshop ? 1 : 0))
      #expect(report.created == (dialect.episodesPerEnvironment == 1 ? 2 : 1))
    }
  }

  @Test func sciworldsObservationHasTheTaskBeforeTheView() async throws {
    try await ToyServer.with("sciworld") { server in
      try await AgentGym.with(.sciworld, [server.url]) { world in
        var (episode, observation) = try await world.begin("sciworld-0")
        #expect(observation.text == "Walk to room 2.\n\nYou are in room 0." && observation.choices == nil)
        #expect(try await episode.step(.act("north")).reward == 0.5)
        // A wrong action ends the episode and takes back the rewards paid so far.
        let end = try await episode.step(.act("fall"))
        #expect(end.reward == -1.5 && end.isDone)
        await episode.close()
        let error = await #expect(throws: WorldError.self) { try await world.begin("sciworld-7") }
        #expect(
          error?.kind == .misconfigured && error?.message.contains("environment.tasks") == true,
          "\(error?.message ?? "")")
      }
      #expect(try await server.report().open == 0)
    }
  }

  @Test func choicesAreOfferedWhereTheDialectSaysSo() async throws {
    try await ToyServer.with("alfworld") { server in
      let dialect = try Dialect(basedOn: .alfworld, overrides: ["offersChoices": true])
      try await AgentGym.with(dialect, [server.url]) { world in
        var (episode, observation) = try await world.begin("alfworld-0")
        #expect(observation.choices == ["north", "look"])
        #expect(try await episode.step(.act("north")).observation.choices == ["north", "south", "look"])
        await episode.close()
      }
    }
  }

  @Test(arguments: dialects)
  func theCheckFindsNothingWrong(dialect: Dialect) async throws {
    try await ToyServer.with(dialect.name) { server in
      try await AgentGym.with(dialect, [server.url]) { world in
        let check = WorldCheck(world, actions: ["north", "south", "look"])
        let findings = try await check.run(world.tasks(in: .train))
        #expect(findings.allSatisfy { $0.verdict != .wrong }, "\(findings)")
        #expect(findings.contains { $0.name == "replay" && $0.verdict == .fine })
      }
    }
  }

  @Test(arguments: [Dialect.sciworld, .textcraft, .webshop])
  func aServerThatDiesAndComesBackIsReplayed(dialect: Dialect) async throws {
    // Task 2 has four rooms.
    try await ToyServer.with(dialect.name) { first in
      try await AgentGym.with(dialect, [first.url]) { world in
        let walkers = [try await Walker(world, 2), try await Walker(world, 2)]
        for _ in 0..<2 { for walker in walkers { try await walker.take("north") } }
        await first.die()
        try await ToyServer.with(dialect.name, port: first.port) { second in
          for _ in 0..<2 { for walker in walkers { try await walker.take("north") } }
          for walker in walkers { #expect(abs(await walker.reward - 1) < 1e-9) }
          await world.close()
          let report = try await second.report()
          #expect(report.afterEnd == 0 && report.steps == 8 && report.open == 0)
        }
      }
    }
  }

  @Test func severalServersAreOnePool() async throws {
    try await ToyServer.with("textcraft") { first in
      try await ToyServer.with("textcraft") { second in
        try await AgentGym.with(.textcraft, [first.url, second.url]) { world in
          var episodes: [any Episode] = []
          for number in 0..<6 { episodes.append(try await world.begin("textcraft-\(number)").episode) }
          let open = [try await first.report().open, try await second.report().open]
          #expect(open == [3, 3])
          for episode in episodes { await episode.close() }
        }
        let open = [try await first.report().open, try await second.report().open]
        #expect(open == [0, 0])
      }
    }
  }

  @Test func episodesOfAServerThatIsGoneGoOnElsewhere() async throws {
    try await ToyServer.with("sciworld") { stays in
      try await ToyServer.with("sciworld", "--die-at", "3") { goes in
        try await AgentGym.with(.sciworld, [goes.url, stays.url]) { world in
          let walker = try await Walker(world, 2)
          for _ in 0..<4 { try await walker.take("north") }
          #expect(abs(await walker.reward - 1) < 1e-9)
          #expect(await world.pool.fleet.servers[0].avoidedUntil != nil)
          #expect(try await stays.report().steps == 6 - 2)
        }
      }
      #expect(try await stays.report().open == 0)
    }
  }

  @Test func aFullServerGivesTheEnvironmentOfWhoeverWasIdleLongest() async throws {
    try await ToyServer.with("webshop", "--no-close", "--limit", "2") { server in
      try await AgentGym.with(.webshop, [server.url], environments: 2, limits: { $0.grace = .zero }) { world in
        var walkers: [Walker] = []
        for _ in 0..<5 { walkers.append(try await Walker(world, 1)) }
        for _ in 0..<3 { for walker in walkers { try await walker.take("north") } }
        for walker in walkers {
          #expect(await walker.reward == 1)
          await walker.close()
        }
      }
      let report = try await server.report()
      #expect(report.created == 2 && report.most == 2 && report.afterEnd == 0)
    }
  }

  @Test func aPopulationIsSteeredInIt() async throws {
    try await ToyServer.with("sciworld") { server in
      try await AgentGym.with(.sciworld, [server.url]) { world in
        let walker = ClosurePolicy("walker") { request in
          var generator = request.seed.generator()
          return PolicyResponse(["north", "south", "look"][generator.number(below: 3)])
        }
        let critic = ClosureCritic("rooms") { $0.rewardSoFar }
        let settings = SteeringSettings(particles: 6, temperature: 0.2, schedule: .steps([2, 4]), seed: 1)
        let outcome = try await Campaign(world: world, policy: walker, critic: critic, settings: settings)
          .run(world.tasks(in: .train))
        #expect(outcome.stopped == nil && outcome.results.count == 3)
        #expect(outcome.results.allSatisfy { $0.replayMismatches == 0 && $0.failedParticles == 0 })
      }
      let report = try await server.report()
      #expect(report.open == 0 && report.afterEnd == 0 && report.resets > report.created)
    }
  }

  @Test func whatIsCancelledIsClosedToo() async throws {
    try await ToyServer.with("textcraft") { server in
      try await AgentGym.with(.textcraft, [server.url], concurrency: 2) { world in
        let tasks = (0..<20).map { number in Task { try await world.begin("textcraft-\(number)").episode } }
        _ = try await tasks[0].value
        for task in tasks { task.cancel() }
        for task in tasks { if let episode = try? await task.value { await episode.close() } }
      }
      #expect(try await server.report().open == 0)
    }
  }

  @Test(arguments: [
    ("textcraft", Dialect.sciworld), ("sciworld", .textcraft), ("sciworld", .webshop), ("webshop", .sciworld),
    ("sciworld", .alfworld), ("webshop", .textcraft), ("alfworld", .sciworld),
  ])
  func aWrongDialectIsSaidWithTheRightOne(served: String, spoken: Dialect) async throws {
    try await ToyServer.with(served) { server in
      try await AgentGym.with(spoken, [server.url]) { world in
        let error = await #expect(throws: WorldError.self) { try await world.begin("0") }
        #expect(error?.kind == .misconfigured)
        #expect(
          error?.message.contains("environment.dialect is \(spoken.name)") == true
            && error?.message.contains("That looks like \(served)") == true, "\(error?.message ?? "")")
      }
    }
  }
}
