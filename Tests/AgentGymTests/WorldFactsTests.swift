import Agents
import Foundation
import TestSupport
import Testing

@testable import AgentGym

@Suite("What AgentGym's worlds are like")
struct WorldFactsTests {
  @Test func babyAIIsToldTheActionsThatItsServerTakes() throws {
    let instructions = try #require(Dialect.babyai.prompting).instructions
    #expect(instructions.contains("pickup OBJECT NUMBER") && !instructions.contains("pick up"))
  }

  @Test func theLastGameOfTheMazeIsNone() throws {
    let settings = AgentGym.Settings(dialect: .maze, urls: ["http://127.0.0.1:1/maze"])
    let world = try AgentGym(settings, splits: TaskSplits([.test: [24]]), prompting: Prompting(""))
    #expect(world.tasks(in: .test).map(\.id) == ["maze-24"])
    #expect(throws: WorldError.self) { try world.task("maze-25") }
    let error = #expect(throws: WorldError.self) {
      try AgentGym(settings, splits: TaskSplits([.test: [25]]), prompting: Prompting(""))
    }
    #expect(error?.message.contains("maze has 25, numbered from 0") == true, "\(error?.message ?? "")")
  }

  /// The server is lost at the second step. After its restart it lists other recipes.
  @Test(arguments: [Dialect.textcraft, .sciworld])
  func aServerStartedAgainThatHashesOtherwiseIsTold(dialect: Dialect) async throws {
    let message = try await FaultTests.with(dialect) { _, place, count in
      switch (place, count) {
      case ("/", _): .answer(200, "\"\(dialect.greeting ?? "")\"")
      case ("/step", 1): .answer(200, #"{"observation": "Done.", "reward": 0, "score": 0, "done": false}"#)
      case ("/step", _): .answer(500, "\"crash\"")
      case ("/reset", _):
        .answer(200, #"{"task_description": "", "observation": "craft \#(count) stick", "done": false, "reward": 0}"#)
      default: nil
      }
    } _: { world, _ in
      var (episode, _) = try await world.begin("0")
      _ = try await episode.step(.act("go"))
      let error = await #expect(throws: WorldError.self) { try await episode.step(.act("go")) }
      await episode.close()
      #expect(error?.kind == .diverged)
      return error?.message ?? ""
    }
    #expect(message.contains("the task begins differently"), "\(message)")
    #expect(message.contains("PYTHONHASHSEED=0") == (dialect == .textcraft), "\(message)")
  }
}
