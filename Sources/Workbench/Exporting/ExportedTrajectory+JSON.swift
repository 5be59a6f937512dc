import Agents
import RolloutStore

extension ExportedTrajectory {
  /// The trajectory as one object, in the order of the documentation.
  var json: OrderedJSON {
    [
      "id": .text(id), "run": .text(run.id), "verb": .text(run.verb), "method": .text(run.method),
      "isPrior": .flag(run.isPrior),
      "world": ["kind": .text(run.environment.kind), "rules": .text(run.environment.rules)],
      "policy": .text(run.policy), "format": .text(run.format.rawValue), "critic": .text(ifGiven: run.critic),
      "seed": .number(JSONNumber("\(run.seed)") ?? JSONNumber(0)), "task": .text(task.rawValue),
      "split": .text(ifGiven: split?.rawValue), "request": .text(trajectory.task.request),
      "stepLimit": .integer(trajectory.task.stepLimit), "particle": .integer(record.particle),
      "standing": .text(record.standing.rawValue), "reward": .number(ifGiven: reward),
      "rewards": .numbers(rewards), "logWeight": .number(ifGiven: record.logWeight),
      "failure": record.failure.map { ["kind": .text($0.kind.rawValue), "text": .text($0.message)] } ?? .null,
      "isDone": .flag(trajectory.isDone), "opening": .text(trajectory.opening.text),
      "choices": .texts(ifGiven: trajectory.opening.choices), "value": .number(ifGiven: values[0]),
      "messages": .list(messages), "isAsSent": .flag(isAsSent),
      "places": .list(places.map { $0.map(OrderedJSON.integer) ?? .null }), "tools": .list(tools),
      "steps": .list(steps),
      "usage": usageJSON,
    ]
  }

  private var usageJSON: OrderedJSON {
    let usage = usage
    var json = usage.exported
    json.set("calls", .integer(answers.values.count { !$0.isRefusal }))
    json.set("seconds", .number(seconds))
    json.set("cost", .number(ifGiven: pricing?.cost(of: usage)))
    return json
  }

  private var steps: [OrderedJSON] {
    trajectory.steps.enumerated().map { number, step in
      let outcome = step.outcome
      let answer = answers[number]
      return [
        "step": .integer(number + 1), "response": .text(step.response),
        "thought": .text(ifGiven: run.format.thought(in: step.response, action: step.action)),
        "reasoning": .text(ifGiven: answer?.response.reasoning),
        "action": .text(step.action.text), "isParsed": .flag(step.action.isParsed),
        "observation": .text(outcome.observation.text), "choices": .texts(ifGiven: outcome.observation.choices),
        "reward": .number(outcome.reward), "rewards": .numbers(outcome.rewards), "isDone": .flag(outcome.isDone),
        "isInvalid": .flag(outcome.isInvalid), "value": .number(ifGiven: values[number + 1]),
        "usage": answer.map(Self.call) ?? .null, "prompt": prompts[number].map(relative) ?? .null,
      ]
    }
  }

  private static func call(_ answer: AnswerRecord) -> OrderedJSON {
    var json = answer.response.usage.exported
    json.set("seconds", .number(answer.seconds))
    json.set("attempts", .integer(answer.response.attempts))
    json.set("logProbability", .number(ifGiven: answer.response.logProbability))
    json.set("isRefusal", .flag(answer.isRefusal))
    return json
  }

  /// A prompt as how many messages of the conversation it begins with, and those that follow.
  private func relative(_ prompt: Prompt) -> OrderedJSON {
    let kept = zip(prompt.messages, messages).prefix { $0 == $1 }.count
    var json: OrderedJSON = ["kept": .integer(kept), "messages": .list(Array(prompt.messages[kept...]))]
    json.set("tools", prompt.tools == tools ? .null : .list(prompt.tools))
    return json
  }
}

extension Usage {
  /// The counts, those that are 0 included.
  var exported: OrderedJSON {
    [
      "inputTokens": .integer(inputTokens), "cachedInputTokens": .integer(cachedInputTokens),
      "cacheWriteTokens": .integer(cacheWriteTokens), "outputTokens": .integer(outputTokens),
      "reasoningTokens": .integer(reasoningTokens), "savedInputTokens": .integer(savedInputTokens),
      "estimatedTokens": .integer(estimatedTokens), "cutOffAnswers": .integer(cutOffAnswers),
    ]
  }
}

extension OrderedJSON {
  static func text(ifGiven text: String?) -> OrderedJSON { text.map(OrderedJSON.text) ?? .null }
  /// `null` for numbers that are not finite, too.
  static func number(ifGiven number: Double?) -> OrderedJSON { number.map { .number($0) } ?? .null }
  static func texts(ifGiven texts: [String]?) -> OrderedJSON { texts.map { .list($0.map(OrderedJSON.text)) } ?? .null }
  static func numbers(_ numbers: [String: Double]) -> OrderedJSON {
    .object(numbers.sorted { $0.key < $1.key }.map { Member($0.key, .number($0.value)) })
  }
}
