import Agents
import Findings
import Foundation
import ParticleFilter
import RolloutStore
import TestSupport
import Testing

@testable import Steering

@Suite("The chosen trajectory of a population")
struct ChosenTests {
  static let task = AgentTask(id: "t", request: "go", stepLimit: 2)

  /// A trajectory with one step; `isDone` if it is finished.
  static func trajectory(_ action: String, reward: Double, isDone: Bool = true) -> Trajectory {
    Trajectory(
      task: task, opening: Observation("start"),
      steps: [
        Step(
          response: action, action: .act(action), outcome: Outcome(Observation("seen"), reward: reward, isDone: isDone))
      ])
  }

  static func result(
    _ attempts: [(reward: Double, weight: Double, isDone: Bool, hasFailed: Bool)], bank: [Double] = [],
    selection: Int? = nil, score: Double = 0
  ) -> PopulationResult {
    let failure = AttemptFailure(.environmentFailed, "lost")
    return PopulationResult(
      task: task,
      particles: attempts.enumerated().map { place, attempt in
        .init(
          trajectory: trajectory("a\(place)", reward: attempt.reward, isDone: attempt.isDone),
          failure: attempt.hasFailed ? failure : nil, logWeight: 0, weight: attempt.weight)
      },
      bank: bank.enumerated().map { .init(place: $0, trajectory: trajectory("bank\($0)", reward: $1)) },
      genealogy: Genealogy(count: attempts.count), softValue: 0,
      selection: selection.map { Selection(particle: $0, score: score) }, calls: 0, criticCalls: 0, usage: Usage(),
      wallSeconds: 0, criticalPathSeconds: 0, replayMismatches: 0,
      failures: attempts.filter(\.hasFailed).map { _ in failure })
  }

  static func settings(_ answer: Answer, verifier: Bool = true, method: Steering.Method = .amc) -> SteeringSettings {
    SteeringSettings(
      method: method, particles: 3, answer: answer, seed: 7, search: SearchSettings(hasVerifier: verifier))
  }

  @Test("With a verifier it is the best, culled and later ones included; of equals a finished one, then the first")
  func verifier() throws {
    var result = Self.result(
      [(1, 0.2, false, false), (0.5, 0.3, true, false), (1, 0.5, true, false)], bank: [0.25], selection: 1)
    var chosen = try #require(result.chosen(Self.settings(.search)))
    #expect(chosen.by == .verifier && chosen.trajectory.actions == ["a2"])
    result = Self.result([(0.5, 1, true, false), (0.5, 0, true, false)], bank: [0.75])
    chosen = try #require(result.chosen(Self.settings(.search)))
    #expect(chosen.trajectory.actions == ["bank0"] && chosen.trajectory.reward == result.rewardBest)
    result = result.followed(by: Self.result([(2, 1, true, false)]))
    #expect(result.chosen(Self.settings(.search))?.trajectory.reward == 2)
  }

  @Test("Without a verifier it is the critic's choice over all populations, and never the reward's")
  func critic() throws {
    var result = Self.result([(0, 0, true, false), (1, 1, true, false)], bank: [3], selection: 0, score: 0.5)
    var chosen = try #require(result.chosen(Self.settings(.search, verifier: false)))
    #expect(chosen.by == .critic && chosen.trajectory.actions == ["a0"])
    #expect(chosen.trajectory.reward == result.rewardSelected)
    result = result.followed(by: Self.result([(0.25, 1, true, false)], selection: 0, score: 0.75))
    chosen = try #require(result.chosen(Self.settings(.sample, verifier: false)))
    #expect(chosen.trajectory.reward == 0.25 && result.rewardSelected == 0.25)
  }

