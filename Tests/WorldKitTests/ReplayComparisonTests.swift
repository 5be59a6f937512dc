import Agents
import Testing
import WorldKit

private let recorded = Outcome(Observation("a cup, a bowl"), reward: 0.3)

private let steps: [(replayed: Outcome, verdict: ReplayComparison.Verdict, mismatches: Int)] = [
  (recorded, .same, 0),
  (Outcome(Observation("a bowl, a cup"), reward: 0.1 + 0.2), .differsInText, 1),
  (Outcome(Observation("a cup, a bowl"), reward: 0.4), .diverges, 0),
  (Outcome(Observation("nothing"), reward: 0.3, isDone: true), .diverges, 1),
  (Outcome(Observation("a cup, a bowl"), reward: .nan), .diverges, 0),
]

private let openings: [(text: String, verdict: ReplayComparison.Verdict, mismatches: Int)] = [
  ("a cup, a bowl,", .same, 0), ("a bowl, a cup,", .differsInText, 1), ("a hat", .diverges, 1),
]

@Suite("A replay beside its record")
struct ReplayComparisonTests {
  @Test(arguments: steps)
  func step(replayed: Outcome, verdict: ReplayComparison.Verdict, mismatches: Int) {
    var comparison = ReplayComparison()
    #expect(comparison.compare(replayed, with: recorded) == verdict)
    #expect(comparison.mismatches == mismatches)
  }

  @Test(arguments: openings)
  func opening(text: String, verdict: ReplayComparison.Verdict, mismatches: Int) {
    var comparison = ReplayComparison()
    #expect(comparison.compare(opening: Observation(text), with: Observation("a cup, a bowl,")) == verdict)
    #expect(comparison.mismatches == mismatches)
  }

  @Test func aToleranceOfNothing() {
    var comparison = ReplayComparison(tolerance: 0)
    #expect(
      comparison.compare(Outcome(Observation("x"), reward: 0.1 + 0.2), with: Outcome(Observation("x"), reward: 0.3))
        == .diverges)
  }

  @Test func aReplayEndsAtTheFirstStepThatDiverges() async throws {
    let steps = (1...4).map { number in
      (action: Action.act("go"), outcome: Outcome(Observation("\(number)"), reward: number == 3 ? 1 : 0))
    }
    var episode: any Episode = ClosureEpisode(state: 0) { (count: inout Int, _) in
      count += 1
      return Outcome(Observation("step \(count)"))
    }
    var comparison = ReplayComparison()
    let divergence = try await comparison.replay(steps, in: &episode)
    #expect(divergence?.step == 3 && divergence?.replayed.reward == 0 && divergence?.recorded.reward == 1)
    #expect(comparison.mismatches == 3)
    #expect(try await episode.step(.act("go")).observation.text == "step 4")
  }
}
