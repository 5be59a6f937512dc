import Agents

/// The laws of a ``Policy``, on which stored answers, budgets and cost figures rely.
///
/// ```swift
/// @Test func myPolicyKeepsTheLaws() async throws {
///   try await PolicyLaws(MyPolicy(), repeatsItself: true).hold()
/// }
/// ```
///
/// ``findings()`` sends each request once, and a second time if the policy claims to repeat itself.
public struct PolicyLaws: Sendable {
  private let policy: any Policy
  private let requests: [PolicyRequest]
  private let repeatsItself: Bool

  /// - Parameters:
  ///   - requests: the requests to send, for example from ``requests(after:in:format:)``; nil for built-in samples.
  ///   - repeatsItself: whether the policy claims one answer for each seed and key. Policies with
  ///     ``Policy/computesAnswers`` have to.
  public init(_ policy: any Policy, requests: [PolicyRequest]? = nil, repeatsItself: Bool = false) {
    self.policy = policy
    self.requests = requests ?? Self.samples(policy.format)
    self.repeatsItself = repeatsItself || policy.computesAnswers
  }

  /// Checks every law.
  ///
  /// - Throws: the broken laws. An error that concerns every call counts as a broken law.
  public func hold() async throws(BrokenLaws) {
    let findings: [Finding]
    do throws(PolicyError) { findings = try await self.findings() } catch {
      findings = [Finding("errors", .wrong, "the policy threw \(error.kind.rawValue): \(error.message)")]
    }
    try BrokenLaws.check(findings, of: "The policy \(policy.identity)")
  }

  /// Checks every law and returns the findings.
  ///
  /// - Returns: one finding for each law.
  /// - Throws: the errors of the policy, except those that concern one call alone.
  public func findings() async throws(PolicyError) -> [Finding] {
    let identity = policy.identity
    let answers = try await answers()
    return [
      refusals(answers), usage(answers), try await repetition(answers), .identity(identity, after: policy.identity),
    ]
  }

  /// A policy returns a non-empty answer or throws. An empty answer hides a refusal, unless it is marked as cut off.
  public func refusals() async throws(PolicyError) -> Finding { refusals(try await answers()) }

  /// Token counts are at least 0, parts do not exceed their whole, and a log-probability is at most 0.
  public func usage() async throws(PolicyError) -> Finding { usage(try await answers()) }

  /// The same key and seed have the same answer, if the policy claims so.
  public func repetition() async throws(PolicyError) -> Finding { try await repetition(try await answers()) }

  // MARK: - Requests

  /// The requests that follow each unfinished prefix of some trajectories.
  ///
  /// - Parameter trajectories: for example from ``WorldLaws/trajectories(on:)``.
  public static func requests(
    after trajectories: [Trajectory], in world: any World, format: ActionFormat, seed: UInt64 = 0
  ) -> [PolicyRequest] {
    trajectories.flatMap(\.unfinishedPrefixes).map { past in
      let key = callKey(after: past)
      return PolicyRequest(after: past, in: world, format: format, seed: key.seed(from: Seed(seed)), key: key)
    }
  }

  private static func samples(_ format: ActionFormat) -> [PolicyRequest] {
    Trajectory.samples.map { past in
      let choices = past.offeredChoices
      let transcript = Transcript(instructions: past.request, history: past).listing(choices)
      let key = callKey(after: past)
      return PolicyRequest(
        transcript: format.applied(to: transcript), choices: choices, tools: format.tools(nil, choices: choices),
        seed: key.seed(from: Seed(0)), key: key)
    }
  }

  private static func callKey(after past: Trajectory) -> CallKey {
    CallKey(run: "laws", task: past.task.id, particle: 0, step: past.count)
  }

  /// One answer for each request; nil if it failed with an error that concerns one call alone.
  private func answers() async throws(PolicyError) -> [PolicyResponse?] {
    var answers: [PolicyResponse?] = []
    for request in requests {
      do throws(PolicyError) { answers.append(try await policy.respond(to: request)) } catch {
        guard error.concernsOneCall else { throw error }
        answers.append(nil)
      }
    }
    return answers
  }

  // MARK: - The laws

  private func refusals(_ answers: [PolicyResponse?]) -> Finding {
    for (request, answer) in zip(requests, answers) {
      guard let answer, answer.text.allSatisfy(\.isWhitespace), answer.usage.cutOffAnswers == 0 else { continue }
      return Finding(
        "refusals", .wrong, "an empty answer to \(request.key), without an error: throw contentRefused or unanswered")
    }
    let refused = answers.count { $0 == nil }
    return Finding(
      "refusals", refused == answers.count ? .warning : .fine,
      "\(answers.count - refused) of \(answers.count) requests were answered, \(refused) refused with an error")
  }

  private func usage(_ answers: [PolicyResponse?]) -> Finding {
    for (request, answer) in zip(requests, answers) {
      guard let answer, let problem = problem(answer) else { continue }
      return Finding("usage", .wrong, "\(problem), in the answer to \(request.key)")
    }
    let total = answers.reduce(Usage()) { $0 + ($1?.usage ?? Usage()) }
    return Finding("usage", .fine, "\(total.totalTokens) tokens in \(answers.count) calls")
  }

  private func problem(_ answer: PolicyResponse) -> String? {
    let usage = answer.usage
    let counts: KeyValuePairs = [
      "inputTokens": usage.inputTokens, "cachedInputTokens": usage.cachedInputTokens,
      "cacheWriteTokens": usage.cacheWriteTokens, "outputTokens": usage.outputTokens,
      "reasoningTokens": usage.reasoningTokens, "savedInputTokens": usage.savedInputTokens,
      "estimatedTokens": usage.estimatedTokens, "cutOffAnswers": usage.cutOffAnswers,
    ]
    if let (name, count) = counts.first(where: { $0.value < 0 }) { return "\(name) is \(count)" }
    if usage.cachedInputTokens + usage.cacheWriteTokens > usage.inputTokens {
      return "cached input is more than the input of \(usage.inputTokens) tokens"
    }
    if usage.reasoningTokens > usage.outputTokens {
      return "reasoning is more than the output of \(usage.outputTokens) tokens"
    }
    if answer.attempts < 1 { return "attempts is \(answer.attempts)" }
    // Written so that NaN fails.
    if let logProbability = answer.logProbability, !(logProbability <= 0) {
      return "the log-probability is \(logProbability)"
    }
    return nil
  }

  private func repetition(_ answers: [PolicyResponse?]) async throws(PolicyError) -> Finding {
    guard repeatsItself else {
      return Finding("repetition", .fine, "not checked: the policy does not claim to repeat its answers")
    }
    let again = try await self.answers()
    for place in answers.indices where answers[place]?.text != again[place]?.text {
      return Finding("repetition", .wrong, "the same seed and key had two answers, at \(requests[place].key)")
    }
    return Finding("repetition", .fine, "the same seed and key have the same answer")
  }
}
