// The properties carry the wire's own names.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

import Agents
import Foundation

/// The request body of `/chat/completions` and of `/completions`; what is nil is left out.
struct CompletionsRequest: Encodable {
  struct Message: Encodable {
    struct Call: Encodable {
      struct Function: Encodable {
        let name: String
        /// JSON in a text.
        let arguments: String
      }

      let id: String
      let type = "function"
      let function: Function
    }

    let role: String
    var content: String?
    var tool_calls: [Call]?
    var tool_call_id: String?
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
  var temperature: Double
  var top_p: Double?
  var reasoning_effort: String?
  var seed: Int?
  /// Answers to draw; nil for one.
  var n: Int?
  var stop: [String]?
  var grammar: String?
  var response_format: ResponseFormat?
  var tools: [Tool]?
  var tool_choice: String?
  var parallel_tool_calls: Bool?
  /// A truth value in chat, a number of alternatives for texts.
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
    temperature = settings.temperature
    top_p = settings.topP
    reasoning_effort = settings.reasoningEffort
    // The widest range that every server takes.
    if dialect.takesSeed { seed = Int(request.seed.rawValue >> 33) }
    var prefix = ""
    switch settings.api {
    case .chat:
      messages = Self.messages(request.transcript, tools: request.tools)
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

  /// The turns. A call of one of the tools is given as one, and what the world said to it as the tool's answer; a call of anything
  /// else stays the text it is, since servers refuse names they do not know.
  private static func messages(_ transcript: Transcript, tools: [ActionTool]) -> [Message] {
    var called: String?
    return transcript.entries.enumerated().map { place, entry in
      switch entry {
      case .instructions(let text): return Message(role: "system", content: text)
      case .prompt(let text):
        defer { called = nil }
        return called.map { Message(role: "tool", content: text, tool_call_id: $0) }
          ?? Message(role: "user", content: text)
      case .response(let text):
        guard let (call, words) = ToolCall.last(in: text), tools.contains(where: { $0.name == call.name }) else {
          return Message(role: "assistant", content: text)
        }
        let id = "call_\(place)"
        called = id
        return Message(
          role: "assistant", content: words.isEmpty ? nil : words,
          tool_calls: [.init(id: id, function: .init(name: call.name, arguments: call.argumentsJSON))])
      }
    }
  }
}

/// The answer of either endpoint. Unknown keys are ignored, and so are known ones with something else in them: an answer that
/// came whole was paid for, and what matters of it is its words.
struct CompletionsAnswer: Decodable {
  struct Choice: Decodable {
    struct Message: Decodable {
      struct Call: Decodable {
        let function: CalledFunction?
      }

      let content: String?
      let refusal: String?
      /// What the model thought.
      let reasoning: String?
      let calls: [Call]

      enum CodingKeys: String, CodingKey {
        case content, refusal, reasoning
        case reasoningContent = "reasoning_content"
        case calls = "tool_calls"
      }

      init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        content =
          container.lenient(String.self, .content)
          // Some servers give the content in parts.
          ?? container.lenient([Part].self, .content).map { $0.compactMap(\.text).joined() }
        refusal = container.lenient(String.self, .refusal)
        reasoning = container.lenient(String.self, .reasoningContent) ?? container.lenient(String.self, .reasoning)
        calls = container.lenient([Call].self, .calls) ?? []
      }

      struct Part: Decodable { let text: String? }
    }

    let text: String?
    let message: Message?
    let logprobs: LogProbabilities?

    enum CodingKeys: CodingKey { case text, message, logprobs }

    init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: CodingKeys.self)
      text = container.lenient(String.self, .text)
      message = container.lenient(Message.self, .message)
      logprobs = container.lenient(LogProbabilities.self, .logprobs)
    }

    /// Log-probabilities in either endpoint's shape.
    struct LogProbabilities: Decodable {
      struct Token: Decodable { let logprob: Double? }

      let content: [Token]?
      let token_logprobs: [Double?]?

      /// The sum over tokens; nil where none is reported.
      var sum: Double? {
        let values = content?.compactMap(\.logprob) ?? token_logprobs?.compactMap(\.self) ?? []
        return values.isEmpty ? nil : values.reduce(0, +)
      }
    }

    /// What was answered and what was thought before; nil where there is neither.
    ///
    /// A message without content (out of tokens while reasoning, a refusal) is an answer all the same: one with no action.
    var answer: (text: String, reasoning: String?)? {
      guard let spoken = text ?? message.map({ $0.content ?? $0.refusal ?? "" }) else { return nil }
      var (words, reasoning) = Self.withoutThoughts(spoken)
      reasoning = message?.reasoning ?? reasoning
      if let called = message?.calls.first?.function {
        words = called.call?.text(after: words) ?? [words, called.raw].joined(separator: "\n")
      }
      return (words, reasoning)
    }

    /// Servers without a parser for a model's thoughts leave them in front of the answer.
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

  /// The answers and what they cost: the input, paid for once, is counted with the first and as saved with the others; the output
  /// is divided among all. Empty where there is none.
  ///
  /// - Parameter most: how many were asked for.
  func responses(most: Int, reportsFirstOnly: Bool) -> [PolicyResponse] {
    let answers = choices.prefix(most).compactMap { choice in choice.answer.map { ($0, choice.logprobs?.sum) } }
    func share(_ total: Int, _ index: Int) -> Int {
      reportsFirstOnly ? total : total / answers.count + (index < total % answers.count ? 1 : 0)
    }
    let input = usage?.prompt_tokens?.value ?? 0
    let cached = min(usage?.prompt_tokens_details?.cached_tokens?.value ?? 0, input)
    let output = usage?.completion_tokens?.value ?? 0
    let reasoning = min(usage?.completion_tokens_details?.reasoning_tokens?.value ?? 0, output)
    return answers.enumerated().map { index, answer in
      PolicyResponse(
        answer.0.text, reasoning: answer.0.reasoning, logProbability: answer.1,
        usage: Agents.Usage(
          inputTokens: index == 0 ? input : 0, cachedInputTokens: index == 0 ? cached : 0,
          outputTokens: share(output, index), reasoningTokens: share(reasoning, index),
          savedInputTokens: index == 0 ? 0 : input))
    }
  }
}

extension KeyedDecodingContainer {
  /// The value, or nil where there is none or another kind of thing. Asks before it reads, since an error costs more than the rest.
  fileprivate func lenient<T: Decodable>(_ type: T.Type, _ key: Key) -> T? {
    (try? decodeIfPresent(type, forKey: key)) ?? nil
  }
}

/// A number of tokens as a server reports it: believed within reason, since sums are made of it and stored.
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

/// A function as a model called it. Models write arguments that are no JSON: such a call is an answer, and no action.
struct CalledFunction: Decodable {
  let call: ToolCall?
  /// What was written, where it is no call.
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
