import Agents

/// The most that a run may take. A limit that is nil does not apply.
public struct Limits: Sendable, Hashable, Codable {
  /// Answers of the policy.
  public var calls: Int?
  /// Input plus output tokens.
  public var tokens: Int?
  /// Money, in the currency of the pricing.
  public var cost: Double?
  /// Wall-clock seconds of this process.
  public var seconds: Double?

  /// Limits of a run; by default there are none.
  public init(calls: Int? = nil, tokens: Int? = nil, cost: Double? = nil, seconds: Double? = nil) {
    self.calls = calls
    self.tokens = tokens
    self.cost = cost
    self.seconds = seconds
  }
}

/// What was paid for, each answer counted once.
public struct Spending: Sendable, Hashable {
  /// Answers of the policy.
  public var calls = 0
  /// Their tokens.
  public var usage = Usage()
  /// Their price, in the currency of the pricing.
  public var cost = 0.0

  /// No calls, no tokens, no cost.
  public init() {}

  /// The sum of calls, tokens and cost.
  public static func + (a: Spending, b: Spending) -> Spending {
    var sum = a
    sum.calls += b.calls
    sum.usage += b.usage
    sum.cost += b.cost
    return sum
  }
}

/// Counts what a run takes and ends it at its limits.
///
/// Calls in flight count as one call each, with the mean tokens and cost of those that returned. A call that would pass
/// a limit only because of calls in flight waits for them: they may fail or cost less.
public actor Budget {
  /// What a call in flight is taken to cost until it returns.
  struct Reservation: Sendable {
    fileprivate let tokens: Double
    fileprivate let cost: Double
  }

  private let limits: Limits
  let pricing: Pricing
  private let earlier: Spending
  private let start: ContinuousClock.Instant
  /// What was spent since the start, without the earlier spending.
  public private(set) var spent = Spending()
  /// What was taken at whose prices.
  private var usageAt: [Pricing: Usage] = [:]
  private var inFlight = 0
  private var reservedTokens = 0.0
  private var reservedCost = 0.0
  private var waiting: [CheckedContinuation<Void, Never>] = []
  private var stopReason: PolicyError?
  /// The runs' tasks whose stored answers are counted; what they answer from then on is counted as it comes.
  private var counted: Set<CountedTask> = []

  /// A task of a run; two names that look alike are two.
  private struct CountedTask: Hashable {
    let run: String
    let task: TaskID
  }

  /// - Parameters:
  ///   - earlier: what another policy spent under the same limits, at its own prices.
  ///   - start: the start of the time limit.
  public init(
    limits: Limits = Limits(), pricing: Pricing = Pricing(), earlier: Spending = Spending(),
    since start: ContinuousClock.Instant = .now
  ) {
    self.limits = limits
    self.pricing = pricing
    self.earlier = earlier
    self.start = start
  }

  /// Ends the run in order: calls in flight finish and are stored, further calls are refused with this message.
  public func stop(_ message: String) {
    stopReason = stopReason ?? PolicyError(.cancelled, message)
    wakeAll()
  }

  /// Refuses every further call after one whose answer could not be stored: it would be paid for and lost, too.
  func fail(_ error: PolicyError) {
    stopReason = stopReason ?? error
    wakeAll()
  }

  /// Takes the place of one call, or throws the limit that leaves none.
  func reserve() async throws(PolicyError) -> Reservation {
    while true {
      if let stopReason { throw stopReason }
      if let reached { throw stopping(reached) }
      if hasRoom {
        let reservation = reservation
        inFlight += 1
        reservedTokens += reservation.tokens
        reservedCost += reservation.cost
        return reservation
      }
      await withCheckedContinuation { waiting.append($0) }
    }
  }

  /// Counts an answer; `usage` is nil for a call that failed.
  /// - Parameter pricing: the caller's own, where it is not the policy's.
  func settle(_ reservation: Reservation, _ usage: Usage?, pricing own: Pricing? = nil) {
    inFlight -= 1
    reservedTokens -= reservation.tokens
    reservedCost -= reservation.cost
    if let usage { count(calls: 1, usage, own ?? pricing) }
    wakeAll()
  }

  /// Counts what a run has stored for a task, once: it was paid for by an earlier part of the run.
  func countStored(run: String, task: TaskID, calls: Int, _ usage: Usage, pricing own: Pricing? = nil) {
    guard counted.insert(CountedTask(run: run, task: task)).inserted else { return }
    count(calls: calls, usage, own ?? pricing)
  }

  // MARK: - Limits

  /// How many more calls `limits.calls` allows; nil if it does not apply.
  var callsLeft: Int? { limits.calls.map { max($0 - allSpent.calls, 0) } }

  private var allSpent: Spending { earlier + spent }

  /// Which limit is reached, in words, or nil.
  private var reached: String? {
    if let most = limits.calls, allSpent.calls >= most {
      return "Reached limits.calls, \(most) model calls. Raise it and run the same again to continue."
    }
    if let most = limits.tokens, allSpent.usage.totalTokens >= most {
      return
        "Reached limits.tokens, \(most) tokens\(estimateNote). Raise it and run the same again to continue."
    }
    if let most = limits.cost, allSpent.cost >= most {
      return
        "Reached limits.cost, \(most)\(estimateNote). Raise it and run the same again to continue."
    }
    return isOutOfTime ? outOfTime : nil
  }

  private var estimateNote: String {
    allSpent.usage.estimatedTokens > 0 ? " (by an estimate from the text, since the server reports no usage)" : ""
  }

  /// Why nothing more may be sent, even by calls already admitted: stopped, or out of time. Nil while the run goes on.
  public var end: PolicyError? {
    if let stopReason, stopReason.kind != .limitReached { return stopReason }
    return isOutOfTime ? stopping(outOfTime) : nil
  }

  private var isOutOfTime: Bool {
    limits.seconds.map { (ContinuousClock.now - start).inSeconds >= $0 } ?? false
  }

  private var outOfTime: String {
    "Reached limits.seconds, \(limits.seconds ?? 0) s. Run the same again to continue."
  }

  /// The limits leave room for one more call beside those in flight.
  private var hasRoom: Bool {
    if inFlight == 0 { return true }
    // What a call costs is not known before the first has come back.
    if spent.calls == 0, limits.tokens != nil || limits.cost != nil { return false }
    if let most = limits.calls, allSpent.calls + inFlight >= most { return false }
    if let most = limits.tokens, Double(allSpent.usage.totalTokens) + reservedTokens >= Double(most) { return false }
    if let most = limits.cost, allSpent.cost + reservedCost >= most { return false }
    return true
  }

  /// The mean of the calls so far.
  private var reservation: Reservation {
    guard limits.tokens != nil || limits.cost != nil else { return Reservation(tokens: 0, cost: 0) }
    let calls = Double(max(spent.calls, 1))
    return Reservation(tokens: Double(spent.usage.totalTokens) / calls, cost: spent.cost / calls)
  }

  private func count(calls: Int, _ usage: Usage, _ pricing: Pricing) {
    spent.calls += calls
    spent.usage += usage
    usageAt[pricing, default: Usage()] += usage
    // Of sums, so that it does not depend on the order in which answers come.
    spent.cost = usageAt.map { $0.cost(of: $1) }.sorted().reduce(0, +)
  }

  private func stopping(_ message: String) -> PolicyError {
    let error = PolicyError(.limitReached, message)
    stopReason = stopReason ?? error
    wakeAll()
    return error
  }

  private func wakeAll() {
    let woken = waiting
    waiting = []
    for continuation in woken { continuation.resume() }
  }
}
