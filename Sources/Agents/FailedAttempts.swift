/// Failed attempts, counted by reason. They enter no mean and train no critic.
public struct FailedAttempts: Sendable, Hashable, Codable {
  /// The failed attempts of one kind.
  public struct Reason: Sendable, Hashable, Codable {
    /// The kind that they share.
    public let reason: AttemptFailure.Kind
    /// How many attempts failed for it; above 0.
    public let count: Int
    /// The message of one of them.
    public let example: String
    /// What to change, in the imperative: ``AttemptFailure/Kind/remedy``.
    public let remedy: String

    /// - Parameter example: the message of one of the failures.
    public init(_ reason: AttemptFailure.Kind, count: Int, example: String) {
      self.reason = reason
      self.count = count
      self.example = example
      remedy = reason.remedy
    }
  }

  /// The number of failed attempts over all reasons.
  public let count: Int
  /// The number of tasks all of whose attempts failed; they have no reward.
  public let tasks: Int
  /// The commonest reason first.
  public let reasons: [Reason]

  /// Zero failures.
  public static let none = FailedAttempts([Reason](), tasks: 0)

  /// - Parameters:
  ///   - failures: one for each failed attempt.
  ///   - tasks: the number of tasks all of whose attempts failed.
  public init(_ failures: [AttemptFailure], tasks: Int) {
    let kinds = Dictionary(grouping: failures, by: \.kind)
    self.init(kinds.map { Reason($0, count: $1.count, example: $1[0].message) }, tasks: tasks)
  }

  /// - Parameter reasons: in any order; counts of equal kinds are added.
  public init(_ reasons: [Reason], tasks: Int) {
    let kinds = Dictionary(grouping: reasons.filter { $0.count > 0 }, by: \.reason)
    self.reasons = kinds.map { kind, parts in
      Reason(kind, count: parts.reduce(0) { $0 + $1.count }, example: parts[0].example)
    }.sorted { ($1.count, $0.reason.rawValue) < ($0.count, $1.reason.rawValue) }
    self.tasks = tasks
    count = self.reasons.reduce(0) { $0 + $1.count }
  }

  /// One sentence for each reason, the commonest first; empty if none failed.
  public var sentences: [String] {
    reasons.map { reason in
      "\(reason.count) failed because \(reason.reason.clause): \(reason.remedy). One of them: \(Self.short(reason.example))"
    }
  }

  /// A summary such as "12 of 16 attempts failed and are left out of all figures", followed by ``sentences``.
  ///
  /// - Parameter attempts: the number of attempts in all.
  public func text(of attempts: Int) -> String {
    guard count > 0 else { return "" }
    let all =
      attempts > count ? "\(count) of \(attempts) attempts" : count == 1 ? "The attempt" : "All \(count) attempts"
    let without = tasks > 0 ? " \(tasks == 1 ? "1 task has" : "\(tasks) tasks have") no reward." : ""
    return (["\(all) failed and \(count == 1 ? "is" : "are") left out of all figures.\(without)"] + sentences).joined(
      separator: " ")
  }

  /// Messages may quote a server at length.
  private static func short(_ message: String) -> String {
    // The end matters most where a program's last words are quoted.
    message.count > 400 ? message.prefix(150) + " … " + message.suffix(250) : message
  }
}
