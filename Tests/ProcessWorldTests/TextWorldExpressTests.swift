import Agents
import Foundation
import TestSupport
import Testing

@testable import ProcessWorld

/// The example `Examples/TextWorldExpress` with the PyPI package, which `make test` installs.
@Suite("TextWorldExpress over the process protocol", .enabled(if: isInstalled))
struct TextWorldExpressTests {
  private static let command = [
    ChildServer.python, ProcessWorldTests.root.appendingPathComponent("Examples/TextWorldExpress/world.py").path, "twc",
    "numLocations=1,numItemsToPutAway=2,includeDoors=0,limitInventorySize=0", "10",
  ]

  @Test(
    "Games differ, pay at most the maximum, and a copy goes on as the one it was copied from", .timeLimit(.minutes(10)))
  func plays() async throws {
    let world = try await ProcessWorldTests.world(Self.command, timeout: 120)
    #expect(world.maximalReward == 1)
    let tasks = Array(try world.tasks(in: .train).prefix(3))
    var openings: Set<String> = []
    var isPaid = false
    for task in tasks {
      var (episode, opening) = try await world.begin(task)
      openings.insert(opening.text)
      var generator = Seed(5).split(task.id.rawValue).generator()
      var (choices, total) = (try #require(opening.choices), 0.0)
      for step in 0..<10 {
        let action = Action.act(choices[generator.number(below: choices.count)])
        // Every other step is also taken in a copy.
        var copy = step.isMultiple(of: 2) ? try await episode.fork() : nil
        #expect((copy != nil) == step.isMultiple(of: 2))
        let outcome = try await episode.step(action)
        if copy != nil {
          #expect(try await copy?.step(action) == outcome)
          await copy?.close()
        }
        total += outcome.reward
        isPaid = isPaid || outcome.reward != 0
        #expect(total <= 1 && !outcome.isInvalid)
        if outcome.isDone { break }
        choices = try #require(outcome.observation.choices)
      }
      await episode.close()
    }
    await world.close()
    #expect(openings.count == tasks.count && isPaid)
  }
}

private let isInstalled: Bool = {
  let library = URL(fileURLWithPath: ChildServer.virtualEnvironment + "/lib")
  let folders = (try? FileManager.default.contentsOfDirectory(at: library, includingPropertiesForKeys: nil)) ?? []
  return folders.contains {
    FileManager.default.fileExists(atPath: $0.appendingPathComponent("site-packages/textworld_express").path)
  }
}()
