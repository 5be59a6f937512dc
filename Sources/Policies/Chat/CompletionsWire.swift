// The properties have the names of the JSON keys.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

import Agents
import Foundation
import ModelServers

/// The request body of `/chat/completions` and of `/completions`. Properties that are nil are omitted.
struct CompletionsRequest: Encodable {
  struct Message: Encodable {
    struct Call: Encodable {
      struct Function: Encodable {
        let name: String
        /// A JSON object as a string.
        let arguments: String
      }

      let id: String
      let type = "function"
      let function: Function
      var extra_content: JSONValue?
    }

    let role: String
    /// Never omitted, since some servers require a string beside tool calls, too.
    let content: String
    var tool_calls: [Call]?
    var tool_call_id: String?
    var reasoning_content: String?
    var reasoning: String?
    var reasoning_details: JSONValue?
  }

  struct ResponseFormat: Encodable {
    struct NamedSchema: Encodable {
      let name = "choice"
      let strict = true
      let schema: JSONSchema
    }

    let type = "json_schema"
    let json_schema: NamedSchema
  }

  struct Tool: Encodable {
    struct Function: Encodable {
      let name: String
      let description: String
      let parameters: JSONSchema
    }

    let type = "function"
    let function: Function
  }

  var model: String
  var messages: [Message]?
  var prompt: String?
  var max_tokens: Int?
  var max_completion_tokens: Int?
  var temperature: Double?
  var top_p: Double?
  var reasoning_effort: String?
  var seed: Int?
  /// The number of answers to draw; nil for one.
  var n: Int?
  var stop: [String]?
  var grammar: String?
  var response_format: ResponseFormat?
  var tools: [Tool]?
  var tool_choice: String?
  var parallel_tool_calls: Bool?
  /// A Boolean for chat, a number of alternatives for texts.
  var logprobs: Flag?

  enum Flag: Encodable {
    case yes
    case alternatives(Int)

    func encode(to encoder: any Encoder) throws {
      var container = encoder.singleValueContainer()
      switch self {
      case .yes: try container.encode(true)
      case .alternatives(let count): try container.encode(count)
      }
    }
  }

  init(
    _ request: PolicyRequest, samples: Int, settings: ChatCompletionsPolicy.Settings, dialect: CompletionsDialect
  ) {
    model = settings.model
    n = samples > 1 ? samples : nil
    switch dialect.tokenParameter {
    case .maxTokens: max_tokens = settings.maxTokens
    case .maxCompletionTokens: max_completion_tokens = settings.maxTokens
    }
    temperature = dialect.sampling.temperature(settings.temperature)
    top_p = dialect.sampling.topP(settings.topP)
    reasoning_effort = settings.reasoningEffort
    // 31 bits, the widest range that every server accepts.
    if dialect.takesSeed { seed = Int(request.seed.rawValue >> 33) }
    var prefix = ""
    switch settings.api {
    case .chat:
      messages = Conversation(request.transcript, tools: request.tools).turns
        .map { Message($0, withThoughts: dialect.takesThoughts) }
      if settings.logProbabilities { logprobs = .yes }
    case .text:
      prompt = request.transcript.joined()
      if settings.logProbabilities { logprobs = .alternatives(1) }
      prefix = " "
    }
    if dialect.takesStop { stop = settings.format.stops(isText: settings.api == .text) }
    if !request.tools.isEmpty {
      tools = request.tools.map {
        Tool(function: .init(name: $0.name, description: $0.description, parameters: JSONSchema($0)))
      }
      if dialect.takesRequiredTools { tool_choice = "required" }
      if dialect.takesParallelFlag { parallel_tool_calls = false }
    }
    guard let choices = request.choices, !choices.isEmpty, settings.format == .plain else { return }
    switch settings.constraint {
    case .grammar: grammar = ChoiceConstraint.grammar(for: choices, prefix: prefix)
    case .auto where settings.api == .chat && dialect.takesSchema, .schema:
      response_format = ResponseFormat(json_schema: .init(schema: JSONSchema(choices: choices)))
    case .auto, .validate: break
    }
  }
}

extension CompletionsRequest.Message {
  fileprivate init(_ turn: Conversation.Turn, withThoughts: Bool) {
    switch turn {
    case .instructions(let text): self.init(role: "system", content: text)
    case .prompt(let text): self.init(role: "user", content: text)
    case .response(let text): self.init(role: "assistant", content: text)
    case .result(let text, let id): self.init(role: "tool", content: text, tool_call_id: id)
    case .call(let called):
      let thoughts = withThoughts ? called.continuation.flatMap(CompletionsThoughts.init) : nil
      self.init(
        role: "assistant", content: called.words,
        tool_calls: [
          .init(
            id: called.id, function: .init(name: called.call.name, arguments: called.call.argumentsJSON),
            extra_content: thoughts?.extra_content)
        ], reasoning_content: thoughts?.reasoning_content, reasoning: thoughts?.reasoning,
        reasoning_details: thoughts?.reasoning_details)
    }
  }
}

