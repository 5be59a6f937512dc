/// Attempts that failed, by reason. They are in no mean and train no critic.
public struct FailedAttempts: Sendable, Hashable, Codable {
  public struct Reason: Sendable, Hashable, Codable {
    public let reason: AttemptFailure.Kind
    public let count: Int
    /// What was said of one of them.
    public let example: String
    /// What to change.
    public let remedy: String

    public init(_ reason: AttemptFailure.Kind, count: Int, example: String) {
      self.reason = reason
      self.count = count
      self.example = example
      remedy = reason.remedy
    }
  }

  public let count: Int
  /// Tasks of which no attempt got through: they have no reward.
  public let tasks: Int
  /// The commonest first.
  public let reasons: [Reason]

  public static let none = FailedAttempts([Reason](), tasks: 0)

  /// - Parameters:
  ///   - failures: one for each failed attempt.
  ///   - tasks: of which no attempt got through.
  public init(_ failures: [AttemptFailure], tasks: Int) {
    let kinds = Dictionary(grouping: failures, by: \.kind)
    self.init(kinds.map { Reason($0, count: $1.count, example: $1[0].message) }, tasks: tasks)
  }

  /// - Parameter reasons: in any order; equal ones are put together.
  public init(_ reasons: [Reason], tasks: Int) {
    let kinds = Dictionary(grouping: reasons.filter { $0.count > 0 }, by: \.reason)
    self.reasons = kinds.map { kind, parts in
      Reason(kind, count: parts.reduce(0) { $0 + $1.count }, example: parts[0].example)
    }.sorted { ($1.count, $0.reason.rawValue) < ($0.count, $1.reason.rawValue) }
    self.tasks = tasks
    count = self.reasons.reduce(0) { $0 + $1.count }
  }

  /// One sentence for each reason, the commonest first, and nothing where none failed.
  public var sentences: [String] {
    reasons.map { reason in
      "\(reason.count) failed because \(reason.reason.clause): \(reason.remedy). One of them: \(Self.short(reason.example))"
    }
  }

  /// As in "12 of 16 attempts failed and are in no figure", then the sentences.
  ///
  /// - Parameter attempts: how many there were in all.
  public func text(of attempts: Int) -> String {
    guard count > 0 else { return "" }
    let all =
      attempts > count ? "\(count) of \(attempts) attempts" : count == 1 ? "The attempt" : "All \(count) attempts"
    let without = tasks > 0 ? " \(tasks == 1 ? "1 task has" : "\(tasks) tasks have") no reward." : ""
    return (["\(all) failed and \(count == 1 ? "is" : "are") in no figure.\(without)"] + sentences).joined(
      separator: " ")
  }

  /// Messages may quote a server at length.
  private static func short(_ message: String) -> String {
    message.count > 300 ? message.prefix(300) + "…" : message
  }
}