  @Test("Without both it is the first attempt that did not fail; without any attempt there is none, with a reason")
  func chance() throws {
    let result = Self.result([(5, 0, true, true), (0.25, 0.5, true, false), (1, 0.5, true, false)])
    let chosen = try #require(result.chosen(Self.settings(.search, verifier: false, method: .bestOf)))
    #expect(chosen.by == .chance && chosen.trajectory.actions == ["a1"])
    let lost = Self.result([(5, 0, true, true), (1, 0, true, true)])
    for answer in Answer.allCases {
      for verifier in [true, false] { #expect(lost.chosen(Self.settings(answer, verifier: verifier)) == nil) }
    }
    #expect(lost.failureText.contains("Every attempt failed. 2 failed because") && lost.failureText.contains("lost"))
  }

  @Test("A sample is drawn by the weights, the same every time; over seeds the shares are the weights'")
  func sample() throws {
    let result = Self.result([(0, 0.7, true, false), (1, 0.3, true, false), (2, 0, true, false), (3, 0.5, true, true)])
    var counts: [String: Int] = [:]
    for seed in 0..<2_000 {
      var settings = Self.settings(.sample)
      settings.seed = UInt64(seed)
      let chosen = try #require(result.chosen(settings))
      #expect(chosen.by == .sample)
      #expect(result.chosen(settings)?.trajectory.actions == chosen.trajectory.actions)
      counts[chosen.trajectory.actions[0], default: 0] += 1
    }
    // Four standard errors of a share of 0.7 in 2,000 draws are 0.041.
    #expect(abs(Double(counts["a0"] ?? 0) / 2_000 - 0.7) < 0.041)
    #expect(counts["a2"] == nil && counts["a3"] == nil)
    // A beam and a frontier search have no weights to draw by.
    #expect(result.chosen(Self.settings(.sample, method: .frontier))?.by == .verifier)
    #expect(result.chosen(Self.settings(.sample, method: .beam))?.by == .verifier)
  }

  @Test("A task's answer is beside its figures in the JSON, null without one, and absent unless asked for")
  func json() throws {
    let outcome = Campaign.Outcome(
      results: [Self.result([(1, 1, true, false)]), Self.result([(1, 0, true, true)])], stopped: nil, wallSeconds: 0,
      calls: 0, storedCalls: 0, usage: Usage())
    func summary(_ answer: (PopulationResult) -> ChosenAnswer?) -> MethodSummary {
      MethodSummary(
        outcome, settings: Self.settings(.search), pricing: Pricing(), maximalReward: 1, answer: answer)
    }
    let messages: [JSONValue] = [.object(["role": .text("user"), "content": .text("go")])]
    let whole = summary { result in
      result.chosen(Self.settings(.search)).map {
        ChosenAnswer("a\u{1B}0", kind: .action, selectedBy: $0.by, reward: 1, messages: messages)
      } ?? ChosenAnswer(failure: result.failureText)
    }
    let data = try JSONEncoder().encode(whole)
    let rows = try #require(
      (JSONSerialization.jsonObject(with: data) as? [String: Any])?["perTask"] as? [[String: Any]])
    #expect(rows[0]["answer"] as? String == "a\u{1B}0" && rows[0]["selectedBy"] as? String == "verifier")
    #expect(rows[0]["answerKind"] as? String == "action" && rows[0]["answerReward"] as? Double == 1)
    #expect((rows[0]["messages"] as? [[String: String]])?.first == ["role": "user", "content": "go"])
    #expect(rows[0]["rewardBest"] as? Double == 1 && rows[0]["noAnswer"] == nil)
    #expect(rows[1]["answer"] is NSNull && rows[1]["selectedBy"] is NSNull && rows[1]["messages"] == nil)
    #expect((rows[1]["noAnswer"] as? String)?.contains("lost") == true)
    let back = try JSONDecoder().decode(MethodSummary.self, from: data)
    #expect(back.perTask.map(\.chosen) == whole.perTask.map(\.chosen))
    #expect(back.perTask.map(\.cost) == whole.perTask.map(\.cost))
    let plain = try JSONEncoder().encode(summary { _ in nil })
    #expect(!String(decoding: plain, as: UTF8.self).contains("answer"))
    #expect(try JSONDecoder().decode(MethodSummary.self, from: plain).perTask.allSatisfy { $0.chosen == nil })
  }

  @Test("A resumed run chooses the same trajectories", arguments: Answer.allCases)
  func resume(answer: Answer) async throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("coxswain-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    let store = try RolloutStore(path: folder.appendingPathComponent("s.sqlite").path)
    let settings = SteeringSettings(
      particles: 6, temperature: 0.1, schedule: .effectiveSampleSize(below: 0.7), answer: answer, seed: 5)
    let tasks = ChainWorld().tasks(in: .test)
    func chosen(calls: Int?) async throws -> [String]? {
      let outcome = try await Campaign(
        world: ChainWorld(), policy: ChainWorld.coin, critic: ChainWorld.exactCritic, settings: settings, store: store,
        budget: Budget(limits: Limits(calls: calls))
      ).run(tasks)
      guard outcome.stopped == nil else { return nil }
      return outcome.results.map { result in
        result.chosen(settings).map { "\($0.by) \($0.trajectory.actions)" } ?? "none"
      }
    }
    #expect(try await chosen(calls: 100) == nil)
    let first = try #require(try await chosen(calls: nil))
    #expect(try await chosen(calls: nil) == first && first.count == tasks.count && !first.contains("none"))
  }
}
