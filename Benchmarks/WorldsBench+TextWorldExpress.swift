import Agents
import Foundation
import JavaBridge
import TestSupport
import TextWorldExpress

/// TextWorldExpress' games, and the same actions with the package's own Python wrapper in the same run.
extension WorldsBench {
  private static let played: [(game: TextGame, parameters: String)] = [
    (.twc, "numLocations=1,numItemsToPutAway=2"),
    (.cookingworld, "numLocations=1,numIngredients=2,numDistractorItems=0,includeDoors=0,limitInventorySize=0"),
    (.mapreader, "numLocations=4,maxDistanceApart=2,maxDistractorItemsPerLocation=0"),
  ]

  static func textWorldExpress() async throws {
    let program = JavaProgram.textWorldExpress
    let jar = try program.findJar(in: [virtualEnvironment])
    print("textworld-express, solutions of 16 games, by its Python wrapper in the same run, loading not counted")
    print("game          steps/s   wrapper   times   MB an open episode")
    for (game, parameters) in played {
      let pool = try await SimulatorPool.open(
        .init(
          program, jar: jar, gateway: try program.findGateway(for: jar, in: []), java: try program.findJava(),
          processes: 1))
      let world = try TextWorldExpress(
        pool: pool, game: game, parameters: parameters, splits: TaskSplits([.train: Array(0..<16)]), stepLimit: 100)
      let tasks = try world.tasks(in: .train)
      var paths: [[String]] = []
      for task in tasks { paths.append(try await world.solution(of: task) ?? []) }
      // A warm-up round, since Java compiles code while it runs.
      _ = try await walk(world, tasks, paths, for: 5)
      let (steps, seconds) = try await walk(world, tasks, paths, for: 10)
      let each = try await memory(world, tasks, paths, episodes: 48)
      await world.close()
      let own = Double(steps) / seconds
      let wrapper = try await stepsPerSecond(game, parameters, paths)
      let name = game.rawValue.padding(toLength: 12, withPad: " ", startingAt: 0)
      print(
        "\(name)  \(Bench.text(own, 0))  \(Bench.text(wrapper, 0))  \(Bench.text(own / wrapper, 2))  \(Bench.text(each, 2))"
      )
    }
  }

  private static func stepsPerSecond(
    _ game: TextGame, _ parameters: String, _ paths: [[String]]
  ) async throws -> Double {
    let script = """
      import json, sys, time
      from textworld_express import TextWorldExpressEnv
      env = TextWorldExpressEnv(envStepLimit=1000000)
      game, parameters, paths = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
      env.load(game, parameters)
      def walk(limit):
          steps, seconds = 0, 0.0
          while seconds < limit:
              for seed, path in enumerate(paths):
                  env.reset(seed=seed, gameFold="train")
                  start = time.perf_counter()
                  for action in path:
                      env.step(action)
                      steps += 1
                  seconds += time.perf_counter() - start
                  if seconds >= limit: break
          return steps / seconds
      walk(5)
      print(walk(10))
      """
    let json = String(decoding: try JSONEncoder().encode(paths), as: UTF8.self)
    return try await wrapperFigure(script, game.rawValue, parameters, json)
  }
}
