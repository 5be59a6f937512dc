import Agents

/// The most a run may take. A limit that is nil does not bind.
public struct Limits: Sendable, Hashable, Codable {
  public var calls: Int?
  /// In the currency of the pricing.
  public var cost: Double?
  /// Wall-clock of this process.
  public var seconds: Double?

  public init(calls: Int? = nil, cost: Double? = nil, seconds: Double? = nil) {
    self.calls = calls
    self.cost = cost
    self.seconds = seconds
  }
}

/// Counts what a run takes and says when to stop. Calls in flight count, at the mean cost of those that returned.
public actor Budget {
  private let limits: Limits
  private let pricing: Pricing
  private let start = ContinuousClock.now
  private var calls = 0
  private var inFlight = 0
  private var cost = 0.0
  private var stopReason: PolicyError?
  /// The runs' tasks whose stored answers are counted; what they answer from then on is counted as it comes.
  private var counted: Set<String> = []

  public init(limits: Limits = Limits(), pricing: Pricing = Pricing()) {
    self.limits = limits
    self.pricing = pricing
  }

  /// Lets calls in flight finish and refuses every further one. What was found stays stored.
  public func stop(_ message: String) {
    stopReason = stopReason ?? PolicyError(.cancelled, message)
  }

  /// Takes the place of one call, or throws the limit that leaves none.
  func reserve() throws(PolicyError) {
    if let stopReason { throw stopReason }
    if let most = limits.calls, calls + inFlight >= most {
      throw stopping("Reached the limit of \(most) calls. Raise --limit-calls and run the same command to continue.")
    }
    if let most = limits.cost, cost + Double(inFlight) * (calls > 0 ? cost / Double(calls) : 0) >= most {
      throw stopping("Reached the cost limit of \(most). Raise --limit-cost and run the same command to continue.")
    }
    if let most = limits.seconds, (ContinuousClock.now - start).inSeconds >= most {
      throw stopping("Reached the limit of \(most) seconds. Run the same command to continue.")
    }
    inFlight += 1
  }

  /// Counts an answer; `usage` is nil for a call that failed.
  func settle(_ usage: Usage?) {
    inFlight -= 1
    if let usage { count(calls: 1, usage) }
  }

  /// Counts what a run has stored for a task, once: it was paid for by an earlier part of the run.
  func countStored(run: String, task: TaskID, calls: Int, _ usage: Usage) {
    guard counted.insert("\(run)/\(task)").inserted else { return }
    count(calls: calls, usage)
  }

  private func count(calls: Int, _ usage: Usage) {
    self.calls += calls
    cost += pricing.cost(of: usage)
  }

  private func stopping(_ message: String) -> PolicyError {
    let error = PolicyError(.limitReached, message)
    stopReason = stopReason ?? error
    return error
  }
}

extension Duration {
  /// Seconds, with a fraction.
  public var inSeconds: Double {
    Double(components.seconds) + Double(components.attoseconds) / 1e18
  }
}
