import Agents
import RolloutStore

/// A policy whose answers are paid for once: an answer that is stored is read, any other is asked for within the limits and
/// stored before it is used.
struct MeteredPolicy: Policy {
  private let base: any Policy
  private let store: RolloutStore?
  private let budget: Budget
  private let gate: Gate
  private let report: @Sendable (CallEvent) -> Void

  /// - Parameter concurrency: how many calls may be in flight.
  init(
    _ base: any Policy, store: RolloutStore?, budget: Budget, concurrency: Int,
    report: @escaping @Sendable (CallEvent) -> Void
  ) {
    self.base = base
    self.store = store
    self.budget = budget
    gate = Gate(width: concurrency)
    self.report = report
  }

  var identity: String { base.identity }
  var format: ActionFormat { base.format }

  func respond(to request: PolicyRequest) async throws(PolicyError) -> PolicyResponse {
    let digest = Self.digest(request)
    do throws(StoreError) {
      if let stored = try await store?.answer(for: request.key), stored.promptDigest == digest {
        report(CallEvent(usage: stored.response.usage, seconds: 0, isStored: true))
        return stored.response
      }
    } catch { throw PolicyError(.storeFailed, error.message) }
    return try await gate.withPlace { () throws(PolicyError) -> PolicyResponse in
      try await budget.reserve()
      let start = ContinuousClock.now
      let response: PolicyResponse
      do throws(PolicyError) {
        response = try await base.respond(to: request)
      } catch {
        await budget.settle(nil)
        throw error
      }
      await budget.settle(response.usage)
      let seconds = (ContinuousClock.now - start).inSeconds
      do throws(StoreError) {
        try await store?.record(
          AnswerRecord(key: request.key, promptDigest: digest, response: response, seconds: seconds))
      } catch { throw PolicyError(.storeFailed, error.message) }
      report(CallEvent(usage: response.usage, seconds: seconds, isStored: false))
      return response
    }
  }

  /// A digest of the question: where the world or the prompts changed, a stored answer is no longer one to it.
  private static func digest(_ request: PolicyRequest) -> String {
    var digest = Digest()
    for entry in request.transcript.entries {
      switch entry {
      case .instructions(let text): digest.add("instructions", text)
      case .prompt(let text): digest.add("prompt", text)
      case .response(let text): digest.add("response", text)
      }
    }
    for choice in request.choices ?? [] { digest.add("choice", choice) }
    return digest.text
  }
}

/// One answer, for progress and counters.
public struct CallEvent: Sendable {
  public let usage: Usage
  public let seconds: Double
  /// Read from the store instead of paid for.
  public let isStored: Bool
}
