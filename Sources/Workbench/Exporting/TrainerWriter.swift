import Agents
import Foundation

/// Examples for TRL's trainers, as JSON lines.
struct TrainerWriter: ExportWriter {
  private let sink: any ByteSink
  private let request: ExportRequest
  /// The trajectories of the present task, for forms that compare them.
  private var group: [ExportedTrajectory] = []
  private var count = 0

  init(_ sink: any ByteSink, _ request: ExportRequest) {
    self.sink = sink
    self.request = request
  }

  mutating func write(_ trajectory: ExportedTrajectory) async throws {
    // A failed attempt has no reward, and nothing is learned from it.
    guard let reward = trajectory.reward, trajectory.trajectory.count > 0 else { return }
    switch request.trainer {
    case .sft:
      guard reward >= request.threshold ?? -.infinity else { return }
      for conversation in trajectory.conversations {
        try await emit(["messages": .list(conversation.messages.map(\.trained))], trajectory)
      }
    case .dpo, .kto: group.append(trajectory)
    }
  }

  mutating func endTask() async throws {
    defer { group = [] }
    switch request.trainer {
    case .sft: return
    case .dpo:
      for pair in Preferences(group).pairs {
        guard let example = pair.example(nextMessageOnly: request.nextMessageOnly) else { continue }
        try await emit(example, pair.better)
      }
    case .kto:
      let rewards = group.compactMap(\.reward)
      let mean = rewards.reduce(0, +) / Double(max(rewards.count, 1))
      for trajectory in group {
        guard let reward = trajectory.reward else { continue }
        // Without a threshold an attempt says something only beside a better or worse one.
        guard request.threshold != nil || abs(reward - mean) > 1e-9 else { continue }
        for conversation in trajectory.conversations {
          guard let first = conversation.places.values.min() else { continue }
          try await emit(
            [
              "prompt": .list(conversation.messages[..<first].map(\.trained)),
              "completion": .list(conversation.messages[first...].map(\.trained)),
              "label": .flag(request.threshold.map { reward >= $0 } ?? (reward > mean)),
            ], trajectory)
        }
      }
    }
  }

  mutating func finish() -> Int { count }

  private mutating func emit(_ example: OrderedJSON, _ trajectory: ExportedTrajectory) async throws {
    var example = example
    if !trajectory.tools.isEmpty { example.set("tools", .text(OrderedJSON.list(trajectory.tools).json)) }
    try await sink.write(example.json + "\n")
    count += 1
  }
}

extension OrderedJSON {
  /// A message as chat templates take it: arguments of calls are objects, and content is a text.
  var trained: OrderedJSON {
    var message: OrderedJSON = ["role": self["role"] ?? "user", "content": .text(self["content"]?.text ?? "")]
    if self["content"]?.items != nil {
      var words = self
      words.remove("tool_calls")
      message.set("content", .text(words.readable))
    }
    if let calls = self["tool_calls"]?.items, !calls.isEmpty {
      message.set(
        "tool_calls",
        .list(
          calls.map { call in
            let arguments = call["function"]?["arguments"]
            let object = arguments?.text.flatMap(OrderedJSON.init(parsing:)) ?? arguments ?? [:]
            return [
              "type": "function",
              "function": [
                "name": call["function"]?["name"] ?? "", "arguments": object.members == nil ? [:] : object,
              ],
            ]
          }))
    }
    if self["role"]?.text == "tool" { message.set("tool_call_id", self["tool_call_id"] ?? "") }
    return message
  }
}
