import Agents
import TestTraits
import Testing

@testable import AgentGym

/// agentenv-tool's servers, as `toy_server.py` has them.
@Suite("Movie and weather", .alone)
struct ToolServerTests {
  private static func walk(_ direction: String) -> Action {
    .act("walk with Action Input: {\"direction\": \"\(direction)\"}")
  }

  /// Task 0 is a walk of two rooms.
  @Test(
    "Calls are carried out, parts are paid once, and finish ends the attempt",
    arguments: [(Dialect.movie, [0.5, 0, 0.5, 0]), (.weather, [1, 0, 0, 0])])
  func calls(dialect: Dialect, rewards: [Double]) async throws {
    try await ToyServer.with(dialect.name) { server in
      try await AgentGym.with(dialect, [server.url]) { world in
        var (episode, opening) = try await world.begin(try world.task("0"))
        #expect(opening.text.contains("accomplish the goal: Walk to room 2."))
        let actions = [
          Self.walk("north"), Self.walk("south"), Self.walk("north"), Self.walk("north"),
          .act("finish with Action Input: {\"answer\": 2}"),
        ]
        var outcomes: [Outcome] = []
        for action in actions { outcomes.append(try await episode.step(action)) }
        await episode.close()
        #expect(outcomes.map(\.reward) == [rewards[0], 0, 0, rewards[2], 0])
        #expect(outcomes.map(\.isDone) == [false, false, false, false, true])
        #expect(!outcomes.contains { $0.isInvalid })
        #expect(outcomes[4].observation.text == "Observation: 2\nGive me one action.")
      }
      #expect(try await server.report().resets == 1)
    }
  }

  @Test("What is no call, or none that exists, is invalid", arguments: [Dialect.movie, .weather])
  func invalid(dialect: Dialect) async throws {
    try await ToyServer.with(dialect.name) { server in
      try await AgentGym.with(dialect, [server.url]) { world in
        var (episode, _) = try await world.begin(try world.task("1"))
        for action in ["north", "fly with Action Input: {}"] {
          let outcome = try await episode.step(.act(action))
          #expect(outcome.isInvalid && outcome.reward == 0 && !outcome.isDone, "\(outcome.observation.text)")
        }
        #expect(try await !episode.step(Self.walk("north")).isInvalid)
        await episode.close()
        // The next episode is played in the same environment, since it cannot be closed.
        let (next, _) = try await world.begin(try world.task("2"))
        await next.close()
      }
      let report = try await server.report()
      #expect(report.created == 1 && report.resets == 2)
    }
  }

  /// The server finds the name twice, and the second time by the prefix.
  @Test("Without the prefix the server carries nothing out")
  func prefix() async throws {
    let bare = try Dialect(basedOn: .movie, overrides: ["actionPrefix": ""])
    #expect(bare.summary == #"movie, actionPrefix: """#)
    try await ToyServer.with("movie") { server in
      try await AgentGym.with(bare, [server.url]) { world in
        var (episode, _) = try await world.begin(try world.task("0"))
        #expect(try await episode.step(Self.walk("north")).isInvalid)
        await episode.close()
      }
    }
  }

  @Test("The instructions name the servers' calls, and the tasks are the servers'")
  func facts() throws {
    let movie = try #require(Dialect.movie.prompting).instructions
    let weather = try #require(Dialect.weather.prompting).instructions
    for name in ["get_search_movie(movie_name)", "get_person_external_ids", "finish(answer)", "movie_id", "person_id"] {
      #expect(movie.contains(name))
    }
    for name in ["get_latitude_longitude(name)", "get_current_air_quality_index", "current_date", "finish(answer)"] {
      #expect(weather.contains(name))
    }
    #expect(Dialect.movie.taskCount == 238 && Dialect.weather.taskCount == 343)
  }

  @Test("The action of an answer in ReAct's form is the call")
  func react() {
    let answer = "Thought: I need its id.\n\nAction: get_search_movie with Action Input: {\"movie_name\": \"Scream 6\"}"
    #expect(
      ActionFormat.react.action(in: answer, choices: nil)
        == .act("get_search_movie with Action Input: {\"movie_name\": \"Scream 6\"}"))
  }
}
