import Agents
import Foundation

/// The tasks of an agent: a file with one JSON object on each line.
struct AgentTasks: Sendable {
  struct Entry: Sendable {
    let id: TaskID
    let split: Split
    /// What `{input}` stands for; empty if the line has none.
    let input: String
    /// The line.
    let json: String
    let maximalReward: Double?
  }

  /// Of one variable of an environment; Linux allows 128 KB.
  fileprivate static let longestLine = 100_000

  let entries: [Entry]
  private let places: [TaskID: Int]

  /// - Throws: `misconfigured` with the number of the line.
  init(text: String, file: String) throws(WorldError) {
    var entries: [Entry] = []
    var places: [TaskID: Int] = [:]
    for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      let line = String(line.trimmed)
      guard !line.isEmpty else { continue }
      func wrong(_ reason: String) -> WorldError {
        WorldError(.misconfigured, "\(file), line \(number + 1): \(reason)")
      }
      guard let json = JSONValue(parsing: line), let fields = json.fields else {
        throw wrong(#"it is not a JSON object. Write one task on a line, such as {"id": "a", "input": "…"}."#)
      }
      guard let id = (fields["id"]?.text ?? fields["id"]?.integer.map(String.init)), !id.isEmpty else {
        throw wrong(#"the task has no "id"."#)
      }
      guard line.utf8.count <= Self.longestLine else {
        throw wrong(
          """
          the task has \(line.utf8.count) bytes, more than a program can get in its environment (\(Self.longestLine)). Put \
          long texts into files, and their names into the task.
          """)
      }
      var split = Self.split(of: id)
      if let given = fields["split"], given != .null {
        guard let named = given.text.flatMap(Split.init) else {
          throw wrong("split is \(given.json.clipped(to: 40)); it is train, validation or test.")
        }
        split = named
      }
      var maximum: Double?
      if let given = fields["maximalReward"], given != .null {
        guard let number = given.amount, number.isFinite, number > 0 else {
          throw wrong("maximalReward is \(given.json.clipped(to: 40)); it is a number above 0.")
        }
        maximum = number
      }
      guard places.updateValue(entries.count, forKey: TaskID(id)) == nil else {
        throw wrong("there is another task with the id \(id.clipped(to: 80)).")
      }
      entries.append(
        Entry(
          id: TaskID(id), split: split, input: fields["input"].map(\.shown) ?? "", json: line, maximalReward: maximum))
    }
    guard !entries.isEmpty else { throw WorldError(.misconfigured, "\(file) has no task.") }
    self.entries = entries
    self.places = places
  }

  subscript(id: TaskID) -> Entry? { places[id].map { entries[$0] } }

  /// The entry of a task: in the file, or made of the text that describes the task; nil for a task of another world.
  subscript(task: AgentTask) -> Entry? {
    self[task.id] ?? (task.isDescribed ? try? Entry(describedBy: task.request) : nil)
  }

  /// The split of a task that states none: six of ten tasks train, one validates, three test, by a hash of the id.
  static func split(of id: String) -> Split {
    switch Seed(0).split(id).rawValue % 10 {
    case 0..<6: .train
    case 6: .validation
    default: .test
    }
  }
}

extension AgentTasks.Entry {
  /// A task that is in no file. Its line has the text as `input`.
  ///
  /// - Throws: `misconfigured` if a program cannot get the text.
  init(describedBy text: String) throws(WorldError) {
    id = TaskID(describedBy: text)
    split = .test
    input = text
    json = JSONValue.object(["id": .text(id.rawValue), "input": .text(text)]).json
    maximalReward = nil
    guard !text.unicodeScalars.contains("\0") else {
      throw WorldError(.misconfigured, "The description has a zero byte, which no program can get.")
    }
    guard json.utf8.count <= AgentTasks.longestLine else {
      throw WorldError(
        .misconfigured,
        """
        The description has \(json.utf8.count) bytes as JSON, more than a program can get in its environment \
        (\(AgentTasks.longestLine)).
        """)
    }
  }
}
