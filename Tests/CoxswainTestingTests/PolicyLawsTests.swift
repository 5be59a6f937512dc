import Agents
import CoxswainTesting
import Testing

/// A policy that keeps the laws except for what a test changes.
private struct Altered: Policy {
  var name: @Sendable () -> String = { "altered" }
  var format = ActionFormat.plain
  var computesAnswers = false
  var answer: @Sendable (PolicyRequest) throws(PolicyError) -> PolicyResponse = { request in
    PolicyResponse("step \(request.key.step)", usage: Usage(inputTokens: 9, cachedInputTokens: 4, outputTokens: 2))
  }

  var identity: String { name() }

  func respond(to request: PolicyRequest) throws(PolicyError) -> PolicyResponse { try answer(request) }
}

@Suite("The laws of policies")
struct PolicyLawsTests {
  private func broken(_ policy: any Policy, repeatsItself: Bool = false) async throws -> [Finding] {
    let error = await #expect(throws: BrokenLaws.self) {
      try await PolicyLaws(policy, repeatsItself: repeatsItself).hold()
    }
    return error?.findings ?? []
  }

  private func altered(_ change: (inout Altered) -> Void) -> Altered {
    var policy = Altered()
    change(&policy)
    return policy
  }

  @Test(arguments: ActionFormat.allCases)
  func policiesThatKeepThem(format: ActionFormat) async throws {
    try await PolicyLaws(altered { $0.format = format }, repeatsItself: true).hold()
    let coin = ClosurePolicy("coin", format: format) { request in
      var generator = request.seed.generator()
      return PolicyResponse(Bool.random(using: &generator) ? "heads" : "tails")
    }
    try await PolicyLaws(coin, repeatsItself: true).hold()
  }

  @Test func requestsOfAWorld() async throws {
    let world = ScriptedWorld(outcomes: [Outcome(Observation("a")), Outcome(Observation("b"), isDone: true)])
    let attempts = try await WorldLaws(world).trajectories()
    let requests = PolicyLaws.requests(after: attempts, in: world, format: .plain)
    #expect(requests.count == 12 && Set(requests.map(\.key)).count == 12 && Set(requests.map(\.seed)).count == 12)
    let policy = ClosurePolicy.scripted(["left", "right"])
    let findings = try await PolicyLaws(policy, requests: requests, repeatsItself: true).findings()
    #expect(findings.map(\.name) == ["refusals", "usage", "repetition", "identity"])
    #expect(findings.allSatisfy { $0.verdict == .fine }, "\(findings)")
  }

  @Test func aRefusalIsSaidAloud() async throws {
    let silent = altered { $0.answer = { _ in PolicyResponse(" \n") } }
    #expect(try await broken(silent).map(\.name) == ["refusals"])
    let cutOff = altered { $0.answer = { _ in PolicyResponse("", usage: Usage(cutOffAnswers: 1)) } }
    try await PolicyLaws(cutOff).hold()
    let loud = altered { policy in
      policy.answer = { request throws(PolicyError) in
        guard request.key.step > 0 else { throw PolicyError(.contentRefused, "no") }
        return PolicyResponse("yes")
      }
    }
    let finding = try await PolicyLaws(loud).refusals()
    #expect(finding.verdict == .fine && finding.detail == "6 of 8 requests were answered, 2 refused with an error")
    let deaf = altered { $0.answer = { _ throws(PolicyError) in throw PolicyError(.unanswered, "no") } }
    #expect(try await PolicyLaws(deaf).refusals().verdict == .warning)
  }

  @Test(
    "Counts that cannot be",
    arguments: [
      Usage(inputTokens: -1), Usage(outputTokens: -1), Usage(savedInputTokens: -1), Usage(estimatedTokens: -1),
      Usage(inputTokens: 3, cachedInputTokens: 2, cacheWriteTokens: 2), Usage(outputTokens: 1, reasoningTokens: 2),
    ])
  func counts(usage: Usage) async throws {
    let policy = altered { $0.answer = { _ in PolicyResponse("yes", usage: usage) } }
    #expect(try await broken(policy).map(\.name) == ["usage"])
  }

  @Test(arguments: [0.5, Double.nan])
  func logProbabilitiesThatCannotBe(value: Double) async throws {
    let policy = altered { $0.answer = { _ in PolicyResponse("yes", logProbability: value) } }
    #expect(try await broken(policy).first?.detail.contains("log-probability") == true)
    let tried = altered { $0.answer = { _ in PolicyResponse("yes", attempts: 0) } }
    #expect(try await broken(tried).first?.detail.contains("attempts is 0") == true)
  }

  @Test func aSeedHasOneAnswerWhereThatIsClaimed() async throws {
    let moods = Moods()
    let moody = altered { $0.answer = { _ in PolicyResponse("\(moods.next())") } }
    #expect(try await broken(moody, repeatsItself: true).map(\.name) == ["repetition"])
    try await PolicyLaws(moody).hold()
    var computed = moody
    computed.computesAnswers = true
    #expect(try await broken(computed).map(\.name) == ["repetition"])
  }

  @Test func anIdentityThatChanges() async throws {
    let moods = Moods()
    #expect(try await broken(altered { $0.name = { "number \(moods.next())" } }).map(\.name) == ["identity"])
    #expect(try await broken(altered { $0.name = { "" } }).map(\.name) == ["identity"])
  }

  @Test func anErrorOfEveryCallIsABreach() async throws {
    let findings = try await broken(FailingPolicy(Altered(), failures: 1))
    #expect(findings.first?.detail.contains("serverFailed") == true)
    let short = ClosurePolicy.scripted(["one answer"])
    #expect(try await broken(short).first?.detail.contains("notRecorded") == true)
  }
}
