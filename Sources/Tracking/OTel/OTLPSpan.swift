import Agents

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

/// The ids of spans: digests of what they stand for, so that a resumed run gives the same.
enum SpanID {
  static func trace(_ run: String) -> String { digest("trace", run, "", "", "") }

  static func run(_ run: String) -> String { short("run", run, "", "", "") }
  static func task(_ task: TaskID, in run: String) -> String { short("task", run, task.rawValue, "", "") }

  static func attempt(_ particle: Int, at task: TaskID, in run: String) -> String {
    short("attempt", run, task.rawValue, "\(particle)", "")
  }

  /// - Parameter part: `step`, `call` or `world`.
  static func part(_ part: String, of key: CallKey) -> String {
    short(part, key.run, key.task.rawValue, "\(key.particle)", "\(key.step)")
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
