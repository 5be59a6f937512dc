/// The stable name of a task inside its world, the same on every machine and in every run.
///
/// Names are compared by their bytes, as the store compares them: Swift's texts are equal where they only look alike, so that "é"
/// written as one scalar and as two would be one task here and two tasks there.
public struct TaskID: RawRepresentable, Hashable, Codable, Sendable, Comparable,
  ExpressibleByStringLiteral, CustomStringConvertible
{
  public let rawValue: String

  public init(rawValue: String) { self.rawValue = rawValue }
  public init(_ rawValue: String) { self.rawValue = rawValue }
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

  /// In the order of their bytes, which is SQLite's.
  public static func < (a: TaskID, b: TaskID) -> Bool { a.rawValue.utf8.lexicographicallyPrecedes(b.rawValue.utf8) }

  public func hash(into hasher: inout Hasher) {
    var text = rawValue
    text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    // Occurs in no UTF-8 text: closes the name off.
    hasher.combine(0xff as UInt8)
  }
}

extension [TaskID] {
  /// The first name that stands in it a second time, or nil.
  package var firstRepeated: TaskID? {
    var seen: Set<TaskID> = []
    return first { !seen.insert($0).inserted }
  }
}

/// One task of a world: what is asked, and how many steps an agent may take over it.
public struct AgentTask: Sendable, Hashable, Codable {
  public let id: TaskID
  /// What the user asks for, in words; the critic compares the agent's choices with it. Empty where the world alone knows, and
  /// says it in the first observation: see ``Trajectory/request``.
  public let request: String
  /// The number of steps after which an unfinished trajectory is cut. At least 1.
  public let stepLimit: Int

  public init(id: TaskID, request: String, stepLimit: Int) {
    self.id = id
    self.request = request
    self.stepLimit = stepLimit
  }
}

/// The three disjoint sets of tasks. Splits are by task, never by step.
public enum Split: String, CaseIterable, Codable, Sendable {
  case train, validation, test
}
