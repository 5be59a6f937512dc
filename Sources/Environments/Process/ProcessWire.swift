import Agents

/// A request to a program: one JSON object on a line (`Documentation/process-environment.md`). Fields that are nil are
/// left out.
struct ProgramRequest {
  enum Operation: String { case hello, reset, step, snapshot, restore, close }

  let id: Int
  let op: Operation
  var `protocol`: Int?
  var episode: Int?
  var task: String?
  var action: String?
  /// Whether the policy's answer could be parsed as an action.
  var parsed: Bool?
  var snapshot: JSONValue?

  /// The request as a line without its line feed.
  var json: String {
    var fields: [String: JSONValue] = ["id": .integer(id), "op": .text(op.rawValue)]
    fields["protocol"] = self.protocol.map { .integer($0) }
    fields["episode"] = episode.map { .integer($0) }
    fields["task"] = task.map { .text($0) }
    fields["action"] = action.map { .text($0) }
    fields["parsed"] = parsed.map { .flag($0) }
    fields["snapshot"] = snapshot
    return JSONValue.object(fields).json
  }
}

/// A program's answer. Unknown keys are ignored.
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
  var snapshot: JSONValue?
}

extension ProgramReply {
  /// Reads a line. Invalid UTF-8 is repaired, as a terminal would do.
  init(line: [UInt8]) throws {
    let text = String(decoding: line, as: UTF8.self)
    self = try OutsideJSON.decode(ProgramReply.self, from: text)
    // Snapshots must be returned unchanged, but Foundation rounds long numbers.
    if snapshot != nil { snapshot = JSONValue(parsing: text)?["snapshot"] }
  }
}
