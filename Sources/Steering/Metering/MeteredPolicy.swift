import Agents
import Logging
import RolloutStore

/// A policy that pays for each answer once. A stored answer is read. Any other is requested within the limits and
/// stored before it is used.
struct MeteredPolicy: Policy {
  private let base: any Policy
  private let store: RolloutStore?
  private let budget: Budget
  /// nil for the prices of the budget.
  private let pricing: Pricing?
  /// nil if the policy limits its concurrency itself.
  private let gate: Gate?
  private let metrics = CallMetrics()
  private let log = Logger(label: "coxswain.calls")
  private let report: @Sendable (CallEvent) -> Void

  /// - Parameter concurrency: the largest number of calls in flight.
  init(
    _ base: any Policy, store: RolloutStore?, budget: Budget, pricing: Pricing? = nil, concurrency: Int,
    report: @escaping @Sendable (CallEvent) -> Void
  ) {
    self.base = base
    self.store = store
    self.budget = budget
    self.pricing = pricing
    gate = base.limitsConcurrency ? nil : Gate(width: concurrency)
    self.report = report
  }

  var identity: String { base.identity }
  var format: ActionFormat { base.format }
  var computesAnswers: Bool { base.computesAnswers }

  func respond(to request: PolicyRequest) async throws(PolicyError) -> PolicyResponse {
    if base.computesAnswers {
      if let end = await budget.end { throw end }
      return try await base.respond(to: request)
    }
    // The digest is compared only with stored answers.
    let digest = store == nil ? "" : request.digest
    var refusal: String?
    do throws(StoreError) {
      if let stored = try await store?.answer(for: request.key), stored.promptDigest == digest {
        // The rest of the run depends on a stored refusal, so it is repeated like any answer.
        guard stored.isRefusal else {
          // A campaign counts its policy's stored answers when it begins. Those of another model are counted here.
          if let pricing {
            await budget.countStored(
              run: request.key.description, task: request.key.task, calls: 1, stored.response.usage, pricing: pricing)
          }
          note(CallEvent(request.key, stored.response, seconds: 0, isStored: true))
          var response = stored.response
          response.isStored = true
          return response
        }
        refusal = stored.response.text
      }
    } catch { throw PolicyError(.storeFailed, error.message) }
    if let refusal { throw PolicyError(.contentRefused, refusal) }
    guard let gate else { return try await ask(request, digest: digest) }
    return try await gate.withPlace { () throws(PolicyError) -> PolicyResponse in
      try await ask(request, digest: digest)
    }
  }

  private func ask(_ request: PolicyRequest, digest: String) async throws(PolicyError) -> PolicyResponse {
    let reservation = try await budget.reserve()
    var request = request
    request.ended = { [budget] in await budget.end }
    let start = ContinuousClock.now
    var response: PolicyResponse
    do throws(PolicyError) {
      response = try await base.respond(to: request)
    } catch {
      await budget.settle(reservation, nil)
      metrics.failed(error)
      log.debug(
        "call failed",
        metadata: [
          "call": "\(request.key)", "kind": "\(error.kind.rawValue)",
          "seconds": "\((ContinuousClock.now - start).inSeconds)", "reason": "\(error.message)",
        ])
      if error.kind == .contentRefused {
        try await record(
          AnswerRecord(
            key: request.key, promptDigest: digest, response: PolicyResponse(error.message), seconds: 0,
            isRefusal: true,
            prompt: request.promptParts))
      }
      throw error
    }
    response = [response].estimatingUsage(for: request).first ?? response
    await budget.settle(reservation, response.usage, pricing: pricing)
    let seconds = (ContinuousClock.now - start).inSeconds
    try await record(
      AnswerRecord(
        key: request.key, promptDigest: digest, response: response, seconds: seconds,
        prompt: store == nil ? nil : request.promptParts))
    note(CallEvent(request.key, response, seconds: seconds, isStored: false))
    return response
  }

  private func record(_ answer: AnswerRecord) async throws(PolicyError) {
    do throws(StoreError) { try await store?.record(answer) } catch {
      let failure = PolicyError(.storeFailed, error.message)
      await budget.fail(failure)
      throw failure
    }
  }

  private func note(_ event: CallEvent) {
    metrics.answered(event)
    let usage = event.usage
    log.debug(
      event.isStored ? "answer from the store" : "call",
      metadata: [
        "call": "\(event.key)", "seconds": "\(event.seconds)", "in": "\(usage.inputTokens)",
        "cached": "\(usage.cachedInputTokens)", "saved": "\(usage.savedInputTokens)", "out": "\(usage.outputTokens)",
        "reasoning": "\(usage.reasoningTokens)", "retries": "\(event.attempts - 1)",
        "estimated": "\(usage.estimatedTokens)",
      ])
    report(event)
  }
}

/// A model other than the policy, such as a critic's. Its answers are also paid for once, within the same limits.
///
/// - Parameters:
///   - pricing: the model's own prices.
///   - report: called with every answer.
package func metered(
  _ policy: any Policy, store: RolloutStore?, budget: Budget, pricing: Pricing, concurrency: Int,
  report: @escaping @Sendable (CallEvent) -> Void
) -> any Policy {
  MeteredPolicy(policy, store: store, budget: budget, pricing: pricing, concurrency: concurrency, report: report)
}

/// One answer, for progress display and counters.
public struct CallEvent: Sendable {
  /// The place in the run that the answer is for.
  public let key: CallKey
  /// The tokens of the answer; for a stored one those that it took when it was asked.
  public let usage: Usage
  /// Seconds from the request to the answer, waits and retries included; 0 for a stored answer.
  public let seconds: Double
  /// How often the call was sent.
  public let attempts: Int
  /// Whether the answer was read from the store instead of paid for.
  public let isStored: Bool

  init(_ key: CallKey, _ response: PolicyResponse, seconds: Double, isStored: Bool) {
    self.key = key
    usage = response.usage
    self.seconds = seconds
    attempts = response.attempts
    self.isStored = isStored
  }
}
