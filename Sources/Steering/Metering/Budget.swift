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

/// Counts what a run uses and ends it at its limits.
///
/// Each call in flight counts as one call with the mean tokens and cost of finished calls. A call that would exceed a
/// limit only because of calls in flight waits for them: they may fail or cost less.
public actor Budget {
  /// The assumed tokens and cost of a call in flight.
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
  /// The usage at each price.
  private var usageAt: [Pricing: Usage] = [:]
  private var inFlight = 0
  private var reservedTokens = 0.0
  private var reservedCost = 0.0
  private var waiting: [CheckedContinuation<Void, Never>] = []
  private var stopReason: PolicyError?
  /// The tasks of runs whose stored answers are counted. Their later answers are counted when they arrive.
  private var counted: Set<CountedTask> = []

  /// A task of a run. Names are compared by their bytes.
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

  /// Ends the run cleanly: calls in flight finish and are stored, further calls are refused with this message.
  public func stop(_ message: String) {
    stopReason = stopReason ?? PolicyError(.cancelled, message)
    wakeAll()
  }

  /// Refuses all further calls after an answer could not be stored, since further answers would be paid for and lost
  /// too.
  func fail(_ error: PolicyError) {
    stopReason = stopReason ?? error
    wakeAll()
  }

  /// Reserves one call. Throws the reached limit if no call is left.
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
  /// - Parameter pricing: the caller's prices, if they differ from the policy's.
  func settle(_ reservation: Reservation, _ usage: Usage?, pricing own: Pricing? = nil) {
    inFlight -= 1
    reservedTokens -= reservation.tokens
    reservedCost -= reservation.cost
    if let usage { count(calls: 1, usage, own ?? pricing) }
    wakeAll()
  }

  /// Counts the stored answers of a run for a task, once. An earlier part of the run paid for them.
  func countStored(run: String, task: TaskID, calls: Int, _ usage: Usage, pricing own: Pricing? = nil) {
    guard counted.insert(CountedTask(run: run, task: task)).inserted else { return }
    count(calls: calls, usage, own ?? pricing)
  }

  // MARK: - Limits

  /// What progress is reported from.
  package var standing: (inFlight: Int, limits: Limits, spent: Spending, elapsed: Double) {
    (inFlight, limits, allSpent, (ContinuousClock.now - start).inSeconds)
  }

  /// How many more calls `limits.calls` allows; nil if it does not apply.
  var callsLeft: Int? { limits.calls.map { max($0 - allSpent.calls, 0) } }

  private var allSpent: Spending { earlier + spent }

  /// The reached limit in words, or nil.
  private var reached: String? {
    if let most = limits.calls, allSpent.calls >= most {
      return "Reached limits.calls, \(most) model calls. Raise it and run the same command again to continue."
    }
    if let most = limits.tokens, allSpent.usage.totalTokens >= most {
      return
        "Reached limits.tokens, \(most) tokens\(estimateNote). Raise it and run the same command again to continue."
    }
    if let most = limits.cost, allSpent.cost >= most {
      return
        "Reached limits.cost, \(most)\(estimateNote). Raise it and run the same command again to continue."
    }
    return isOutOfTime ? outOfTime : nil
  }

  private var estimateNote: String {
    allSpent.usage.estimatedTokens > 0 ? " (by an estimate from the text, since the server reports no usage)" : ""
  }

  /// Why nothing more may be sent, even by calls already admitted: stopped, or out of time. Nil while the run
  /// continues.
  public var end: PolicyError? {
    if let stopReason, stopReason.kind != .limitReached { return stopReason }
    return isOutOfTime ? stopping(outOfTime) : nil
  }

  private var isOutOfTime: Bool {
    limits.seconds.map { (ContinuousClock.now - start).inSeconds >= $0 } ?? false
  }

  private var outOfTime: String {
    "Reached limits.seconds, \(limits.seconds ?? 0) s. Run the same command again to continue."
  }

  /// Whether the limits allow one more call in addition to those in flight.
  private var hasRoom: Bool {
    if inFlight == 0 { return true }
    // The cost of a call is unknown before the first one has finished.
    if spent.calls == 0, limits.tokens != nil || limits.cost != nil { return false }
    if let most = limits.calls, allSpent.calls + inFlight >= most { return false }
    if let most = limits.tokens, Double(allSpent.usage.totalTokens) + reservedTokens >= Double(most) { return false }
    if let most = limits.cost, allSpent.cost + reservedCost >= most { return false }
    return true
  }

  /// The mean of the finished calls.
  private var reservation: Reservation {
    guard limits.tokens != nil || limits.cost != nil else { return Reservation(tokens: 0, cost: 0) }
    let calls = Double(max(spent.calls, 1))
    return Reservation(tokens: Double(spent.usage.totalTokens) / calls, cost: spent.cost / calls)
  }

  private func count(calls: Int, _ usage: Usage, _ pricing: Pricing) {
    spent.calls += calls
    spent.usage += usage
    usageAt[pricing, default: Usage()] += usage
    // Computed from sums, so that it does not depend on the order of the answers.
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
