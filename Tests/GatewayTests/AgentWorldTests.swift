import Agents
import Dialects
import Foundation
import Testing

@testable import Gateway

@Suite("An agent's own program as a world")
struct AgentWorldTests {
  let bench: Bench

  init() throws { bench = try Bench() }

  @Test("Its steps are its model calls: news as observations, answers as actions, its own score as reward")
  func plays() async throws {
    try await bench.with(chainProgram) { world in
      let trajectory = try await world.play("a", ["1", "0", "1", "1"])
      #expect(trajectory.opening.text == "start a")
      #expect(trajectory.steps.map(\.outcome.observation.text).prefix(3) == ["so far 1", "so far 10", "so far 101"])
      #expect(trajectory.isDone && trajectory.reward == 0.75)
      #expect(trajectory.actions == ["1", "0", "1", "1"])
      let question = try world.question(after: trajectory.prefix(2))
      #expect(question.body["messages"]?.items?.count == 6)
      #expect(world.tasks(in: .test).map(\.id) == ["a", "b"])
      #expect(CriticState(trajectory.prefix(1)).observation == "so far 1")
    }
  }

  @Test("A fork is the same program again, whose first questions are answered from the record")
  func forks() async throws {
    try await bench.with(chainProgram) { world in
      let trajectory = try await world.play("a", ["1", "0", "1", "1"])
      for length in 0...3 {
        var (episode, mismatches) = try await world.resume(trajectory.prefix(length), keepsDivergences: false)
        #expect(mismatches == 0)
        var last: Outcome?
        for _ in length..<4 { last = try await episode.step(.answer("1", inFull: nil)) }
        let kept = trajectory.actions.prefix(length).filter { $0 == "1" }.count
        #expect(last?.isDone == true && last?.reward == Double(kept + 4 - length) / 4)
        await episode.close()
      }
    }
  }
}
