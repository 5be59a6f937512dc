// The properties have the names of the JSON keys.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

import Agents
import Foundation
import ModelServers

/// The request body of `/responses`. Properties that are nil are omitted.
struct ResponsesRequest: Encodable {
  /// A turn, a tool call, its result, or an unchanged item of an earlier answer.
  enum Item: Encodable {
    case message(role: String, String)
    case call(id: String, ToolCall)
    case result(id: String, String)
    case verbatim(JSONValue)

    enum CodingKeys: CodingKey { case type, role, content, call_id, name, arguments, output }

    /// A text part of the model's own message.
    private struct Words: Encodable {
      let type = "output_text"
      let text: String
    }

    func encode(to encoder: any Encoder) throws {
      if case .verbatim(let item) = self { return try item.encode(to: encoder) }
      var container = encoder.container(keyedBy: CodingKeys.self)
      switch self {
      case .message("assistant", let text):
        // The long form, since llama.cpp accepts no other for the model's own messages.
        try container.encode("message", forKey: .type)
        try container.encode("assistant", forKey: .role)
        try container.encode([Words(text: text)], forKey: .content)
      case .message(let role, let text):
        // The short form of a message has no type.
        try container.encode(role, forKey: .role)
        try container.encode(text, forKey: .content)
      case .call(let id, let call):
        try container.encode("function_call", forKey: .type)
        try container.encode(id, forKey: .call_id)
        try container.encode(call.name, forKey: .name)
        try container.encode(call.argumentsJSON, forKey: .arguments)
      case .result(let id, let text):
        try container.encode("function_call_output", forKey: .type)
        try container.encode(id, forKey: .call_id)
        try container.encode(text, forKey: .output)
      case .verbatim: break
      }
    }
  }

  struct Tool: Encodable {
    let type = "function"
    let name: String
    let description: String
    let parameters: JSONSchema
    // As in `/chat/completions`: strict mode rejects long lists of choices.
    let strict = false
  }

  struct Reasoning: Encodable { let effort: String }

  struct Text: Encodable {
    struct Format: Encodable {
      let type = "json_schema"
      let name = "choice"
      let strict = true
      let schema: JSONSchema
    }

    let format: Format
  }

  let model: String
  let input: [Item]
  let max_output_tokens: Int
  var temperature: Double?
  var top_p: Double?
  var reasoning: Reasoning?
  var text: Text?
  var tools: [Tool]?
  var tool_choice: String?
  var parallel_tool_calls: Bool?
  var include: [String]?
  let store = false

  init(_ request: PolicyRequest, settings: ResponsesPolicy.Settings, dialect: ResponsesDialect) {
    model = settings.model
    input = Conversation(request.transcript, tools: request.tools).turns.flatMap {
      Self.items($0, withThoughts: dialect.takesThoughts)
    }
    max_output_tokens = settings.maxTokens
    temperature = dialect.sampling.temperature(settings.temperature)
    top_p = dialect.sampling.topP(settings.topP)
    reasoning = settings.reasoningEffort.map(Reasoning.init)
    var includes: [String] = []
    if !request.tools.isEmpty {
      tools = request.tools.map {
        Tool(name: $0.name, description: $0.description, parameters: JSONSchema($0))
      }
      if dialect.takesRequiredTools { tool_choice = "required" }
      if dialect.takesParallelFlag { parallel_tool_calls = false }
      if dialect.takesThoughts { includes.append("reasoning.encrypted_content") }
    }
    if settings.logProbabilities { includes.append("message.output_text.logprobs") }
    include = includes.isEmpty ? nil : includes
    if dialect.takesSchema, settings.holdsSchema(request), let choices = request.choices {
      text = Text(format: .init(schema: JSONSchema(choices: choices)))
    }
  }

  private static func items(_ turn: Conversation.Turn, withThoughts: Bool) -> [Item] {
    switch turn {
    case .instructions(let text): return [.message(role: "system", text)]
    case .prompt(let text): return [.message(role: "user", text)]
    case .response(let text): return [.message(role: "assistant", text)]
    case .result(let text, let id): return [.result(id: id, text)]
    case .call(let called):
      if withThoughts, let items = called.continuation.flatMap({ ResponsesThoughts.items($0, id: called.id) }) {
        return items.map(Item.verbatim)
      }
      return (called.words.isEmpty ? [] : [.message(role: "assistant", called.words)])
        + [.call(id: called.id, called.call)]
    }
  }
}

/// Answers with thoughts before a tool call. Their items are sent back unchanged and in order.
enum ResponsesThoughts {
  /// The items of an answer up to the first call, as a ``PolicyResponse/continuation``. nil if there is no call, or no
  /// thoughts that can be sent back.
  static func continuation(_ output: [JSONValue]) -> String? {
    func kind(_ item: JSONValue) -> String? { item["type"]?.text }
    guard let call = output.firstIndex(where: { kind($0) == "function_call" }) else { return nil }
    let items = output[...call].filter { item in
      switch kind(item) {
      case "reasoning": isWhole(item)
      case "message", "function_call": true
      default: false
      }
    }
    guard items.contains(where: { kind($0) == "reasoning" }) else { return nil }
    return JSONValue.list(items.map(sendable)).json
  }

  /// The items of a continuation; the call gets an id of the conversation.
  static func items(_ continuation: String, id: String) -> [JSONValue]? {
    JSONValue(parsing: continuation)?.items?.map { item in
      guard item["type"]?.text == "function_call", var fields = item.fields else { return item }
      fields["call_id"] = .text(id)
      return .object(fields)
    }
  }

  /// Whether the thoughts are in the item. Thoughts that only the server stores cannot be sent back, since nothing is
  /// stored.
  private static func isWhole(_ item: JSONValue) -> Bool {
    item["encrypted_content"]?.text?.isEmpty == false || item["content"]?.items?.isEmpty == false
  }

  /// The item without nulls, which servers send but do not accept.
  private static func sendable(_ item: JSONValue) -> JSONValue {
    guard let fields = item.fields else { return item }
    return .object(fields.filter { $0.value != .null })
  }
}
