/// The stable name of a task within its world, the same on every machine and in every run.
///
/// Names are compared byte by byte, as the store compares them. Swift's `String` compares by canonical equivalence
/// instead, so that the two encodings of "é" would be one task here and two in the store.
public struct TaskID: RawRepresentable, Hashable, Codable, Sendable, Comparable,
  ExpressibleByStringLiteral, CustomStringConvertible
{
  /// The name as it is stored, such as `boil/17`.
  public let rawValue: String

  /// Takes any text as a name; whether a task of this name exists is checked by ``World/task(_:)``.
  public init(rawValue: String) { self.rawValue = rawValue }
  /// As ``init(rawValue:)``, without a label.
  public init(_ rawValue: String) { self.rawValue = rawValue }
  /// As ``init(rawValue:)``, for a name written in code.
  public init(stringLiteral value: String) { self.rawValue = value }

  public init(from decoder: any Decoder) throws {
    rawValue = try decoder.singleValueContainer().decode(String.self)
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(rawValue)
  }

  public var description: String { rawValue }

  public static func == (a: TaskID, b: TaskID) -> Bool { a.rawValue.utf8.elementsEqual(b.rawValue.utf8) }

  /// Byte order, which is also SQLite's.
  public static func < (a: TaskID, b: TaskID) -> Bool { a.rawValue.utf8.lexicographicallyPrecedes(b.rawValue.utf8) }

  public func hash(into hasher: inout Hasher) {
    var text = rawValue
    text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    // 0xFF occurs in no UTF-8 text, so it marks the end of the name.
    hasher.combine(0xff as UInt8)
  }
}

extension [TaskID] {
  /// The first task name that occurs twice, or nil.
  package var firstRepeated: TaskID? {
    var seen: Set<TaskID> = []
    return first { !seen.insert($0).inserted }
  }
}

/// One task of a world: the request and the maximal number of steps.
public struct AgentTask: Sendable, Hashable, Codable {
  /// The name under which the task's answers and trajectories are stored.
  public let id: TaskID
  /// The request in words; critics compare actions with it. Empty if only the first observation states it: see
  /// ``Trajectory/request``.
  public let request: String
  /// The number of steps after which an unfinished trajectory ends. At least 1.
  public let stepLimit: Int

  /// A task of at most `stepLimit` ≥ 1 steps.
  public init(id: TaskID, request: String, stepLimit: Int) {
    self.id = id
    self.request = request
    self.stepLimit = stepLimit
  }
}

/// The three disjoint sets of tasks. Splits are by task, never by step.
public enum Split: String, CaseIterable, Codable, Sendable {
  /// Train: critics and plans are fitted on it. Validation: they are calibrated and judged on it. Test: results are
  /// reported on it.
  case train, validation, test
}
