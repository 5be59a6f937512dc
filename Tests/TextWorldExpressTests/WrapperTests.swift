import Agents
import Foundation
import JavaBridge
import Subprocess
import TestSupport
import Testing

@testable import TextWorldExpress

#if canImport(System)
  import System
#else
  import SystemPackage
#endif

extension SimulatorTests {
  /// What the package's own Python wrapper says.
  private struct Walk: Decodable {
    struct Step: Decodable {
      let action: String
      let observation: String
      let reward: Double
      let isDone: Bool
      let choices: [String]

      init(from decoder: any Decoder) throws {
        var list = try decoder.unkeyedContainer()
        action = try list.decode(String.self)
        observation = try list.decode(String.self)
        reward = try list.decode(Double.self)
        isDone = try list.decode(Bool.self)
        choices = try list.decode([String].self)
      }
    }
    let steps: [Step]
  }

  @Test("Random walks agree with the package's Python wrapper, in all eight games", .timeLimit(.minutes(10)))
  func wrapper() async throws {
    struct Case: Encodable {
      let (game, parameters, fold, seed): (TextGame, String, GameFold, Int)
      func encode(to encoder: any Encoder) throws {
        var list = encoder.unkeyedContainer()
        try list.encode(game.rawValue)
        try list.encode(parameters)
        try list.encode(fold.rawValue)
        try list.encode(seed)
      }
    }
    let cases = TextGame.allCases.flatMap { game in
      GameFold.allCases.flatMap { fold in
        Set([game.easy, ""]).sorted().map { parameters in
          Case(game: game, parameters: parameters, fold: fold, seed: fold.seeds.lowerBound + 31)
        }
      }
    }
    let script = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "walk.py").path
    let input = String(decoding: try JSONEncoder().encode(cases), as: UTF8.self)
    let result = try await Subprocess.run(
      .path(FilePath(ChildServer.python)), arguments: [script, "30", input], output: .string(limit: 1 << 24),
      error: .string(limit: 4_096))
    let lines = result.standardOutput.split(separator: "\n")
    let walks = try lines.map { try JSONDecoder().decode(Walk.self, from: Data($0.utf8)) }
    try #require(walks.count == cases.count, "\(result.standardError)")
    var count = 0
    try await SimulatorPool.with(settings(memory: 128)) { pool in
      for (walk, example) in zip(walks, cases) {
        let world = try TextWorldExpress(
          pool: pool, game: example.game, parameters: example.parameters, hiddenActions: [])
        let id = TaskID("\(example.fold.rawValue)-\(example.seed)")
        let outcomes = try await world.play(walk.steps.map(\.action), id).outcomes
        #expect(outcomes.count == walk.steps.count)
        for (own, theirs) in zip(outcomes, walk.steps) {
          #expect(own.observation.text == String(theirs.observation.trimmed))
          #expect(own.observation.choices == theirs.choices)
          #expect(own.reward == theirs.reward && own.isDone == theirs.isDone)
          count += 1
        }
      }
    }
    #expect(count > 600, "\(count) steps")
  }
}
