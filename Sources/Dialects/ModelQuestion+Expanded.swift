import Agents

extension ModelQuestion {
  /// The response that a question of Responses continues; nil if it continues none.
  package var previousResponse: String? { body["previous_response_id"]?.text }

  /// The same question without `previous_response_id`: the previous input and output come before its own input. Its
  /// instructions alone count, as in OpenAI's API.
  ///
  /// - Parameters:
  ///   - body: the previous question, itself expanded.
  ///   - answer: its answer in the dialect Responses.
  package func expanded(previous: (body: OrderedJSON, answer: OrderedJSON)) -> ModelQuestion {
    // Servers send nulls which they do not accept.
    let output = (previous.answer["output"]?.items ?? []).map { item in
      item.members.map { .object($0.filter { !$0.value.isNull }) } ?? item
    }
    var question = self
    question.body.set(
      "input", .list(Self.items(previous.body["input"]) + output + Self.items(body["input"])))
    question.body.remove("previous_response_id")
    return question
  }

  private static func items(_ input: OrderedJSON?) -> [OrderedJSON] {
    if let text = input?.text { return [["role": "user", "content": .text(text)]] }
    return input?.items ?? []
  }
}
