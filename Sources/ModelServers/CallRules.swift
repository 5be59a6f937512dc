/// How a model server is called: how long is waited, how often it is tried, and how much is asked of it at a time.
public struct CallRules: Sendable, Hashable {
  public var retry: RetryRule
  /// The longest one attempt may take, its body included, in seconds.
  public var timeout: Double
  /// The longest a call may take with all its attempts, in seconds.
  public var deadline: Double
  /// The most requests in flight.
  public var concurrency: Int
  /// Fewer are in flight where the server refuses calls or becomes slower (``ConcurrencyLimit``).
  public var isAdaptive: Bool
  /// Asks a second time where the first takes longer than this quantile of the latest latencies, in (0, 1), and takes the answer
  /// that comes first. nil for never: the server may charge for both.
  public var hedge: Double?
  /// Lets the prompts, and the key, go over the network unencrypted. Loopback needs no permission.
  public var allowsPlainHTTP: Bool
  /// The section of the configuration that all this comes from, for errors that say what to change.
  public var section: String

  public init(
    retry: RetryRule = RetryRule(), timeout: Double = 120, deadline: Double = 600, concurrency: Int = 64,
    isAdaptive: Bool = true, hedge: Double? = nil, allowsPlainHTTP: Bool = false,
    section: String = "policy"
  ) {
    self.retry = retry
    self.timeout = timeout
    self.deadline = deadline
    self.concurrency = concurrency
    self.isAdaptive = isAdaptive
    self.hedge = hedge
    self.allowsPlainHTTP = allowsPlainHTTP
    self.section = section
  }
}
