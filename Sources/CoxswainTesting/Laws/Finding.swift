/// The result of one law or check for a world, policy or critic.
public struct Finding: Sendable, Hashable, Codable, CustomStringConvertible {
  /// How serious a finding is.
  public enum Verdict: String, Sendable, Codable {
    /// The law is kept.
    case fine
    /// Results stay correct, at some cost in efficiency or convenience.
    case warning
    /// Results are wrong.
    case wrong
  }

  /// The law, in a word or two.
  public let name: String
  /// How serious it is.
  public let verdict: Verdict
  /// What was observed, and where.
  public let detail: String

  /// - Parameters:
  ///   - name: the law, in a word or two.
  ///   - detail: what was observed, and where.
  public init(_ name: String, _ verdict: Verdict, _ detail: String) {
    self.name = name
    self.verdict = verdict
    self.detail = detail
  }

  public var description: String { "\(name): \(detail)" }

  /// The same finding, as a warning if it was wrong.
  func softened() -> Finding { verdict == .wrong ? Finding(name, .warning, detail) : self }
}

/// The laws that a world, policy or critic breaks.
public struct BrokenLaws: Error, Sendable, Hashable, CustomStringConvertible {
  /// What was checked, such as a world's identity.
  public let subject: String
  /// The findings that are wrong, in the order of the laws; at least one.
  public let findings: [Finding]

  public var description: String {
    "\(subject) breaks \(findings.count) law\(findings.count == 1 ? "" : "s"). "
      + findings.map(\.description).joined(separator: "; ")
  }

  /// - Throws: ``BrokenLaws`` if one of `findings` is wrong.
  static func check(_ findings: [Finding], of subject: String) throws(BrokenLaws) {
    let wrong = findings.filter { $0.verdict == .wrong }
    if !wrong.isEmpty { throw BrokenLaws(subject: subject, findings: wrong) }
  }
}
