import Agents
import Foundation
import Testing

@testable import Findings
@testable import Steering

@Suite("A study: attempts, shares of a gain, crossings")
struct StudyTests {
  static func table(_ rewards: [Double]) -> [TaskID: Double] {
    Dictionary(uniqueKeysWithValues: rewards.enumerated().map { (TaskID("t\($0.offset)"), $0.element) })
  }

  static func sample(_ rewards: [[Double]]) -> AttemptSample {
    AttemptSample(rewards.enumerated().map { AttemptSample.Row(task: TaskID("t\($0.offset)"), rewards: $0.element) })
  }

  /// All samples of `count` of the elements without replacement.
  static func subsets(_ elements: [Double], _ count: Int) -> [[Double]] {
    guard count > 0 else { return [[]] }
    return elements.indices.flatMap { first in
      subsets(Array(elements[(first + 1)...]), count - 1).map { [elements[first]] + $0 }
    }
  }

  @Test("Best-of-N and pass@k are the means over all subsets of the attempts")
  func enumerated() {
    let rewards = [[0, 0.25, 1, 0.5, 1], [0, 0, 0, 0, 1], [0.5, 0.5, 0.25, 0, 0]]
    let sample = Self.sample(rewards)
    for point in sample.bestOf(upTo: 4) {
      let exact = rewards.map { own in
        let all = Self.subsets(own, point.attempts)
        return all.reduce(0) { $0 + ($1.max() ?? 0) } / Double(all.count)
      }
      #expect(abs(point.estimate.mean - exact.reduce(0, +) / 3) < 1e-12)
    }
    for point in sample.passAtK(1) {
      let exact = rewards.map { own in
        let all = Self.subsets(own, point.attempts)
        return Double(all.count { $0.contains(1) }) / Double(all.count)
      }
      #expect(abs(point.estimate.mean - exact.reduce(0, +) / 3) < 1e-12)
    }
    #expect(sample.bestOf(upTo: 4).map(\.attempts) == [1, 2, 4])
    // The numbers stop at the fewest attempts of any task, and include that number even if it is no power of two.
    #expect(sample.passAtK(1).map(\.attempts) == [1, 2, 4, 5])
    #expect(sample.bestOf(upTo: 32).map(\.attempts) == [1, 2, 4, 5])
  }

  @Test("A single attempt's reward and its paired difference, by hand")
  func paired() throws {
    let base = Self.sample([[0, 1], [0, 0], [1, 1]])
    let tuned = Self.sample([[1, 1], [0, 1], [1, 1]])
    #expect(base.reward.mean == 0.5 && abs(base.reward.se - 1 / 12.0.squareRoot()) < 1e-12)
    let difference = tuned.difference(from: base)
    // 0.5, 0.5, 0: mean 1/3, deviation √(1/12), over √3.
    #expect(difference.tasks == 3)
    #expect(abs(difference.estimate.mean - 1 / 3.0) < 1e-12 && abs(difference.estimate.se - 1 / 6.0) < 1e-12)
    let interval = try #require(difference.interval)
    #expect(abs(interval.low - (1 / 3.0 - 1.96 / 6)) < 1e-12)
    // Tasks that occur in only one of the two are left out.
    #expect(PairedEstimate(Self.table([1, 1, 1]), minus: Self.table([0, 1])).tasks == 2)
    #expect(PairedEstimate(Self.table([1]), minus: Self.table([0])).interval == nil)
  }

  @Test("The share of a gain, and its bootstrap against exact enumeration of all samples")
  func share() throws {
    let base = Self.table([0, 0, 0, 0])
    let (ours, theirs) = ([0.4, 0.1, 0.3, 0.2], [0.5, 0.4, 0.5, 0.3])
    let share = GainShare(of: Self.table(ours), reference: Self.table(theirs), base: base)
    #expect(abs(try #require(share.share) - 1 / 1.7) < 1e-12 && share.withoutGain == 0 && share.tasks == 4)
    var exact: [Double] = []
    for code in 0..<256 {
      let places = (0..<4).map { code >> (2 * $0) & 3 }
      exact.append(places.reduce(0) { $0 + ours[$1] } / places.reduce(0) { $0 + theirs[$1] })
    }
    exact.sort()
    let interval = try #require(share.interval)
    // With 10,000 samples, the rank of a percentile has a standard error of 0.16 %. The tolerance is four of them.
    #expect(interval.low >= exact[Int(0.0188 * 255)] - 1e-12 && interval.low <= exact[Int(0.0313 * 255) + 1] + 1e-12)
    #expect(interval.high >= exact[Int(0.9687 * 255)] - 1e-12 && interval.high <= exact[Int(0.9813 * 255) + 1] + 1e-12)
    // The same seed gives the same interval.
    #expect(share == GainShare(of: Self.table(ours), reference: Self.table(theirs), base: base))
  }

  @Test("A gain that is not surely there has no interval to share it by, and none at all no share")
  func unbounded() {
    let base = Self.table([0, 0, 0])
    let unsure = GainShare(of: Self.table([0.1, 0.1, 0.1]), reference: Self.table([0.3, -0.1, -0.1]), base: base)
    #expect(unsure.share.map { abs($0 - 3) < 1e-9 } == true && unsure.interval == nil)
    // There is no gain if the first task is never drawn: (2/3)³ = 8/27 of the samples. If it is drawn once, the gain is
    // −0.1·2 + 0.3 > 0.
    #expect(abs(unsure.withoutGain - 8.0 / 27) < 4 * (8.0 / 27 * 19 / 27 / 10_000).squareRoot())
    let none = GainShare(of: Self.table([0.1, 0.1]), reference: Self.table([0, 0]), base: Self.table([0, 0]))
    #expect(none.share == nil && none.interval == nil && none.withoutGain == 1)
  }

