import Agents
import Foundation
import RolloutStore

/// One attempt of a file in the form of `cox export --format jsonl`, with what other forms have in addition. The other
/// forms are brought into this one before they are read.
struct AttemptRecord {
  /// The most bytes of a task's name.
  private static let longestName = 1024

  let json: OrderedJSON

  init(_ json: OrderedJSON) throws {
    guard json.members != nil else { throw BadRecord("it is no object") }
    self.json = json
  }

  /// The record of AgentGym as one with messages.
  init(agentGym json: OrderedJSON) throws {
    guard let turns = json["conversations"]?.items else {
      throw BadRecord("it has no list conversations")
    }
    var record: OrderedJSON = [:]
    record.set("task", json["item_id"] ?? .null)
    for key in ["reward", "request", "split", "policy", "run", "particle", "stepLimit", "isDone"] {
      record.set(key, ifGiven: json[key])
    }
    if let error = json["error"]?.text { record.set("failure", ["kind": "unknown", "text": .text(error)]) }
    var messages: [OrderedJSON] = []
    var places: [OrderedJSON] = []
    for turn in turns {
      guard let text = turn["value"]?.text else { throw BadRecord("a turn of conversations has no text value") }
      switch turn["from"]?.text {
      case "gpt", "assistant":
        // What has no loss was not said by the agent: the consent to the instructions, or a worked example.
        if turn["loss"]?.flag != false { places.append(.integer(messages.count)) }
        messages.append(["role": "assistant", "content": .text(text)])
      case "human", "user": messages.append(["role": "user", "content": .text(text)])
      case "system": messages.append(["role": "system", "content": .text(text)])
      default: throw BadRecord("a turn of conversations is from neither human nor gpt")
      }
    }
    record.set("messages", .list(messages))
    record.set("places", .list(places))
    self.json = record
  }

  // MARK: - Parts

  var task: TaskID {
    get throws {
      guard let value = json["task"] ?? json["item_id"], !value.isNull else { throw BadRecord("it names no task") }
      let name = value.text ?? value.integer.map(String.init) ?? ""
      guard !name.isEmpty else { throw BadRecord("its task is no text") }
      guard name.utf8.count <= Self.longestName else {
        throw BadRecord("the name of its task is longer than \(Self.longestName) bytes")
      }
      return TaskID(name)
    }
  }

  var split: Split? {
    get throws {
      guard let name = try text("split") else { return nil }
      guard let split = Split(rawValue: name) else {
        throw BadRecord("its split is \"\(name.clipped(to: 40))\", and not train, validation or test")
      }
      return split
    }
  }

  var standing: TrajectoryRecord.Standing {
    get throws {
      guard let name = try text("standing") else { return .final }
      guard let standing = TrajectoryRecord.Standing(rawValue: name) else {
        throw BadRecord("its standing is \"\(name.clipped(to: 40))\", and not final, banked or culled STEP")
      }
      return standing
    }
  }

  var particle: Int? {
    get throws {
      guard let number = try whole("particle") else { return nil }
      guard (0..<1_000_000_000).contains(number) else { throw BadRecord("its particle is \(number)") }
      return number
    }
  }

  var world: WorldIdentity? {
    guard let world = json["world"], let kind = world["kind"]?.text else { return nil }
    return WorldIdentity(kind: kind, rules: world["rules"]?.text ?? "")
  }

  var failure: AttemptFailure? {
    guard let failure = json["failure"], !failure.isNull else { return nil }
    let kind = failure["kind"]?.text.flatMap(AttemptFailure.Kind.init) ?? .unknown
    return AttemptFailure(kind, failure["text"]?.text ?? failure.text ?? "it failed")
  }

  /// nil if there is none. A failed attempt has none.
  var reward: Double? {
    get throws { try number("reward") }
  }

  // MARK: - Values

  /// nil for a missing value and for `null`.
  func text(_ key: String) throws -> String? { try Self.text(key, of: json) }
  func number(_ key: String) throws -> Double? { try Self.number(key, of: json) }
  func whole(_ key: String) throws -> Int? { try Self.whole(key, of: json) }
  func flag(_ key: String) throws -> Bool? { try Self.flag(key, of: json) }

  static func text(_ key: String, of json: OrderedJSON) throws -> String? {
    guard let value = json[key], !value.isNull else { return nil }
    guard let text = value.text else { throw BadRecord("\(key) is no text") }
    return text
  }

  static func number(_ key: String, of json: OrderedJSON) throws -> Double? {
    guard let value = json[key], !value.isNull else { return nil }
    if let flag = value.flag { return flag ? 1 : 0 }
    guard let number = value.double, number.isFinite else { throw BadRecord("\(key) is no finite number") }
    return number
  }

  static func whole(_ key: String, of json: OrderedJSON) throws -> Int? {
    guard let value = json[key], !value.isNull else { return nil }
    guard let number = value.integer else { throw BadRecord("\(key) is no whole number") }
    return number
  }

  static func flag(_ key: String, of json: OrderedJSON) throws -> Bool? {
    guard let value = json[key], !value.isNull else { return nil }
    guard let flag = value.flag else { throw BadRecord("\(key) is neither true nor false") }
    return flag
  }

  static func texts(_ key: String, of json: OrderedJSON) throws -> [String]? {
    guard let value = json[key], !value.isNull else { return nil }
    guard let items = value.items, items.allSatisfy({ $0.text != nil }) else {
      throw BadRecord("\(key) is no list of texts")
    }
    return items.compactMap(\.text)
  }

  static func numbers(_ key: String, of json: OrderedJSON) throws -> [String: Double] {
    guard let value = json[key], !value.isNull else { return [:] }
    guard let members = value.members else { throw BadRecord("\(key) is no object of numbers") }
    var numbers: [String: Double] = [:]
    for member in members { numbers[member.key] = try number(member.key, of: value) }
    return numbers
  }
}
