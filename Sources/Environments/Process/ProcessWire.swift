import Agents
import Foundation

/// What is asked of a program: one JSON object on a line (`Documentation/process-environment.md`). What is nil is left out.
struct ProgramRequest: Encodable {
  enum Operation: String, Encodable { case hello, reset, step, snapshot, restore, close }

  let id: Int
  let op: Operation
  var `protocol`: Int?
  var episode: Int?
  var task: String?
  var action: String?
  /// The answer could be read as an action.
  var parsed: Bool?
  var snapshot: JSONValue?
}

/// What a program answers. Unknown keys are ignored.
struct ProgramReply: Decodable {
  let id: Int?
  let error: String?
  // hello
  let name: String?
  let version: String?
  let tasks: [String: [String]]?
  let stepLimit: Int?
  let maximalReward: Double?
  let instructions: String?
  let snapshots: Bool?
  let tools: [ActionTool]?
  // reset and step
  let request: String?
  let observation: String?
  let choices: [String]?
  let reward: Double?
  let done: Bool?
  let invalid: Bool?
  // snapshot
  let snapshot: JSONValue?
}

/// Any JSON, kept as it is: a snapshot is the program's own business.
public enum JSONValue: Codable, Sendable, Hashable {
  case null
  case flag(Bool)
  case integer(Int)
  case number(Double)
  case text(String)
  case list([JSONValue])
  case object([String: JSONValue])

  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      self = .null
    } else if let value = try? container.decode(Bool.self) {
      self = .flag(value)
    } else if let value = try? container.decode(Int.self) {
      self = .integer(value)
    } else if let value = try? container.decode(Double.self) {
      self = .number(value)
    } else if let value = try? container.decode(String.self) {
      self = .text(value)
    } else if let value = try? container.decode([JSONValue].self) {
      self = .list(value)
    } else {
      self = .object(try container.decode([String: JSONValue].self))
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .null: try container.encodeNil()
    case .flag(let value): try container.encode(value)
    case .integer(let value): try container.encode(value)
    case .number(let value): try container.encode(value)
    case .text(let value): try container.encode(value)
    case .list(let value): try container.encode(value)
    case .object(let value): try container.encode(value)
    }
  }
}
