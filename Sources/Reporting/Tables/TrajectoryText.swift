import Agents
import Dialects

/// A readable trajectory: thought, action, observation, reward and critic value of every step.
package struct TrajectoryText: Sendable {
  package let trajectory: Trajectory
  package let format: ActionFormat
  /// The critic's expected return-to-go after each number of steps, in reward units.
  package let values: [Int: Double]
  /// The model's separate reasoning by step, counted from 0.
  package let reasoning: [Int: String]
  /// The steps, counted from 0, whose answers were cut off at the length limit.
  package let cutOff: Set<Int>
  /// Whether it is the conversation of an agent's own program with its model.
  package let isConversation: Bool
  /// Whether the rewards are known; those of an attempt under way may not be stored yet.
  package let hasRewards: Bool

  package init(
    _ trajectory: Trajectory, format: ActionFormat, values: [Int: Double] = [:], reasoning: [Int: String] = [:],
    cutOff: Set<Int> = [], isConversation: Bool = false, hasRewards: Bool = true
  ) {
    self.trajectory = trajectory
    self.format = format
    self.values = values
    self.reasoning = reasoning
    self.cutOff = cutOff
    self.isConversation = isConversation
    self.hasRewards = hasRewards
  }

  /// - Parameter width: the width in characters at which lines are wrapped.
  package func text(width: Int = 100) -> String {
    var lines: [String] = []
    var paid = 0.0
    func add(_ label: String, _ text: String) {
      // The width of the longest label and two spaces.
      let margin = 15
      for (number, line) in wrapped(text, width: max(width - margin, 20)).enumerated() {
        let head = number == 0 ? "  \(label)" : ""
        let padded = head + String(repeating: " ", count: margin - head.count) + line
        lines.append(String(padded.trimmingSuffix(while: { $0 == " " })))
      }
    }
    lines.append("Start" + value(after: 0))
    add(isConversation ? "User" : "Observation", trajectory.opening.text)
    for (place, step) in trajectory.steps.enumerated() {
      paid += step.outcome.reward
      lines.append("")
      lines.append(
        "Step \(place + 1)"
          + (hasRewards
            ? "  reward \(Format.number(step.outcome.reward, signed: true)), \(Format.number(paid)) so far" : "")
          + value(after: place + 1) + (cutOff.contains(place) ? "  answer cut off" : "")
          + (step.outcome.isInvalid ? "  invalid" : "") + Self.parts(of: step.outcome)
          + (step.outcome.isDone ? "  done" : ""))
      if let reasoning = reasoning[place] { add("Reasoning", reasoning) }
      if isConversation {
        let (words, calls) = Readable.parts(of: step.action.text)
        if !words.isEmpty || calls.isEmpty { add("Assistant", words) }
        for call in calls { add("Calls", "\(call.name) \(call.arguments)") }
        add(step.outcome.isDone ? "End" : calls.isEmpty ? "User" : "Tool", step.outcome.observation.text)
        continue
      }
      if let thought = format.thought(in: step.response, action: step.action) { add("Thought", thought) }
      add(step.action.isParsed ? "Action" : "No action", step.action.text)
      add("Observation", step.outcome.observation.text)
    }
    return lines.joined(separator: "\n")
  }

  /// The named parts of a reward, with sorted names.
  package static func parts(of outcome: Outcome) -> String {
    guard !outcome.rewards.isEmpty else { return "" }
    let parts = outcome.rewards.sorted { $0.key < $1.key }.map {
      "\($0.key.clipped(to: 40)) \(Format.number($0.value, signed: true))"
    }
    return " (\(parts.joined(separator: ", ")))"
  }

  private func value(after steps: Int) -> String {
    values[steps].map { "  critic \(Format.number($0)) to come" } ?? ""
  }
}

/// Wraps a text to lines of at most this many characters, between words if possible. Control characters are shown, and
/// a tab is four spaces.
func wrapped(_ text: String, width: Int) -> [String] {
  text.replacing("\r\n", with: "\n").replacing("\t", with: "    ").split(
    separator: "\n", omittingEmptySubsequences: false
  )
  .flatMap { wrappedLine(visible(String($0)), width: width) }
}

private func wrappedLine(_ line: String, width: Int) -> [String] {
  var lines: [String] = []
  var rest = line[...]
  while let end = rest.index(rest.startIndex, offsetBy: width, limitedBy: rest.endIndex), end < rest.endIndex {
    // The space at a line break is dropped.
    let space = rest[...end].lastIndex(of: " ").flatMap { $0 > rest.startIndex ? $0 : nil }
    lines.append(String(rest[..<(space ?? end)]))
    rest = rest[(space ?? end)...]
    if space != nil { rest = rest.dropFirst() }
  }
  return lines + [String(rest)]
}

extension String {
  fileprivate func trimmingSuffix(while predicate: (Character) -> Bool) -> Substring {
    var text = self[...]
    while let last = text.last, predicate(last) { text.removeLast() }
    return text
  }
}
