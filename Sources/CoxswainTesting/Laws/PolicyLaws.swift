import Agents

/// The laws of a ``Policy``: what stored answers, budgets and figures of cost rely on.
///
/// ```swift
/// @Test func myPolicyKeepsTheLaws() async throws {
///   try await PolicyLaws(MyPolicy(), repeatsItself: true).hold()
/// }
/// ```
///
/// ``findings()`` asks each request once, and once more where the policy repeats itself.
public struct PolicyLaws: Sendable {
  private let policy: any Policy
  private let requests: [PolicyRequest]
  private let repeatsItself: Bool

  /// - Parameters:
  ///   - requests: what is asked, such as ``requests(after:in:format:)`` makes them; made-up ones where nil.
  ///   - repeatsItself: the policy claims that one seed and key have one answer. What it computes itself has to.
  public init(_ policy: any Policy, requests: [PolicyRequest]? = nil, repeatsItself: Bool = false) {
    self.policy = policy
    self.requests = requests ?? Self.samples(policy.format)
    self.repeatsItself = repeatsItself || policy.computesAnswers
  }

  /// Tries every law.
  ///
  /// - Throws: the laws that are broken. An error that concerns every call counts as one.
  public func hold() async throws(BrokenLaws) {
    let findings: [Finding]
    do throws(PolicyError) { findings = try await self.findings() } catch {
      findings = [Finding("errors", .wrong, "the policy threw \(error.kind.rawValue): \(error.message)")]
    }
    try BrokenLaws.check(findings, of: "The policy \(policy.identity)")
  }

  /// Tries every law, and says what was seen.
  ///
  /// - Returns: one finding for each law.
  /// - Throws: what the policy throws, except where only the one call is concerned.
  public func findings() async throws(PolicyError) -> [Finding] {
    let identity = policy.identity
    let answers = try await answers()
    return [
      refusals(answers), usage(answers), try await repetition(answers), .identity(identity, after: policy.identity),
    ]
  }

  /// A policy answers in words or throws. An empty answer is a refusal that nobody is told of, unless it is marked as cut off.
  public func refusals() async throws(PolicyError) -> Finding { refusals(try await answers()) }

  /// Counts of tokens are at least 0, parts are at most their whole, and a log-probability is at most 0.
  public func usage() async throws(PolicyError) -> Finding { usage(try await answers()) }

  /// The same key and seed have the same answer, where the policy claims so.
  public func repetition() async throws(PolicyError) -> Finding { try await repetition(try await answers()) }

  // MARK: - What is asked

  /// What a policy is asked after each step of some trajectories.
  ///
  /// - Parameter trajectories: such as ``WorldLaws/trajectories(on:)`` makes them.
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

  /// One answer for each request; nil where it was refused with an error that concerns the one call.
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
    guard repeatsItself else { return Finding("repetition", .fine, "not claimed, and not tried") }
    let again = try await self.answers()
    for place in answers.indices where answers[place]?.text != again[place]?.text {
      return Finding("repetition", .wrong, "the same seed and key had two answers, at \(requests[place].key)")
    }
    return Finding("repetition", .fine, "the same seed and key have the same answer")
  }
}