/// Thoughts that servers want back together with a tool call, under the server's own keys: `reasoning_content`
/// (DeepSeek, Kimi, GLM), `reasoning` (vLLM), `reasoning_details` (OpenRouter, MiniMax), and `extra_content` with
/// Gemini's signed thoughts.
struct CompletionsThoughts: Codable, Hashable {
  var reasoning_content: String?
  var reasoning: String?
  var reasoning_details: JSONValue?
  var extra_content: JSONValue?

  /// Reads a ``PolicyResponse/continuation``.
  init?(_ text: String) {
    guard let thoughts = try? JSONDecoder().decode(Self.self, from: Data(text.utf8)) else { return nil }
    self = thoughts
  }

  init(
    reasoning_content: String?, reasoning: String?, reasoning_details: JSONValue?, extra_content: JSONValue?
  ) {
    self.reasoning_content = reasoning_content
    self.reasoning = reasoning
    self.reasoning_details = reasoning_details
    self.extra_content = extra_content
  }

  /// The thoughts as a ``PolicyResponse/continuation``; nil if there are none.
  var continuation: String? {
    if reasoning_content == nil, reasoning == nil, reasoning_details == nil, extra_content == nil { return nil }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return (try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) }
  }
}

/// The answer of either endpoint. Unknown keys are ignored, and so are known keys with values of another type: a
/// complete answer was paid for, and its text is what matters.
struct CompletionsAnswer: Decodable {
  struct Choice: Decodable {
    struct Message: Decodable {
      struct Call: Decodable {
        let function: CalledFunction?
        let extraContent: JSONValue?

        enum CodingKeys: String, CodingKey {
          case function
          case extraContent = "extra_content"
        }
      }

      let content: String?
      let refusal: String?
      /// The model's thoughts.
      var reasoning: String? { thoughts.reasoning_content ?? thoughts.reasoning }
      /// The thoughts under the server's own keys.
      let thoughts: CompletionsThoughts
      let calls: [Call]

      enum CodingKeys: String, CodingKey {
        case content, refusal, reasoning
        case reasoningContent = "reasoning_content"
        case reasoningDetails = "reasoning_details"
        case calls = "tool_calls"
      }

      init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        content =
          container.lenient(String.self, .content)
          // Some servers send the content in parts.
          ?? container.lenient([Part].self, .content).map { $0.compactMap(\.text).joined() }
        refusal = container.lenient(String.self, .refusal)
        calls = container.lenient([Call].self, .calls) ?? []
        thoughts = CompletionsThoughts(
          reasoning_content: container.lenient(String.self, .reasoningContent),
          reasoning: container.lenient(String.self, .reasoning),
          reasoning_details: container.lenient(JSONValue.self, .reasoningDetails),
          extra_content: calls.first?.extraContent)
      }

      struct Part: Decodable { let text: String? }
    }

    let text: String?
    let message: Message?
    let logprobs: LogProbabilities?
    /// Why the answer ended.
    let finish_reason: String?
    /// Why the server broke the answer off.
    let error: JSONValue?

    enum CodingKeys: CodingKey { case text, message, logprobs, finish_reason, error }