  @Test("The first N that reaches a target, the first that surely does, and never")
  func crossing() throws {
    let target = Self.table([0.5, 0.5, 0.5, 0.5])
    let curve: [(particles: Int, rewards: [TaskID: Double])] = [
      (4, Self.table([0.9, 0.3, 0.6, 0.3])), (1, Self.table([0.2, 0.3, 0.2, 0.3])),
      (8, Self.table([0.8, 0.9, 0.8, 0.9])),
    ]
    let found = try #require(Crossing(curve, reaching: target))
    #expect(found.reached == 4 && found.surely == 8 && found.at == 4 && found.most == 8)
    #expect(abs(found.difference.estimate.mean - 0.025) < 1e-12)
    let never = try #require(Crossing(Array(curve.prefix(2)), reaching: Self.table([1, 1, 1, 1])))
    #expect(never.reached == nil && never.surely == nil && never.at == 4 && never.most == 4)
    #expect(never.difference.estimate.mean < 0)
    #expect(Crossing([], reaching: target) == nil)
  }

  @Test("What a study derives: share, ratios of work, crossings; and what is missing stays absent")
  func findings() throws {
    let samples = ["base": [[0.0, 0], [0, 1]], "reasonmaxxer": [[0, 1], [0.5, 1]], "grpo": [[1, 1], [0, 1]]]
    var (small, large) = (StudyWork(), StudyWork())
    (small.calls, small.inputTokens, small.trainedTokens, small.processorSeconds) = (2, 100, 50, 3)
    (large.calls, large.outputTokens, large.scoredTokens, large.processorSeconds) = (9, 500, 100, 12)
    let base = Self.sample(samples["base"] ?? [])
    func model(_ name: String) -> StudyFindings.Model {
      StudyFindings.Model(
        name: name, policy: name, sample: Self.sample(samples[name] ?? []), base: name == "base" ? nil : base, most: 2,
        pass: 1, work: small)
    }
    func steered(_ count: Int, _ rewards: [Double]) -> StudyFindings.Steered {
      StudyFindings.Steered(
        model: "base", particles: count, resample: "steps:1", temperature: 0.1, selectedBy: "critic",
        rows: rewards.enumerated().map { .init(task: TaskID("t\($0)"), best: 1, weighted: $1, selected: 0) },
        work: large)
    }
    let findings = StudyFindings(
      environment: WorldIdentity(kind: "toy"), policy: "p", pass: 1,
      models: [model("base"), model("reasonmaxxer"), model("grpo")],
      steered: [steered(1, [0, 0.5]), steered(2, [1, 0.75])],
      preparations: [.init(name: "reasonmaxxer", work: small), .init(name: "grpo", work: large)], tokens: [],
      missing: [],
      seed: Seed(1))
    // ReasonMaxxer gains 0.5 and 0.25, GRPO 1 and 0.
    #expect(findings.share?.share == 0.75)
    #expect(findings.tokenRatio == 0.25 && findings.processorRatio == 0.25)
    let crossings = findings.reached.map { "\($0.figure) \($0.crossing.reached ?? 0)" }
    #expect(crossings == ["weighted 2", "selected 0", "best 1"])
    #expect(findings.steered[1].weightedDifference?.estimate.mean == (1 + 0.25) / 2)
    #expect(findings.steered[0].callsPerTask == 4.5 && findings.models[0].callsPerAttempt == 0.5)
    let half = StudyFindings(
      environment: WorldIdentity(kind: "toy"), policy: "p", pass: 1, models: [model("base")],
      steered: [steered(1, [0, 0])], preparations: [], tokens: [], missing: ["grpo"], seed: Seed(1))
    #expect(half.share == nil && half.tokenRatio == nil && half.reached.isEmpty)
    // The findings survive encoding and decoding.
    let again = try JSONDecoder().decode(StudyFindings.self, from: JSONEncoder().encode(findings))
    #expect(again.share == findings.share && again.models[2].bestOf == findings.models[2].bestOf)
  }

  @Test("The answer that is shown has forks and succeeds, if there is one")
  func example() {
    func answer(_ task: String, forks: Int, reward: Double) -> ForkedAnswer {
      ForkedAnswer(
        task: task, reward: reward,
        tokens: (0..<5).map {
          .init(text: "x", entropy: 1, basePrefers: "a", tunedPrefers: "b", isFork: $0 < forks, isNear: false)
        })
    }
    let answers = [
      answer("plain", forks: 0, reward: 1), answer("failing", forks: 4, reward: 0), answer("one", forks: 1, reward: 1),
      answer("two", forks: 2, reward: 1), answer("two again", forks: 2, reward: 1),
    ]
    #expect(ForkedAnswer.example(of: answers, pass: 1)?.task == "two")
    #expect(ForkedAnswer.example(of: Array(answers.prefix(2)), pass: 1)?.task == "failing")
    #expect(ForkedAnswer.example(of: [], pass: 1) == nil)
  }
}
