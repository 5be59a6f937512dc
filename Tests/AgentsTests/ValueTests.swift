import Agents
import Foundation
import Testing

@Suite("Values: distributions of returns, seeds, costs, splits")
struct ValueTests {
  @Test func theSoftValueLiesBetweenMeanAndMaximum() {
    let returns = ReturnDistribution(returns: [0, 0.5, 1], probabilities: [2, 1, 1])
    #expect(abs(returns.mean - 0.375) < 1e-12)
    // V_β = β·log Σ p·exp(r/β), worked out by hand at β = 0.5.
    let exact = 0.5 * log(0.5 + 0.25 * exp(1) + 0.25 * exp(2))
    #expect(abs(returns.softValue(temperature: 0.5) - exact) < 1e-12)
    #expect(abs(returns.softValue(temperature: 1e6) - returns.mean) < 1e-6)
    #expect(abs(returns.softValue(temperature: 1e-6) - 1) < 1e-5)
    #expect(ReturnDistribution.point(0.3).softValue(temperature: 0.01) == 0.3)
    #expect(returns.probability(atLeast: 0.5) == 0.5)
  }

  @Test func seedsDependOnTheWayTheyAreSplit() {
    let root = Seed(1)
    #expect(root.split("a").split(1) == root.split("a").split(1))
    let seeds = [
      root.split("a"), root.split("b"), root.split(0), root.split(1), root.split("a").split(0), Seed(2).split("a"),
    ]
    #expect(Set(seeds).count == seeds.count)
    // Pinned, since the names of stored runs depend on these values.
    #expect(Seed(42).split("task").split(7).rawValue == 0xfb34_e448_3e4f_8072)
    var generator = Seed(3).generator()
    let mean = (0..<100_000).reduce(0.0) { sum, _ in sum + generator.uniform() } / 100_000
    // The standard error of a uniform's mean is √(1/12/n) = 0.0009.
    #expect(abs(mean - 0.5) < 4.5 * 0.000_92)
  }

  @Test func cachedInputIsPartOfTheInput() {
    let pricing = Pricing(inputPerMillion: 2, cachedInputPerMillion: 0.5, outputPerMillion: 8)
    let usage = Usage(inputTokens: 1_000, cachedInputTokens: 400, outputTokens: 100)
    #expect(abs(pricing.cost(of: usage + usage) - 2 * (600 * 2 + 400 * 0.5 + 100 * 8) / 1e6) < 1e-15)
    #expect(Pricing(inputPerMillion: 3).cachedInputPerMillion == 3)
  }

  @Test func splitsAreDisjoint() throws {
    let splits = try TaskSplits([.train: [3, 1], .test: [2]])
    #expect(splits[.train] == [3, 1] && splits[.validation].isEmpty && splits.largest == 3)
    for bad: [Split: [Int]] in [[.train: [1], .test: [1]], [.train: [1, 1]], [.test: [-1]]] {
      #expect(throws: WorldError.self) { try TaskSplits(bad) }
    }
  }

  @Test func aPolicyAnEpisodeAndACriticAreClosures() async throws {
    let policy = ClosurePolicy("echo") { request in PolicyResponse("\(request.seed.rawValue % 2)") }
    let request = PolicyRequest(
      transcript: Transcript(), seed: Seed(4), key: CallKey(run: "r", task: "t", particle: 0, step: 0))
    #expect(try await policy.respond(to: request).text == "0")
    var episode = ClosureEpisode(state: 0) { count, action in
      count += 1
      return Outcome(Observation("\(count)"), isDone: action.text == "stop")
    }
    var copy = try #require(episode.fork())
    _ = try await episode.step(.act("on"))
    #expect(try await episode.step(.act("stop")) == Outcome(Observation("2"), isDone: true))
    #expect(try await copy.step(.act("on")).observation.text == "1")
    let critic = ClosureCritic("progress") { Double($0.step) }
    let trajectory = Trajectory(task: TrajectoryTests.task, opening: Observation(""))
    #expect(critic.returnsToGo(from: [CriticState(trajectory)]) == [.point(0)])
  }
}
