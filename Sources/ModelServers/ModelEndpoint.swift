import Agents
import Foundation
import HTTP
import Logging
import Metrics
import Synchronization

/// All calls to one model server: retries within a deadline, adaptive concurrency, and a second request for stragglers.
package final class ModelEndpoint: Sendable {
  package let transport: HTTPTransport
  package let rules: CallRules
  private let gate: AdaptiveGate
  private let latencies = Latencies()
  /// Whether the server has answered anything, and the time of its last readable answer by ``AwakeClock``.
  package let history = Mutex<(hasSpoken: Bool, lastAnswer: Double?)>((false, nil))
  /// A server's error that ends every further call.
  private let verdict = Mutex<PolicyError?>(nil)
  private let lastWarning = Mutex<ContinuousClock.Instant?>(nil)
  private let log = Logger(label: "coxswain.policy")

  package init(_ transport: HTTPTransport, rules: CallRules) {
    self.transport = transport
    self.rules = rules
    gate = AdaptiveGate(most: rules.concurrency, isAdaptive: rules.isAdaptive)
  }

  /// The number of requests that may be in flight now.
  package var allowed: Int { gate.allowed }

  /// The result of a call.
  package struct Reply<T: Sendable>: Sendable {
    package let value: T
    /// How often the request was sent, failures included.
    package let attempts: Int
    /// Whether the request was sent twice concurrently. The server may charge for both.
    package let isHedged: Bool
  }

  /// Repeats a call until `read` accepts an answer.
  ///
  /// - Parameters:
  ///   - read: reads an answer's body. Its retryable errors are retried.
  package func call<T: Sendable>(
    _ path: String, _ body: Data, for request: PolicyRequest,
    _ read: @escaping @Sendable (Data) throws(PolicyError) -> T
  ) async throws(PolicyError) -> Reply<T> {
    try await call(path, body, name: "\(request.key)", seed: request.seed, ended: request.ended, read)
  }

  /// ``call(_:_:for:_:)`` for calls without a policy request.
  ///
  /// - Parameters:
  ///   - name: names the call in the log.
  ///   - seed: the seed of the pauses between attempts.
  ///   - ended: why the run has ended, or nil while it goes on.
  package func call<T: Sendable>(
    _ path: String, _ body: Data, name: String, seed: Seed, ended: (@Sendable () async -> PolicyError?)?,
    _ read: @escaping @Sendable (Data) throws(PolicyError) -> T
  ) async throws(PolicyError) -> Reply<T> {
    let watcher = RetryWatcher(endpoint: self, name: name, end: ended)
    let (answer, attempts) = try await rules.retry.run(seed: seed, watcher: watcher) {
      () throws(PolicyError) -> (value: T, isHedged: Bool) in
      await watcher.enter(gate)
      if let end = verdict.withLock(\.self) {
        gate.leave(.failed)
        throw end
      }
      if let end = await ended?() {
        gate.leave(.silent)
        throw end
      }
      let start = ContinuousClock.now
      let left = min(rules.timeout, watcher.secondsLeft)
      let (result, isHedged) = await attempt { () throws(PolicyError) -> T in
        try read(try await self.transport.post(path, body, within: left))
      }
      leave(result, seconds: start.duration(to: .now).inSeconds)
      return (try result.get(), isHedged)
    }
    return Reply(value: answer.value, attempts: attempts, isHedged: answer.isHedged)
  }

  private func leave(_ result: Result<some Sendable, PolicyError>, seconds: Double) {
    let outcome: AdaptiveGate.Outcome
    switch result {
    case .success:
      outcome = .answered(seconds: seconds)
      latencies.note(seconds)
      history.withLock { $0 = (true, AwakeClock.shared.now) }
    case .failure(let error):
      switch error.kind {
      case .unreachable, .connectionRefused, .timedOut, .cancelled: outcome = .silent
      case .rateLimited: outcome = .refused
      default: outcome = .failed
      }
      // A refusal shows that the server is reachable.
      if case .silent = outcome {} else { history.withLock { $0.hasSpoken = true } }
      if [.unauthorized, .outOfCredit, .unknownModel].contains(error.kind) {
        verdict.withLock { $0 = $0 ?? error }
      }
    }
    if let fall = gate.leave(outcome) {
      log.info("fewer calls at a time", metadata: ["from": "\(fall.before)", "to": "\(fall.after)"])
    }
  }

  // MARK: - One attempt

  /// One attempt. If it straggles and a place is free, the request is sent a second time.
  private func attempt<T: Sendable>(
    _ body: @escaping @Sendable () async throws(PolicyError) -> T
  ) async -> (result: Result<T, PolicyError>, isHedged: Bool) {
    // While the limit is reduced, no request is sent twice.
    guard let hedge = rules.hedge, !gate.isReduced, let patience = latencies.quantile(hedge) else {
      do throws(PolicyError) { return (.success(try await body()), false) } catch { return (.failure(error), false) }
    }
    return await withTaskGroup(of: Result<T, PolicyError>?.self) { group in
      defer { group.cancelAll() }
      func ask() {
        group.addTask {
          do throws(PolicyError) { return .success(try await body()) } catch { return .failure(error) }
        }
      }
      ask()
      group.addTask {
        try? await Task.sleep(for: .seconds(patience))
        return nil
      }
      var (asked, isHedged) = (1, false)
      defer { if isHedged { gate.leave(.silent) } }
      for await event in group {
        switch event {
        case .success(let value): return (.success(value), isHedged)
        case .failure(let error):
          asked -= 1
          if asked == 0 { return (.failure(error), isHedged) }
        case nil:
          guard !Task.isCancelled, gate.tryEnter() else { continue }
          Counter(label: "coxswain.policy.hedges").increment()
          (asked, isHedged) = (2, true)
          ask()
        }
      }
      return (.failure(PolicyError(.cancelled, "The run was stopped.")), isHedged)
    }
  }

  package func note(_ error: PolicyError, name: String, attempt: Int, pause: Double, left: Double) {
    Counter(label: "coxswain.policy.retries", dimensions: [("kind", error.kind.rawValue)]).increment()
    let metadata: Logger.Metadata = [
      "call": "\(name)", "attempt": "\(attempt)", "kind": "\(error.kind.rawValue)",
      "pause": "\(String(format: "%.2f", pause))", "left": "\(String(format: "%.0f", left))",
    ]
    log.info("trying again", metadata: metadata)
    // Warns at intervals, so that a user sees why the run does not progress.
    guard [.unreachable, .connectionRefused, .timedOut].contains(error.kind) || attempt > 3 else { return }
    let isDue = lastWarning.withLock { last in
      if let last, ContinuousClock.now - last < .seconds(10) { return false }
      last = .now
      return true
    }
    guard isDue else { return }
    let patience = error.isOutage && rules.retry.waitsOutOutages ? " for another \(Int(left.rounded(.up))) s" : ""
    log.warning("\(error.message) Trying again\(patience).", metadata: metadata)
  }
}
