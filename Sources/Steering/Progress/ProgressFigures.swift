import Agents

/// How far a run is, what it cost, and when it will end. A running process writes them into its store about once a
/// second.
public struct ProgressFigures: Sendable, Hashable, Codable {
  /// Whether the run goes on.
  public enum State: String, Sendable, Hashable, Codable {
    /// It goes on, or its process was killed.
    case running
    /// Every task is done.
    case done
    /// A limit, an interrupt or an error ended it.
    case stopped
  }

  /// What is done, in words.
  public var title = ""
  /// Whether the run goes on.
  public var state = State.running
  /// Why it ended early; nil if it did not.
  public var reason: String?
  /// Tasks of the run.
  public var tasks = 0
  /// Tasks that are done.
  public var tasksDone = 0
  /// Attempts that failed, of the tasks that are done.
  public var failed = 0
  /// Answers of the policy, stored ones included.
  public var calls = 0
  /// Answers that were read from the store.
  public var storedCalls = 0
  /// The most calls of all tasks together.
  public var mostCalls = 0
  /// Calls that were sent and not answered yet.
  public var inFlight = 0
  /// The calls that all tasks are expected to take, those made included.
  public var expectedCalls = 0
  /// Whether it may be much less than ``expectedCalls``.
  public var isBound = true
  /// The tokens of the answers.
  public var usage = Usage()
  /// Their price.
  public var cost = 0.0
  /// The prices.
  public var pricing = Pricing()
  /// Seconds since the start.
  public var seconds = 0.0
  /// Calls per second, recent ones most; nil before the first.
  public var callsPerSecond: Double?
  /// Seconds to the end; nil if nothing is known yet.
  public var secondsLeft: Double?
  /// The limit that is expected to end the run before its last call, by its configuration key; nil for none.
  public var endsBy: String?
  /// The limits, which several runs may share.
  public var limits = Limits()
  /// What was spent under these limits so far.
  public var spentCalls = 0
  /// Input plus output tokens under these limits.
  public var spentTokens = 0
  /// Money under these limits.
  public var spentCost = 0.0

  /// No figures yet.
  public init() {}
}

extension ProgressFigures {
  /// Sets what is expected, from the steps and calls so far.
  ///
  /// The calls to come take at least as long as their number at the present rate, and as the longest attempt's steps
  /// one after another.
  ///
  /// - Parameters:
  ///   - left: the steps to come.
  ///   - time: in seconds, as the rate has it.
  ///   - elapsed: seconds of the time limit that have passed.
  package mutating func expect(
    _ left: RemainingSteps.Estimate, _ rate: CallRate, at time: Double, elapsed: Double
  ) {
    expectedCalls = calls + Int(left.steps.rounded())
    isBound = left.isBound
    callsPerSecond = rate.perSecond(at: time)
    secondsLeft = nil
    endsBy = nil
    guard tasksDone < tasks else {
      secondsLeft = 0
      return
    }
    if let perSecond = callsPerSecond, perSecond > 0, let latency = rate.latency {
      // A call in flight is half done.
      let work = max(left.steps - Double(inFlight) / 2, 0) / perSecond
      secondsLeft = max(work, left.longest * latency)
    }
    for (key, seconds) in secondsToLimits(elapsed: elapsed) where seconds < secondsLeft ?? .infinity {
      (secondsLeft, endsBy) = (max(seconds, 0), key)
    }
  }

  /// Seconds until each limit is reached at the present rate.
  private func secondsToLimits(elapsed: Double) -> [(key: String, seconds: Double)] {
    var ends: [(String, Double)] = []
    if let most = limits.seconds { ends.append(("limits.seconds", most - elapsed)) }
    guard let perSecond = callsPerSecond, perSecond > 0 else { return ends }
    func add(_ key: String, _ left: Double, each: Double) {
      if each > 0 { ends.append((key, max(left / each - Double(inFlight) / 2, 0) / perSecond)) }
    }
    let spent = Double(max(spentCalls, 1))
    if let most = limits.calls { add("limits.calls", Double(most - spentCalls), each: 1) }
    if let most = limits.tokens, spentCalls > 0 {
      add("limits.tokens", Double(most - spentTokens), each: Double(spentTokens) / spent)
    }
    if let most = limits.cost, spentCalls > 0 { add("limits.cost", most - spentCost, each: spentCost / spent) }
    return ends
  }
}
