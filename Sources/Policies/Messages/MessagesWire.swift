// The properties have the names of the JSON keys.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

import Agents
import Foundation
import ModelServers

/// The request body of Anthropic's `/messages`. Properties that are nil are omitted.
struct MessagesRequest: Encodable {
  struct CacheMark: Encodable { let type = "ephemeral" }

  /// A part of a turn: text, a tool call, a tool result, or an unchanged block of an earlier answer.
  struct Block: Encodable {
    var type: String
    var text: String?
    var id: String?
    var name: String?
    var input: [String: String]?
    var tool_use_id: String?
    var content: String?
    var cache_control: CacheMark?
    /// If set, this is encoded in place of all other properties.
    var verbatim: JSONValue?

    static func text(_ text: String) -> Block { Block(type: "text", text: text) }

    static func verbatim(_ block: JSONValue) -> Block { Block(type: "", verbatim: block) }

    enum CodingKeys: CodingKey { case type, text, id, name, input, tool_use_id, content, cache_control }

    func encode(to encoder: any Encoder) throws {
      if let verbatim { return try verbatim.encode(to: encoder) }
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(type, forKey: .type)
      try container.encodeIfPresent(text, forKey: .text)
      try container.encodeIfPresent(id, forKey: .id)
      try container.encodeIfPresent(name, forKey: .name)
      try container.encodeIfPresent(input, forKey: .input)
      try container.encodeIfPresent(tool_use_id, forKey: .tool_use_id)
      try container.encodeIfPresent(content, forKey: .content)
      try container.encodeIfPresent(cache_control, forKey: .cache_control)
    }
  }

  struct Message: Encodable {
    let role: String
    var content: [Block]
  }

  struct Thinking: Encodable {
    let type: String
    var budget_tokens: Int?
  }

  struct Tool: Encodable {
    let name: String
    let description: String
    let input_schema: JSONSchema
  }

  struct OutputConfiguration: Encodable { let effort: String }

  struct ToolChoice: Encodable {
    let type: String
    let disable_parallel_tool_use = true
  }

  let model: String
  let max_tokens: Int
  var system: [Block]?
  var messages: [Message]
  var temperature: Double?
  var top_p: Double?
  var thinking: Thinking?
  var stop_sequences: [String]?
  var output_config: OutputConfiguration?
  var tools: [Tool]?
  var tool_choice: ToolChoice?

  init(_ request: PolicyRequest, settings: AnthropicPolicy.Settings, dialect: MessagesDialect) {
    model = settings.model
    max_tokens = settings.maxTokens
    top_p = dialect.sampling.topP(settings.topP)
    temperature = dialect.sampling.temperature(settings.sentTemperature)
    switch settings.thinking {
    case .tokens(let budget): thinking = Thinking(type: "enabled", budget_tokens: budget)
    case .adaptive: thinking = Thinking(type: "adaptive")
    case nil: break
    }
    stop_sequences = settings.format.stops(isText: false)
    output_config = settings.effort.map(OutputConfiguration.init)
    messages = []
    for turn in Conversation(request.transcript, tools: request.tools).turns { append(turn) }
    if !request.tools.isEmpty {
      tools = request.tools.map {
        Tool(name: $0.name, description: $0.description, input_schema: JSONSchema($0))
      }
      // A model that thinks must not be forced to call a tool.
      tool_choice = ToolChoice(type: settings.thinking == nil && dialect.takesForcedTools ? "any" : "auto")
    }
    if settings.cachesPrompts { mark() }
  }

  private mutating func append(_ turn: Conversation.Turn) {
    switch turn {
    case .instructions(let text):
      // The API rejects blank blocks.
      if !text.allSatisfy(\.isWhitespace) { system = (system ?? []) + [.text(text)] }
    case .prompt(let text): append(.text(text), role: "user")
    case .result(let text, let id): append(Block(type: "tool_result", tool_use_id: id, content: text), role: "user")
    case .response(let text): append(.text(text), role: "assistant")
    case .call(let called):
      if let blocks = called.continuation.flatMap({ MessagesThoughts.blocks($0, id: called.id) }) {
        for block in blocks { append(.verbatim(block), role: "assistant") }
      } else {
        if !called.words.isEmpty { append(.text(called.words), role: "assistant") }
        append(
          Block(type: "tool_use", id: called.id, name: called.call.name, input: called.call.arguments),
          role: "assistant")
      }
    }
  }

  /// Turns must alternate, so consecutive blocks of one role form one turn.
  private mutating func append(_ block: Block, role: String) {
    if messages.last?.role == role {
      messages[messages.count - 1].content.append(block)
    } else {
      messages.append(Message(role: role, content: [block]))
    }
  }

