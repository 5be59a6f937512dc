import Agents
import Foundation

/// Writes trajectories in one format. They come task by task.
protocol ExportWriter {
  mutating func write(_ trajectory: ExportedTrajectory) async throws
  /// All trajectories of a task of a run, or of a task of a world for formats that compare runs, were written.
  mutating func endTask() async throws
  /// - Returns: the number of records.
  mutating func finish() async throws -> Int
}

extension ExportWriter {
  mutating func endTask() async throws {}
}

/// One trajectory a line.
struct LineWriter: ExportWriter {
  private let sink: any ByteSink
  private var count = 0

  init(_ sink: any ByteSink) { self.sink = sink }

  mutating func write(_ trajectory: ExportedTrajectory) async throws {
    try await sink.write(trajectory.json.json + "\n")
    count += 1
  }

  mutating func finish() -> Int { count }
}

/// AgentGym's trajectories: one JSON list.
struct AgentGymWriter: ExportWriter {
  private let sink: any ByteSink
  private var count = 0

  init(_ sink: any ByteSink) { self.sink = sink }

  /// What the model says after instructions in AgentGym's data.
  static let consent = "OK. I'll follow your instructions and try my best to solve the task."

  mutating func write(_ trajectory: ExportedTrajectory) async throws {
    try await sink.write((count == 0 ? "[\n" : ",\n") + Self.record(of: trajectory).json)
    count += 1
  }

  mutating func finish() async throws -> Int {
    try await sink.write(count == 0 ? "[]\n" : "\n]\n")
    return count
  }

  static func record(of trajectory: ExportedTrajectory) -> OrderedJSON {
    let answers = Set(trajectory.places.compactMap(\.self))
    var turns: [OrderedJSON] = []
    func say(_ speaker: OrderedJSON, _ text: String, loss: OrderedJSON) {
      turns.append(["from": speaker, "loss": loss, "value": .text(text)])
    }
    for (place, message) in trajectory.messages.enumerated() {
      let text = message.readable
      switch message["role"]?.text {
      case "system":
        say("human", text, loss: .null)
        say("gpt", Self.consent, loss: false)
      case "assistant": say("gpt", text, loss: .flag(answers.contains(place)))
      default: say("human", text, loss: .null)
      }
    }
    if let last = trajectory.trajectory.last { say("human", last.outcome.observation.text, loss: .null) }
    var record: OrderedJSON = ["item_id": .text(trajectory.task.rawValue), "conversations": .list(turns)]
    record.set("reward", .number(ifGiven: trajectory.reward))
    if let failure = trajectory.record.failure { record.set("error", .text(failure.message)) }
    return record
  }
}

extension OrderedJSON {
  /// The text of a message of chat. Tool calls are written as open models are trained on them; images and files by
  /// their kind.
  var readable: String {
    var texts: [String] = []
    if let text = self["content"]?.text {
      if !text.isEmpty { texts.append(text) }
    } else {
      for part in self["content"]?.items ?? [] {
        texts.append(part.text ?? part["text"]?.text ?? "[\(part["type"]?.text ?? "part")]")
      }
    }
    if let refusal = self["refusal"]?.text, !refusal.isEmpty { texts.append(refusal) }
    for call in self["tool_calls"]?.items ?? [] {
      let arguments = call["function"]?["arguments"]
      let value = arguments?.text.map { OrderedJSON(parsing: $0) ?? .text($0) } ?? arguments ?? [:]
      let json: OrderedJSON = ["name": call["function"]?["name"] ?? "", "arguments": value.sorted]
      texts.append("<tool_call>\(json.json)</tool_call>")
    }
    return texts.joined(separator: "\n")
  }
}
