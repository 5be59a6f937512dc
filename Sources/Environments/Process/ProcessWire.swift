import Agents

/// A request to a program: one JSON object on a line (`Documentation/process-environment.md`). Fields that are nil are
/// left out.
struct ProgramRequest {
  enum Operation: String { case hello, reset, step, score, snapshot, restore, fork, close }

  let id: Int
  let op: Operation
  var `protocol`: Int?
  var revision: Int?
  var episode: Int?
  /// The number of a new episode.
  var copy: Int?
  var task: String?
  /// The text that the task was made of; nil for a task that the program lists.
  var description: String?
  var seed: Int?
  var action: String?
  /// Whether the policy's answer could be parsed as an action.
  var parsed: Bool?
  /// The policy's answer as a chat message, for a world that speaks in messages.
  var answer: OrderedJSON?
  /// The tool calls of the answer, with arguments as objects.
  var calls: OrderedJSON?
  var snapshot: JSONValue?

  /// The request as a line without its line feed.
  var json: String {
    var fields: [String: JSONValue] = ["id": .integer(id), "op": .text(op.rawValue)]
    fields["protocol"] = self.protocol.map { .integer($0) }
    fields["revision"] = revision.map { .integer($0) }
    fields["episode"] = episode.map { .integer($0) }
    fields["copy"] = copy.map { .integer($0) }
    fields["task"] = task.map { .text($0) }
    fields["description"] = description.map { .text($0) }
    fields["seed"] = seed.map { .integer($0) }
    fields["answer"] = answer.map { JSONValue($0) }
    fields["calls"] = calls.map { JSONValue($0) }
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
  let tasks: [String: [ProgramTask]]?
  let stepLimit: Int?
  let maximalReward: Double?
  let instructions: String?
  let snapshots: Bool?
  let forks: Bool?
  let conversation: Bool?
  let descriptions: Bool?
  let tools: ProgramTools?
  // reset and step
  let observation: String?
  let choices: [String]?
  let reward: Double?
  let done: Bool?
  let invalid: Bool?
  let rewards: [String: Double]?
  let pending: Bool?
  /// Why the attempt failed, by the program's own word.
  let failed: String?
  // snapshot
  var snapshot: JSONValue?
  /// The whole line, for what must be kept as it was written.
  private(set) var line = ""

  private enum CodingKeys: String, CodingKey {
    case id, error, name, version, tasks, stepLimit, maximalReward, instructions, snapshots, forks, conversation
    case descriptions, tools
    case observation, choices, reward, done, invalid, rewards, pending, failed, snapshot
  }

  /// The reward of the step. Without one it is the sum of its named parts, added in the order of their names, so that it
  /// is the same every time.
  var paid: Double { reward ?? (rewards ?? [:]).sorted { $0.key < $1.key }.reduce(0) { $0 + $1.value } }
}

/// A task as a program lists it: a name, or an object with what differs from the world's own.
struct ProgramTask: Decodable {
  let id: String
  var instructions: String?
  var stepLimit: Int?

  private enum CodingKeys: String, CodingKey { case id, instructions, stepLimit }

  init(from decoder: any Decoder) throws {
    if let name = try? decoder.singleValueContainer().decode(String.self) {
      id = name
      return
    }
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    id = try fields.decode(String.self, forKey: .id)
    instructions = try fields.decodeIfPresent(String.self, forKey: .instructions)
    stepLimit = try fields.decodeIfPresent(Int.self, forKey: .stepLimit)
  }
}

/// The tools of `hello` describe actions, the tools of a conversation are functions in the form of the chat API. The
/// latter are read from ``ProgramReply/line``.
enum ProgramTools: Decodable {
  case actions([ActionTool])
  case functions

  init(from decoder: any Decoder) throws {
    self = (try? [ActionTool](from: decoder)).map(ProgramTools.actions) ?? .functions
  }
}

extension ProgramReply {
  /// Reads a line. Invalid UTF-8 is repaired, as a terminal would do.
  init(line: [UInt8]) throws {
    let text = String(decoding: line, as: UTF8.self)
    self = try OutsideJSON.decode(ProgramReply.self, from: text)
    // Snapshots must be returned unchanged, but Foundation rounds long numbers.
    if snapshot != nil { snapshot = JSONValue(parsing: text)?["snapshot"] }
    self.line = text
  }
}
