import Agents

/// An answer cannot be read: it is not JSON of its dialect.
package struct UnreadableAnswerError: Error, Sendable, Hashable, CustomStringConvertible {
  package let description: String

  init(_ dialect: ModelDialect, lacks: String) {
    description = "The server's answer in the dialect \(dialect.rawValue) has no \(lacks)."
  }
}

/// An answer of a model, independent of its dialect.
package struct NeutralAnswer: Sendable, Hashable {
  /// Why the answer ended.
  package enum Finish: Sendable, Hashable {
    case stop, length, toolCalls, contentFilter
    case other(String)
  }

  /// What the model said, in order.
  package var parts: [AnswerPart]
  /// Why the answer ended.
  package var finish: Finish
  /// The tokens that the server reports; nil if it reports none.
  package var usage: Usage?
  /// Log-probabilities in the form of the server's dialect.
  package var logProbabilities: OrderedJSON?
  /// The sum of the log-probabilities of the answer's tokens; nil if the server reports none.
  package var logProbability: Double?

  package init(
    parts: [AnswerPart], finish: Finish = .stop, usage: Usage? = nil, logProbabilities: OrderedJSON? = nil,
    logProbability: Double? = nil
  ) {
    self.parts = parts
    self.finish = finish
    self.usage = usage
    self.logProbabilities = logProbabilities
    self.logProbability = logProbability
  }

  /// The texts of the answer, without thoughts and refusals.
  package var texts: [String] { parts.texts }
  /// The thoughts, in order.
  package var reasoning: [Reasoning] { parts.reasoning }
  /// The tool calls, in order.
  package var calls: [CalledTool] { parts.calls }
  /// The text of a refusal; nil if there is none.
  package var refusal: String? { parts.refusal }

  /// Reads an answer. Parts that no other dialect has are ignored, since a complete answer was paid for.
  ///
  /// - Throws: an error if there is no answer in the JSON at all.
  package init(_ json: OrderedJSON, _ dialect: ModelDialect) throws(UnreadableAnswerError) {
    switch dialect {
    case .chat: try self.init(chat: json)
    case .responses: try self.init(responses: json)
    case .messages: try self.init(messages: json)
    case .text: try self.init(text: json)
    }
    // Ids are needed to answer calls, and some servers give none.
    for place in parts.indices {
      guard case .call(var call) = parts[place], call.id.isEmpty else { continue }
      var digest = Digest()
      digest.add(json.json, "\(place)")
      call.id = "call_" + digest.text.prefix(24)
      parts[place] = .call(call)
    }
    if finish == .stop, !calls.isEmpty { finish = .toolCalls }
  }

  /// The whole answer in a dialect, as its official clients read it. Usage that is unknown is written as 0.
  ///
  /// - Parameters:
  ///   - model: the name that the program asked for.
  ///   - created: seconds since 1970.
  package func json(in dialect: ModelDialect, model: String, id: String, created: Int) -> OrderedJSON {
    switch dialect {
    case .chat: chatJSON(model: model, id: id, created: created)
    case .responses: responsesJSON(model: model, id: id, created: created)
    case .messages: messagesJSON(model: model, id: id)
    case .text: textJSON(model: model, id: id, created: created)
    }
  }
}

extension OrderedJSON {
  /// A number of tokens as a server reports it, limited to a plausible range, since sums of it are computed.
  var tokens: Int {
    let number = double ?? text.flatMap(Double.init) ?? 0
    return number > 0 ? Int(min(number, 1e9)) : 0
  }
}

extension Usage {
  /// The usage of an answer of OpenAI's APIs, nil if it has none.
  init?(openAI usage: OrderedJSON?) {
    let asked = usage?["prompt_tokens"] ?? usage?["input_tokens"]
    let said = usage?["completion_tokens"] ?? usage?["output_tokens"]
    guard let usage, asked != nil || said != nil else { return nil }
    let (input, output) = (asked?.tokens ?? 0, said?.tokens ?? 0)
    let details = usage["prompt_tokens_details"] ?? usage["input_tokens_details"]
    let thoughts = (usage["completion_tokens_details"] ?? usage["output_tokens_details"])?["reasoning_tokens"]
    let cached = min(details?["cached_tokens"]?.tokens ?? 0, input)
    self.init(
      inputTokens: input, cachedInputTokens: cached,
      cacheWriteTokens: min(details?["cache_write_tokens"]?.tokens ?? 0, input - cached), outputTokens: output,
      reasoningTokens: min(thoughts?.tokens ?? 0, output))
  }

  /// The usage of an answer of Anthropic's API, whose input tokens exclude the cache.
  init?(messages usage: OrderedJSON?) {
    guard let usage, usage["input_tokens"] != nil || usage["output_tokens"] != nil else { return nil }
    let read = usage["cache_read_input_tokens"]?.tokens ?? 0
    let written = usage["cache_creation_input_tokens"]?.tokens ?? 0
    let output = usage["output_tokens"]?.tokens ?? 0
    self.init(
      inputTokens: (usage["input_tokens"]?.tokens ?? 0) + read + written, cachedInputTokens: read,
      cacheWriteTokens: written, outputTokens: output,
      reasoningTokens: min(usage["output_tokens_details"]?["thinking_tokens"]?.tokens ?? 0, output))
  }

  /// The usage as an answer in a dialect has it.
  func json(in dialect: ModelDialect) -> OrderedJSON {
    switch dialect {
    case .chat, .text:
      return [
        "prompt_tokens": .integer(inputTokens), "completion_tokens": .integer(outputTokens),
        "total_tokens": .integer(totalTokens),
        "prompt_tokens_details": ["cached_tokens": .integer(cachedInputTokens)],
        "completion_tokens_details": ["reasoning_tokens": .integer(reasoningTokens)],
      ]
    case .responses:
      return [
        "input_tokens": .integer(inputTokens),
        "input_tokens_details": [
          "cached_tokens": .integer(cachedInputTokens), "cache_write_tokens": .integer(cacheWriteTokens),
        ],
        "output_tokens": .integer(outputTokens),
        "output_tokens_details": ["reasoning_tokens": .integer(reasoningTokens)],
        "total_tokens": .integer(totalTokens),
      ]
    case .messages:
      return [
        "input_tokens": .integer(max(0, inputTokens - cachedInputTokens - cacheWriteTokens)),
        "cache_creation_input_tokens": .integer(cacheWriteTokens),
        "cache_read_input_tokens": .integer(cachedInputTokens), "output_tokens": .integer(outputTokens),
      ]
    }
  }
}