  /// Marks the ends of the instructions and of the conversation for the prompt cache. Calls of every task share the
  /// instructions, and the next step shares the conversation so far.
  private mutating func mark() {
    if let last = system?.indices.last { system?[last].cache_control = CacheMark() }
    guard let turn = messages.indices.last, let block = messages[turn].content.indices.last else { return }
    messages[turn].content[block].cache_control = CacheMark()
  }
}

/// Answers with thoughts before a tool call. The API requires their signed blocks back, unchanged and in order.
enum MessagesThoughts {
  /// The blocks of an answer up to the first call, as a ``PolicyResponse/continuation``; nil without thoughts or a
  /// call.
  static func continuation(_ content: [JSONValue]) -> String? {
    func kind(_ block: JSONValue) -> String? { block["type"]?.text }
    guard let call = content.firstIndex(where: { kind($0) == "tool_use" }) else { return nil }
    let blocks = content[...call].filter { !isBlank($0) }
    guard blocks.contains(where: { kind($0)?.hasSuffix("thinking") == true }) else { return nil }
    return JSONValue.list(blocks.map(sendable)).json
  }

  /// The blocks of a continuation; the call gets an id of the conversation.
  static func blocks(_ continuation: String, id: String) -> [JSONValue]? {
    JSONValue(parsing: continuation)?.items?.map { block in
      guard block["type"]?.text == "tool_use", var fields = block.fields else { return block }
      fields["id"] = .text(id)
      return .object(fields)
    }
  }

  private static func isBlank(_ block: JSONValue) -> Bool {
    block["type"]?.text == "text" && block["text"]?.text?.allSatisfy(\.isWhitespace) != false
  }

  /// Text and tool-call blocks with only the keys that a request may contain. Thoughts are unchanged.
  private static func sendable(_ block: JSONValue) -> JSONValue {
    let keys: Set<String>
    switch block["type"]?.text {
    case "text": keys = ["type", "text"]
    case "tool_use": keys = ["type", "id", "name", "input"]
    default: return block
    }
    return .object((block.fields ?? [:]).filter { keys.contains($0.key) })
  }
}

/// An answer of `/messages`. Unknown keys and unknown kinds of blocks are ignored.
struct MessagesAnswer: Decodable {
  struct Block: Decodable {
    let type: String
    let text: String?
    let thinking: String?
    let name: String?
    let input: Arguments?
  }

  struct Usage: Decodable {
    let input_tokens: TokenCount?
    let cache_creation_input_tokens: TokenCount?
    let cache_read_input_tokens: TokenCount?
    let output_tokens: TokenCount?
  }

  let content: [Block]
  let usage: Usage?
  let stop_reason: String?
  /// The blocks to send back in later requests.
  let continuation: String?

  enum CodingKeys: CodingKey { case content, usage, stop_reason }

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    content = try container.decode([Block].self, forKey: .content)
    usage = try container.decodeIfPresent(Usage.self, forKey: .usage)
    stop_reason = try? container.decodeIfPresent(String.self, forKey: .stop_reason)
    // The blocks are decoded as raw JSON only if they have to be sent back.
    let isCall = content.contains { $0.type == "tool_use" } && content.contains { $0.type.hasSuffix("thinking") }
    continuation =
      isCall
      ? (try? container.decode([JSONValue].self, forKey: .content)).flatMap(MessagesThoughts.continuation) : nil
  }

  /// The answer: its texts and the first tool call. A refusal is an answer without an action.
  var response: PolicyResponse {
    func joined(_ texts: [String]) -> String {
      texts.joined(separator: "\n").trimmingCharacters(in: .whitespacesAndNewlines)
    }
    var text = joined(content.compactMap { $0.type == "text" ? $0.text : nil })
    if let block = content.first(where: { $0.type == "tool_use" }), let name = block.name {
      text = ToolCall(name: name, arguments: block.input?.texts ?? [:]).text(after: text)
    }
    let thoughts = joined(content.compactMap { $0.type == "thinking" ? $0.thinking : nil })
    // This API does not include cache reads and writes in the input.
    let read = usage?.cache_read_input_tokens?.value ?? 0
    let written = usage?.cache_creation_input_tokens?.value ?? 0
    var response = PolicyResponse(
      text, reasoning: thoughts.isEmpty ? nil : thoughts,
      usage: Agents.Usage(
        inputTokens: (usage?.input_tokens?.value ?? 0) + read + written, cachedInputTokens: read,
        cacheWriteTokens: written,
        outputTokens: usage?.output_tokens?.value ?? 0,
        cutOffAnswers: ["max_tokens", "model_context_window_exceeded"].contains(stop_reason) ? 1 : 0))
    response.continuation = continuation
    return response
  }
}
