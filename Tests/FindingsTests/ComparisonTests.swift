import Agents
import Foundation
import ParticleFilter
import Testing

@testable import Findings
@testable import Steering

@Suite("A comparison of variants: means over seeds, paired differences, intervals")
struct ComparisonTests {
  /// A variant at one seed with these best rewards by task. The mean reward of a task is half of its best, and the
  /// weighted mean is `weighted` times its best.
  static func summary(
    _ method: Steering.Method, particles: Int = 4, temperature: Double = 0.1, seed: UInt64 = 0, policy: String? = nil,
    rewards: [Double], weighted: Double = 0.5, stopped: String? = nil
  ) -> MethodSummary {
    let settings = SteeringSettings(
      method: method, particles: particles, temperature: temperature, schedule: .steps([1]), seed: seed)
    let empty = Campaign.Outcome(
      results: [], stopped: nil, wallSeconds: 2, calls: 10 * rewards.count, storedCalls: 0,
      usage: Usage(inputTokens: 100))
    var summary = MethodSummary(
      empty, settings: settings, pricing: Pricing(inputPerMillion: 1e6), maximalReward: 1, policy: policy)
    summary.tasks = rewards.count
    summary.rewardBest = MeanEstimate(rewards)
    summary.stopped = stopped
    summary.perTask = rewards.enumerated().map { number, reward in
      MethodSummary.TaskRow(
        task: TaskID("t\(number)"), rewardBest: reward, rewardMean: reward / 2, rewardWeighted: reward * weighted,
        rewardSelected: reward, softValue: 0, policyCalls: 10, inputTokens: 0, cachedInputTokens: 0, outputTokens: 0,
        reasoningTokens: 0, cost: 0.25)
    }
    return summary
  }

  static func isClose(_ a: Double?, _ b: Double) -> Bool { a.map { abs($0 - b) < 1e-12 } ?? false }

  @Test("Seeds are averaged within a task, and the standard error is over tasks")
  func seeds() throws {
    let comparison = Comparison(
      [
        Self.summary(.amc, seed: 3, rewards: [1, 0, 0.5]), Self.summary(.amc, seed: 9, rewards: [0, 0, 1]),
      ], maximalReward: 1)
    #expect(comparison.methods.count == 1)
    let amc = try #require(comparison.methods.first)
    #expect(amc.seeds == [3, 9] && amc.tasks == 3)
    #expect(amc.perTask.map(\.rewardBest) == [0.5, 0, 0.75])
    // 0.5, 0 and 0.75: mean 5/12, s² = (1/144 + 25/144 + 16/144)/2 = 42/288, se = √(42/288/3).
    #expect(Self.isClose(amc.rewardBest.mean, 5.0 / 12))
    #expect(Self.isClose(amc.rewardBest.se, (42.0 / 288 / 3).squareRoot()))
    // Solved at one of two seeds: 0.5, 0, 0.5.
    #expect(Self.isClose(amc.solvedBest?.mean, 1.0 / 3))
    // Counts are summed over seeds.
    #expect(amc.policyCalls == 60 && amc.inputTokens == 200 && amc.wallSeconds == 4 && amc.cost == 200)
    #expect(amc.perTask.map(\.policyCalls) == [20, 20, 20])
  }

