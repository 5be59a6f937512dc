import Agents
import Steering

/// One span of OpenTelemetry.
struct OTLPSpan: Sendable {
  enum Kind: Int, Sendable {
    case `internal` = 1
    case client = 3
  }

  enum Value: Sendable {
    case text(String)
    case integer(Int)
    case number(Double)
    case flag(Bool)
  }

  var trace: String
  var id: String
  var parent: String?
  var name: String
  var kind = Kind.internal
  /// Nanoseconds since 1970.
  var start: UInt64
  var end: UInt64
  private(set) var attributes: [(key: String, value: Value)] = []
  /// What went wrong; nil if nothing did.
  var error: String?

  init(
    trace: String, id: String, parent: String?, name: String, kind: Kind = .internal, start: UInt64, end: UInt64
  ) {
    (self.trace, self.id, self.parent, self.name, self.kind) = (trace, id, parent, name, kind)
    (self.start, self.end) = (start, max(start, end))
  }

  mutating func set(_ key: String, _ text: String?) {
    if let text { attributes.append((key, .text(text))) }
  }

  mutating func set(_ key: String, _ number: Int?) {
    if let number { attributes.append((key, .integer(number))) }
  }

  /// JSON has no numbers that are not finite.
  mutating func set(_ key: String, _ number: Double?) {
    if let number, number.isFinite { attributes.append((key, .number(number))) }
  }

  mutating func set(_ key: String, _ flag: Bool) { attributes.append((key, .flag(flag))) }
}

/// The ids of a run's spans: digests of what they stand for, so that a resumed run gives the same.
struct SpanIDs: Sendable {
  /// Commands and methods with the same answers share a run, and have traces of their own.
  private let scope: String

  init(_ run: RunTrace) { scope = "\(run.run) \(run.verb) \(run.settings.method.rawValue)" }

  var trace: String { Self.digest("trace", scope, "", "", "") }
  var run: String { Self.short("run", scope, "", "", "") }

  func task(_ task: TaskID) -> String { Self.short("task", scope, task.rawValue, "", "") }

  func attempt(_ particle: Int, at task: TaskID) -> String {
    Self.short("attempt", scope, task.rawValue, "\(particle)", "")
  }

  /// - Parameter part: `step`, `call` or `world`.
  func part(_ part: String, of key: CallKey) -> String {
    Self.short(part, scope, key.task.rawValue, "\(key.particle)", "\(key.step)")
  }

  private static func short(_ kind: String, _ run: String, _ task: String, _ place: String, _ step: String) -> String {
    String(digest(kind, run, task, place, step).prefix(16))
  }

  private static func digest(_ kind: String, _ run: String, _ task: String, _ place: String, _ step: String) -> String {
    var digest = Digest()
    digest.add(kind, run, task, place, step)
    return digest.text
  }
}
