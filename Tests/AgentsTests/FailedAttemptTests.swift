import Agents
import Foundation
import Testing

@Suite("Failed attempts")
struct FailedAttemptsTests {
  @Test("are counted by reason, the commonest first, with what to change")
  func counted() throws {
    let failures = [
      AttemptFailure(PolicyError(.contentRefused, "no")), AttemptFailure(PolicyError(.contextTooLong, "9,000 tokens")),
      AttemptFailure(WorldError(.unavailable, "it hung")), AttemptFailure(PolicyError(.contextTooLong, "more")),
    ]
    let failed = FailedAttempts(failures, tasks: 1)
    #expect(failed.count == 4 && failed.tasks == 1 && failed.reasons.map(\.count) == [2, 1, 1])
    let commonest = try #require(failed.reasons.first)
    #expect(commonest.reason == .contextTooLong && commonest.example == "9,000 tokens")
    #expect(commonest.remedy.contains("environment.history"))
    let text = failed.text(of: 6)
    #expect(
      text.hasPrefix(
        "4 of 6 attempts failed and are left out of all figures. 1 task has no reward. 2 failed because the prompt"))
    #expect(failed.text(of: 4).hasPrefix("All 4 attempts failed"))
    #expect(FailedAttempts.none.text(of: 3).isEmpty && FailedAttempts.none.sentences.isEmpty)

    let json = try #require(
      try JSONSerialization.jsonObject(with: JSONEncoder().encode(failed)) as? [String: Any])
    #expect(Set(json.keys) == ["count", "tasks", "reasons"])
    let reasons = try #require(json["reasons"] as? [[String: Any]])
    #expect(reasons[0]["reason"] as? String == "contextTooLong" && reasons[0]["count"] as? Int == 2)
    #expect(try JSONDecoder().decode(FailedAttempts.self, from: JSONEncoder().encode(failed)) == failed)
  }

  @Test("of several seeds are put together")
  func merged() {
    let one = FailedAttempts([AttemptFailure(.diverged, "a")], tasks: 0)
    let other = FailedAttempts([AttemptFailure(.diverged, "b"), AttemptFailure(.noAnswer, "c")], tasks: 1)
    let both = FailedAttempts(one.reasons + other.reasons, tasks: 1)
    #expect(both.count == 3 && both.reasons.map(\.reason) == [.diverged, .noAnswer] && both.reasons[0].example == "a")
  }

  @Test("say of every kind what happened and what to change", arguments: AttemptFailure.Kind.allCases)
  func words(kind: AttemptFailure.Kind) {
    #expect(!kind.clause.isEmpty && !kind.remedy.isEmpty)
  }
}

@Suite("What a reward can be")
struct RewardTests {
  private struct Sums: World {
    var maximalReward: Double?
    let identity = WorldIdentity(kind: "w")
    func tasks(in split: Split) -> [AgentTask] { [] }
    func task(_ id: TaskID) -> AgentTask { AgentTask(id: id, request: "", stepLimit: 9) }
    func begin(_ task: AgentTask) -> (episode: any Episode, observation: Observation) {
      (ClosureEpisode(state: 0) { _, _ in Outcome(Observation("")) }, Observation(""))
    }
  }

  private func problem(_ paid: Double, before: Double = 0, maximum: Double? = 1) -> String? {
    let world = Sums(maximalReward: maximum)
    var trajectory = Trajectory(task: world.task("t"), opening: Observation(""))
    trajectory.append(Step(response: "", action: .act("a"), outcome: Outcome(Observation(""), reward: before)))
    do throws(WorldError) {
      try world.check(Outcome(Observation(""), reward: paid), after: trajectory)
      return nil
    } catch {
      #expect(error.kind == .badReward)
      return error.message
    }
  }

  @Test("is a finite number of at most a billion", arguments: [.nan, .infinity, -.infinity, 1e308, -1e308, 1.1e9])
  func absurd(reward: Double) {
    for maximum in [nil, 1.0] { #expect(problem(reward, maximum: maximum)?.contains("step 2 of task t") == true) }
  }

  @Test("is with what was paid before at most the maximum that the world states, but for rounding")
  func maximum() {
    #expect(problem(0.6, before: 0.5)?.contains("above the maximal reward of 1.0") == true)
    #expect(problem(0.5, before: 0.5) == nil && problem(0.1 + 0.2, before: 0.7 + 1e-9) == nil)
    #expect(problem(-100, before: 0.5) == nil && problem(7, maximum: nil) == nil)
  }
}
