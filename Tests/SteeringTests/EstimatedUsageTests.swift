import Agents
import Findings
import Foundation
import RolloutStore
import Steering
import TestSupport
import Testing

@Suite("Limits bind where the server reports no usage")
struct EstimatedUsageTests {
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent("coxswain-\(UUID().uuidString)")

  /// A coin that reports no usage.
  static let silent = ClosurePolicy("silent") { request throws(PolicyError) in
    PolicyResponse(try await ChainWorld.coin.respond(to: request).text)
  }

  func run(_ limits: Limits, store: RolloutStore? = nil) async throws -> (Campaign.Outcome, Spending) {
    let budget = Budget(limits: limits, pricing: Pricing(inputPerMillion: 1_000_000, outputPerMillion: 1_000_000))
    let campaign = Campaign(
      world: ChainWorld(), policy: Self.silent, settings: SteeringSettings(method: .bestOf, particles: 4), store: store,
      budget: budget)
    return (try await campaign.run(ChainWorld().tasks(in: .test)), await budget.spent)
  }

  @Test("Tokens and cost are estimated, counted as estimated, and end the run; a rerun knows them")
  func limits() async throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let whole = try await run(Limits())
    #expect(whole.0.stopped == nil && whole.1.usage.totalTokens > 0)
    #expect(whole.1.usage.estimatedTokens == whole.1.usage.totalTokens)
    #expect(whole.1.cost == Double(whole.1.usage.totalTokens))
    let most = whole.1.usage.totalTokens / 2
    for limits in [Limits(tokens: most), Limits(cost: Double(most))] {
      let store = try RolloutStore(path: folder.appendingPathComponent("\(UUID().uuidString).sqlite").path)
      let (outcome, spent) = try await run(limits, store: store)
      #expect(outcome.stopped?.kind == .limitReached)
      #expect(outcome.stopped?.message.contains("an estimate from the text") == true)
      #expect(spent.usage.totalTokens >= most && spent.usage.totalTokens < most + most / 4, "\(spent)")
      // Stored answers count the same.
      let (again, known) = try await run(limits, store: store)
      #expect(again.stopped?.kind == .limitReached && known.usage == spent.usage && known.calls == spent.calls)
    }
  }

  @Test("A summary says how many of its tokens were estimated, and nothing where none were")
  func summary() async throws {
    func json(_ policy: any Policy) async throws -> [String: Any] {
      let settings = SteeringSettings(method: .bestOf, particles: 2)
      let outcome = try await Campaign(world: ChainWorld(), policy: policy, settings: settings).run(
        ChainWorld().tasks(in: .test))
      let summary = MethodSummary(outcome, settings: settings, pricing: Pricing(), maximalReward: 1)
      let comparison = Comparison([summary], maximalReward: 1, total: Spending())
      #expect(comparison.methods[0].estimatedTokens == summary.estimatedTokens)
      return try #require(
        try JSONSerialization.jsonObject(with: JSONEncoder().encode(summary)) as? [String: Any])
    }
    let silent = try await json(Self.silent)
    let tokens = (silent["inputTokens"] as? Int ?? 0) + (silent["outputTokens"] as? Int ?? 0)
    #expect(silent["estimatedTokens"] as? Int == tokens && tokens > 0)
    #expect(try await json(ChainWorld.coin)["estimatedTokens"] == nil)
  }

  @Test("A task that stands twice among those to run is an error before the first call")
  func repeated() async throws {
    let tasks = ChainWorld().tasks(in: .test)
    let policy = CountingPolicy()
    let campaign = Campaign(world: ChainWorld(), policy: policy, settings: SteeringSettings(method: .single))
    let error = await #expect(throws: SteeringError.self) { try await campaign.run(tasks + [tasks[3]]) }
    #expect(error?.kind == .badSettings && error?.message.contains("chain-3") == true)
    #expect(policy.keys.isEmpty)
  }

  @Test("Names that look alike are two tasks with answers of their own, also on a rerun within a limit")
  func alike() async throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let store = try RolloutStore(path: folder.appendingPathComponent("s.sqlite").path)
    let tasks = ["caf\u{e9}", "cafe\u{301}"].map { ChainWorld().task(TaskID($0)) }
    func run() async throws -> (Campaign.Outcome, Int, Int) {
      let policy = CountingPolicy()
      let budget = Budget(limits: Limits(calls: 1_000))
      let campaign = Campaign(
        world: ChainWorld(), policy: policy, settings: SteeringSettings(method: .bestOf, particles: 2), store: store,
        budget: budget)
      return (try await campaign.run(tasks), policy.keys.count, await budget.spent.calls)
    }
    let first = try await run()
    let second = try await run()
    #expect(first.1 == 2 * 2 * 12 && first.2 == first.1)
    #expect(second.1 == 0 && second.2 == first.2)
    #expect(CampaignTests.fingerprint(first.0) == CampaignTests.fingerprint(second.0))
  }
}
