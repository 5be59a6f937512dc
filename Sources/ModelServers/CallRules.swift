/// How a model server is called: timeouts, retries and concurrency.
public struct CallRules: Sendable, Hashable {
  /// How often a failed call is repeated, and after which pauses.
  public var retry: RetryRule
  /// The most seconds for one attempt, its body included.
  public var timeout: Double
  /// The most seconds for a call with all its attempts and pauses.
  public var deadline: Double
  /// The most requests in flight.
  public var concurrency: Int
  /// Whether the concurrency adapts: it falls when the server refuses calls or slows down (``ConcurrencyLimit``).
  public var isAdaptive: Bool
  /// Sends a call a second time if it takes longer than this quantile of recent latencies, in (0, 1), and uses the
  /// first answer. Nil for never, since the server may charge for both.
  public var hedge: Double?
  /// Permits unencrypted HTTP, key included, to hosts other than loopback.
  public var allowsPlainHTTP: Bool
  /// The configuration section named in error messages.
  public var section: String

  /// Rules that suit a hosted model; times are in seconds.
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