  @Test("A difference is paired by task and by seed, with 1.96 standard errors either side")
  func differences() throws {
    let comparison = Comparison(
      [
        Self.summary(.single, particles: 1, seed: 0, rewards: [0, 0, 0, 0]),
        Self.summary(.bestOf, seed: 0, rewards: [0, 0.5, 0.5, 1]),
        Self.summary(.bestOf, seed: 1, rewards: [0.5, 0.5, 0, 1]),
        Self.summary(.amc, seed: 0, rewards: [0.5, 0.5, 1, 1]),
        Self.summary(.amc, seed: 1, rewards: [0.5, 1, 0.5, 1]),
        Self.summary(.beam, seed: 1, rewards: [1, 1, 1, 1]),
        // There is no best-of with this N.
        Self.summary(.amc, particles: 2, seed: 0, rewards: [1, 1, 1, 1]),
      ], maximalReward: 1)
    #expect(
      comparison.differences.map { "\($0.method) \($0.particles) − \($0.against) \($0.againstParticles)" } == [
        "amc 4 − single 1", "amc 4 − best-of 4", "beam 4 − single 1", "beam 4 − best-of 4", "amc 2 − single 1",
      ])
    let amc = comparison.differences[1]
    // By task, (0.5 + 0)/2, (0 + 0.5)/2, (0.5 + 0.5)/2 and 0: mean 0.25, s² = (0 + 0 + 1/16 + 1/16)/3, se = √(1/96).
    #expect(amc.tasks == 4 && amc.seeds == [0, 1])
    #expect(Self.isClose(amc.rewardBest.mean, 0.25))
    #expect(Self.isClose(amc.rewardBest.se, (1.0 / 96).squareRoot()))
    #expect(Self.isClose(amc.interval?.rewardBest.low, 0.25 - 1.96 * (1.0 / 96).squareRoot()))
    #expect(Self.isClose(amc.interval?.rewardBest.high, 0.25 + 1.96 * (1.0 / 96).squareRoot()))
    let se = (1.0 / 96).squareRoot()
    #expect(Self.isClose(amc.rewardMean.mean, 0.125) && Self.isClose(amc.rewardMean.se, se / 2))
    #expect(Self.isClose(amc.interval?.rewardMean.high, 0.125 + 0.98 * se))
    // The second task is solved more often at one seed, and so is the third.
    #expect(Self.isClose(amc.solvedBest?.mean, 0.25))
    // A variant with one seed is compared with the other's results at that seed.
    let beam = comparison.differences[3]
    #expect(beam.seeds == [1] && Self.isClose(beam.rewardBest.mean, 0.5))
    #expect(comparison.differences[2].seeds.isEmpty && comparison.differences[2].tasks == 0)
    #expect(comparison.differences[2].interval == nil)
  }

  @Test("Weighted means are compared at the variant's own β, though best-of is listed once")
  func temperatures() {
    let comparison = Comparison(
      [
        Self.summary(.bestOf, temperature: 0.03, rewards: [1, 1], weighted: 0.9),
        Self.summary(.bestOf, temperature: 0.1, rewards: [1, 1], weighted: 0.7),
        Self.summary(.amc, temperature: 0.03, rewards: [1, 1], weighted: 1),
        Self.summary(.amc, temperature: 0.1, rewards: [1, 1], weighted: 1),
      ], maximalReward: nil)
    #expect(comparison.methods.map { "\($0.method) \($0.temperature)" } == ["best-of 0.03", "amc 0.03", "amc 0.1"])
    #expect(comparison.differences.count == 2)
    #expect(Self.isClose(comparison.differences[0].rewardWeighted.mean, 0.1))
    #expect(Self.isClose(comparison.differences[1].rewardWeighted.mean, 0.3))
    #expect(comparison.differences[0].solvedBest == nil)
  }

  @Test("Seeds that were stopped early are left out where others were not, and the reason stays")
  func stopped() throws {
    let stopped = Comparison(
      [
        Self.summary(.amc, seed: 0, rewards: [1, 1]), Self.summary(.amc, seed: 1, rewards: [0], stopped: "limit"),
        Self.summary(.bestOf, seed: 0, rewards: [0, 1]),
        Self.summary(.beam, seed: 0, rewards: [0.5], stopped: "limit"),
      ], maximalReward: nil)
    #expect(stopped.methods[0].seeds == [0] && stopped.methods[0].stopped == "limit")
    #expect(stopped.methods[0].rewardBest.mean == 1 && stopped.differences[0].tasks == 2)
    #expect(stopped.methods[2].tasks == 1 && stopped.methods[2].stopped == "limit")
  }

  @Test("It reads its own JSON, numbers that are none included")
  func json() throws {
    let comparison = Comparison(
      [
        Self.summary(.bestOf, rewards: [0, -.infinity]), Self.summary(.amc, rewards: [0.5, 1]),
        Self.summary(.beam, rewards: [0.5, 1]),
      ], maximalReward: 1, total: Spending(), study: .scaling)
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    let data = try encoder.encode(comparison)
    let again = try Comparison(json: data)
    #expect(try encoder.encode(again) == data)
    #expect(again.methods.map(\.keep) == [nil, nil, 1])
    // A mean that is NaN gives no point of a curve.
    #expect(again.points?.map(\.label) == ["amc", "beam"] && again.methods[0].rewardBest.mean.isNaN)
    #expect(throws: SteeringError.self) { try Comparison(json: Data("{}".utf8)) }
  }

  @Test("A study's points are the variants, by N or by money for a task")
  func points() throws {
    let summaries = [
      Self.summary(.amc, particles: 2, seed: 0, policy: "small", rewards: [0, 1]),
      Self.summary(.amc, particles: 2, seed: 1, policy: "small", rewards: [1, 1]),
      Self.summary(.amc, particles: 4, seed: 0, policy: "small", rewards: [1, 1]),
      Self.summary(.single, particles: 1, seed: 0, policy: "large", rewards: [0.5, 0.5]),
      Self.summary(.bestOf, particles: 2, seed: 0, policy: "large", rewards: [0.5, 1]),
    ]
    let points = try #require(Comparison(summaries, maximalReward: 1, study: .cost).points)
    #expect(points.map(\.label) == ["amc, small", "amc, small", "single, large", "best-of, large"])
    #expect(points.map(\.x) == [0.25, 0.25, 0.25, 0.25] && points.map(\.particles) == [2, 4, 1, 2])
    #expect(points[0].estimate == MeanEstimate([0.5, 1]) && points[0].callsPerTask == 10)
    let scaling = try #require(Comparison(summaries, maximalReward: 1, study: .scaling).points)
    #expect(scaling.map(\.x) == [2, 4, 1, 2])
    // Variants of the cheap policy are compared with the other policy's single attempt. They are not compared with
    // best-of of another policy.
    let differences = Comparison(summaries, maximalReward: 1).differences
    #expect(
      differences.map { "\($0.method) \($0.particles) − \($0.against), \($0.againstPolicy ?? "")" } == [
        "amc 2 − single, large", "amc 4 − single, large",
      ])
  }
}