    init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: CodingKeys.self)
      text = container.lenient(String.self, .text)
      message = container.lenient(Message.self, .message)
      logprobs = container.lenient(LogProbabilities.self, .logprobs)
      finish_reason = container.lenient(String.self, .finish_reason)
      error = container.lenient(JSONValue.self, .error)
    }

    /// Whether the answer ended at its maximal length.
    var isCutOff: Bool { finish_reason == "length" || finish_reason == "max_tokens" }

    /// Log-probabilities in either endpoint's format.
    struct LogProbabilities: Decodable {
      struct Token: Decodable { let logprob: Double? }

      let content: [Token]?
      let token_logprobs: [Double?]?

      /// The sum over tokens; nil if none is reported or the sum is not finite.
      var sum: Double? {
        let values = content?.compactMap(\.logprob) ?? token_logprobs?.compactMap(\.self) ?? []
        let sum = values.reduce(0, +)
        return values.isEmpty || !sum.isFinite ? nil : sum
      }
    }

    /// The answer and the thoughts before it; nil if there is neither.
    ///
    /// A message without content (out of tokens while reasoning, a refusal) counts as an answer without an action.
    var answer: (text: String, reasoning: String?)? {
      guard let spoken = text ?? message.map({ $0.content ?? $0.refusal ?? "" }) else { return nil }
      var (words, reasoning) = Self.withoutThoughts(spoken)
      reasoning = message?.reasoning ?? reasoning
      if let called = message?.calls.first?.function {
        words = called.call?.text(after: words) ?? [words, called.raw].joined(separator: "\n")
      }
      return (words, reasoning)
    }

    /// The thoughts that the server wants back together with the tool call in `text`, or nil.
    func continuation(_ text: String) -> String? {
      guard let continuation = message?.thoughts.continuation, ToolCall.last(in: text) != nil else { return nil }
      return continuation
    }

    /// Separates thoughts that servers without a parser for them leave before the answer.
    static func withoutThoughts(_ text: String) -> (text: String, reasoning: String?) {
      let parts = Thoughts(in: text)
      return (parts.answer, parts.thoughts)
    }
  }

  struct Usage: Decodable {
    struct InputDetails: Decodable { let cached_tokens: TokenCount? }
    struct OutputDetails: Decodable { let reasoning_tokens: TokenCount? }

    let prompt_tokens: TokenCount?
    let completion_tokens: TokenCount?
    let prompt_tokens_details: InputDetails?
    let completion_tokens_details: OutputDetails?
  }

  let choices: [Choice]
  let usage: Usage?

  enum CodingKeys: CodingKey { case choices, usage }

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    choices = try container.decode([Choice].self, forKey: .choices)
    usage = container.lenient(Usage.self, .usage)
  }

  /// The answers with their usage; empty if there are none. The input is paid for once. It counts for the first answer,
  /// and as saved for the others. The output is divided among all.
  ///
  /// - Parameters:
  ///   - most: the number of answers requested.
  ///   - failure: the error of a failed choice, or nil. Failed choices are omitted if others are sound. Otherwise the
  ///     first error is thrown.
  func responses(
    most: Int, reportsFirstOnly: Bool, failure: (Choice) -> PolicyError?
  ) throws(PolicyError) -> [PolicyResponse] {
    let choices = choices.prefix(most)
    let sound = choices.filter { failure($0) == nil }
    if sound.isEmpty, let failure = choices.lazy.compactMap(failure).first { throw failure }
    let answers = sound.compactMap { choice in
      choice.answer.map { answer in
        var response = PolicyResponse(answer.text, reasoning: answer.reasoning, logProbability: choice.logprobs?.sum)
        response.continuation = choice.continuation(answer.text)
        response.usage.cutOffAnswers = choice.isCutOff ? 1 : 0
        return response
      }
    }
    func share(_ total: Int, _ index: Int) -> Int {
      reportsFirstOnly ? total : total / answers.count + (index < total % answers.count ? 1 : 0)
    }
    let input = usage?.prompt_tokens?.value ?? 0
    let cached = min(usage?.prompt_tokens_details?.cached_tokens?.value ?? 0, input)
    let output = usage?.completion_tokens?.value ?? 0
    let reasoning = min(usage?.completion_tokens_details?.reasoning_tokens?.value ?? 0, output)
    return answers.enumerated().map { index, answer in
      var answer = answer
      answer.usage = Agents.Usage(
        inputTokens: index == 0 ? input : 0, cachedInputTokens: index == 0 ? cached : 0,
        outputTokens: share(output, index), reasoningTokens: share(reasoning, index),
        savedInputTokens: index == 0 ? 0 : input, cutOffAnswers: answer.usage.cutOffAnswers)
      return answer
    }
  }
}

extension KeyedDecodingContainer {
  /// The value, or nil if it is missing or of another type. Checks for presence first, since a thrown error is slow.
  fileprivate func lenient<T: Decodable>(_ type: T.Type, _ key: Key) -> T? {
    (try? decodeIfPresent(type, forKey: key)) ?? nil
  }
}

/// A number of tokens as a server reports it, limited to a plausible range, since sums of it are computed and stored.
struct TokenCount: Decodable {
  let value: Int

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let count = try? container.decode(Int.self) {
      value = max(0, min(count, 1_000_000_000))
    } else {
      let number =
        (try? container.decode(Double.self)) ?? (try? container.decode(String.self)).flatMap(Double.init) ?? 0
      value = Int(max(0, min(number.isNaN ? 0 : number, 1e9)))
    }
  }
}

/// A function call by a model. Its arguments may not be valid JSON; such a call is an answer without an action.
struct CalledFunction: Decodable {
  let call: ToolCall?
  /// The text of the call if it cannot be read.
  let raw: String

  enum CodingKeys: CodingKey { case name, arguments }

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    let name = (try? container.decode(String.self, forKey: .name)) ?? ""
    if let text = try? container.decode(String.self, forKey: .arguments) {
      call = ToolCall(name: name, argumentsJSON: text)
      raw = "\(name) \(text)"
    } else {
      let arguments = try? container.decode(Arguments.self, forKey: .arguments)
      call = ToolCall(name: name, arguments: arguments?.texts ?? [:])
      raw = name
    }
  }
}
