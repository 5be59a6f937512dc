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
  let observation: String?
  let choices: [String]?
  let reward: Double?
  let done: Bool?
  let invalid: Bool?
  // snapshot
  let snapshot: JSONValue?
}

extension ProgramReply {
  /// Reads a line. Bytes that are no UTF-8 are repaired, as a terminal would show them.
  init(line: [UInt8]) throws {
    self = try OutsideJSON.decode(ProgramReply.self, from: String(decoding: line, as: UTF8.self))
  }
}
