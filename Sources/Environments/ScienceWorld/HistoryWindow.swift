import Agents

/// How much of the past a policy is shown: the task and the present always and whole, and the newest exchanges that fit.
public struct HistoryWindow: Sendable, Hashable {
  /// Characters that the exchanges between the task and the present may have in all; nil for no limit.
  public let limit: Int?

  public init(limit: Int?) { self.limit = limit }

  public func transcript(instructions: String, history trajectory: Trajectory) -> Transcript {
    let steps = trajectory.steps
    let dropped = dropped(from: steps)
    guard dropped > 0 else { return Transcript(instructions: instructions, history: trajectory) }
    // Turns alternate, so what followed the last exchange left out joins the task in one turn.
    var entries: [Transcript.Entry] = [
      .instructions(instructions),
      .prompt(
        """
        \(trajectory.opening.text)

        (\(dropped) earlier \(dropped == 1 ? "step is" : "steps are") left out here; after \
        \(dropped == 1 ? "it" : "them"), "\(steps[dropped - 1].action.text)" gave:)
        \(steps[dropped - 1].outcome.observation.text)
        """),
    ]
    for step in steps[dropped...] {
      entries.append(.response(step.response))
      entries.append(.prompt(step.outcome.observation.text))
    }
    return Transcript(entries: entries)
  }

  /// How many of the oldest exchanges do not fit. The newest observation counts for nothing, since it is always shown.
  private func dropped(from steps: [Step]) -> Int {
    guard let limit else { return 0 }
    var left = limit
    for place in steps.indices.reversed() {
      // An exchange: what the policy answered, and what it had read before.
      left -= steps[place].response.count
      if place > 0 { left -= steps[place - 1].outcome.observation.text.count }
      if left < 0 { return place + 1 }
    }
    return 0
  }
}
