import Agents

extension InspectLog {
  /// Messages that events refer to, each once: a conversation is in the log once, however many calls continue it.
  struct MessagePool {
    private(set) var messages: [OrderedJSON]

    /// The places of a prompt's messages as ranges of start and end. Those that the pool lacks are added.
    mutating func references(to prompt: [OrderedJSON]) -> OrderedJSON {
      var ranges: [Range<Int>] = []
      for message in prompt {
        let next = ranges.last?.upperBound ?? 0
        let place =
          messages.indices.contains(next) && messages[next] == message ? next : messages.firstIndex(of: message)
        if place == nil { messages.append(message) }
        let found = place ?? messages.count - 1
        if let last = ranges.last, last.upperBound == found {
          ranges[ranges.count - 1] = last.lowerBound..<found + 1
        } else {
          ranges.append(found..<found + 1)
        }
      }
      return .list(ranges.map { [.integer($0.lowerBound), .integer($0.upperBound)] })
    }
  }

  /// Two events for each step: the model's call, which `inspect view` shows as a turn, and what the step did and paid
  /// with the critic's value, which `cox import` reads.
  ///
  /// - Parameter messages: the trajectory's messages as the log has them.
  /// - Returns: the events, and the messages that they refer to.
  static func events(
    _ exported: ExportedTrajectory, of messages: [OrderedJSON], at time: String
  ) -> (events: [OrderedJSON], pool: MessagePool) {
    var pool = MessagePool(messages: messages)
    var seconds = 0.0
    let events = exported.trajectory.steps.indices.flatMap { number in
      let call = call(of: number, in: exported, &pool, at: time, start: seconds)
      seconds += exported.answers[number]?.seconds ?? 0
      return [call, outcome(of: number, in: exported, at: time, end: seconds)]
    }
    return (events, pool)
  }

  private static func call(
    of number: Int, in exported: ExportedTrajectory, _ pool: inout MessagePool, at time: String, start: Double
  ) -> OrderedJSON {
    let place = exported.places.indices.contains(number) ? exported.places[number] : nil
    // Up to its place, `messages` are what was said before the answer.
    let references: OrderedJSON =
      place.map { [[0, .integer($0)]] }
      ?? pool.references(to: (exported.prompts[number]?.messages ?? []).map(message))
    let answer = exported.answers[number]
    let said = message(
      exported.said.indices.contains(number)
        ? exported.said[number]
        : ["role": "assistant", "content": .text(exported.trajectory.steps[number].response)])
    var output: OrderedJSON = [
      "model": .text(exported.run.policy),
      "choices": [["message": said, "stop_reason": said["tool_calls"] == nil ? "stop" : "tool_calls"]],
      "completion": .text(said["content"]?.text ?? ""),
    ]
    if let usage = answer?.response.usage {
      output.set("usage", usage.inspected(cost: exported.pricing?.cost(of: usage)))
    }
    return [
      "event": "model", "uuid": .text("\(exported.id)/\(number + 1)/call"), "timestamp": .text(time),
      "working_start": .number(start), "model": .text(exported.run.policy), "input": [], "input_refs": references,
      "tools": [], "tool_choice": "auto", "config": [:], "output": output,
      "working_time": .number(ifGiven: answer?.seconds),
    ]
  }

  private static func outcome(
    of number: Int, in exported: ExportedTrajectory, at time: String, end: Double
  ) -> OrderedJSON {
    let step = exported.trajectory.steps[number]
    let outcome = step.outcome
    return [
      "event": "info", "uuid": .text("\(exported.id)/\(number + 1)"), "timestamp": .text(time),
      "working_start": .number(end), "source": "coxswain",
      "data": [
        "step": .integer(number + 1), "response": .text(step.response), "action": .text(step.action.text),
        "isParsed": .flag(step.action.isParsed), "observation": .text(outcome.observation.text),
        "choices": .texts(ifGiven: outcome.observation.choices), "reward": .number(outcome.reward),
        "rewards": .numbers(outcome.rewards), "isDone": .flag(outcome.isDone), "isInvalid": .flag(outcome.isInvalid),
        "value": .number(ifGiven: exported.values[number + 1]),
      ],
    ]
  }
}
