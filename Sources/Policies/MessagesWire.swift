// The properties carry the wire's own names.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

import Agents
import Foundation

/// The request body of Anthropic's `/messages`; what is nil is left out.
struct MessagesRequest: Encodable {
  struct CacheMark: Encodable { let type = "ephemeral" }

  /// A piece of a turn: text, a call of a tool, or what the tool said.
  struct Block: Encodable {
    var type: String
    var text: String?
    var id: String?
    var name: String?
    var input: [String: String]?
    var tool_use_id: String?
    var content: String?
    var cache_control: CacheMark?

    static func text(_ text: String) -> Block { Block(type: "text", text: text) }
  }

  struct Message: Encodable {
    let role: String
    var content: [Block]
  }

  struct Thinking: Encodable {
    let type = "enabled"
    let budget_tokens: Int
  }

  struct Tool: Encodable {
    let name: String
    let description: String
    let input_schema: JSONSchema
  }

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
  var tools: [Tool]?
  var tool_choice: ToolChoice?

  init(_ request: PolicyRequest, settings: AnthropicPolicy.Settings) {
    model = settings.model
    max_tokens = settings.maxTokens
    top_p = settings.topP
    if let budget = settings.thinkingTokens {
      thinking = Thinking(budget_tokens: budget)
    } else if settings.topP == nil {
      // Newer models take the one or the other.
      temperature = settings.temperature
    }
    stop_sequences = settings.format.stops(isText: false)
    messages = []
    read(request.transcript, tools: request.tools)
    if !request.tools.isEmpty {
      tools = request.tools.map {
        Tool(name: $0.name, description: $0.description, input_schema: JSONSchema($0))
      }
      tool_choice = ToolChoice(type: "any")
    }
    if settings.cachesPrompts { mark() }
  }

  private mutating func read(_ transcript: Transcript, tools: [ActionTool]) {
    var called: String?
    for (place, entry) in transcript.entries.enumerated() {
      switch entry {
      case .instructions(let text): system = (system ?? []) + [.text(text)]
      case .prompt(let text):
        // An empty turn is refused.
        let said = text.isEmpty ? "(nothing)" : text
        let block = called.map { Block(type: "tool_result", tool_use_id: $0, content: said) } ?? .text(said)
        called = nil
        append(block, role: "user")
      case .response(let text):
        guard let (call, words) = ToolCall.last(in: text), tools.contains(where: { $0.name == call.name }) else {
          append(.text(text.isEmpty ? "(no answer)" : text), role: "assistant")
          continue
        }
        if !words.isEmpty { append(.text(words), role: "assistant") }
        called = "call_\(place)"
        append(
          Block(type: "tool_use", id: called, name: call.name, input: call.arguments), role: "assistant")
      }
    }
  }

  /// Turns alternate: what one side says twice in a row is one turn.
  private mutating func append(_ block: Block, role: String) {
    if messages.last?.role == role {
      messages[messages.count - 1].content.append(block)
    } else {
      messages.append(Message(role: role, content: [block]))
    }
  }

  /// What comes before a mark is read from the cache by the next call that begins alike: the instructions by every task's, the
  /// whole past by the next step's.
  private mutating func mark() {
    if let last = system?.indices.last { system?[last].cache_control = CacheMark() }
    guard let turn = messages.indices.last, let block = messages[turn].content.indices.last else { return }
    messages[turn].content[block].cache_control = CacheMark()
  }
}

/// An answer of `/messages`; unknown keys and unknown kinds of blocks are ignored.
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

  /// The answer: its texts, and the first call of a tool. A refusal is an answer too, one with no action.
  var response: PolicyResponse {
    func joined(_ texts: [String]) -> String {
      texts.joined(separator: "\n").trimmingCharacters(in: .whitespacesAndNewlines)
    }
    var text = joined(content.compactMap { $0.type == "text" ? $0.text : nil })
    if let block = content.first(where: { $0.type == "tool_use" }), let name = block.name {
      text = ToolCall(name: name, arguments: block.input?.texts ?? [:]).text(after: text)
    }
    let thoughts = joined(content.compactMap { $0.type == "thinking" ? $0.thinking : nil })
    // This API counts what is read from the cache, and what is written to it, beside the input.
    let read = usage?.cache_read_input_tokens?.value ?? 0
    let written = usage?.cache_creation_input_tokens?.value ?? 0
    return PolicyResponse(
      text, reasoning: thoughts.isEmpty ? nil : thoughts,
      usage: Agents.Usage(
        inputTokens: (usage?.input_tokens?.value ?? 0) + read + written, cachedInputTokens: read,
        cacheWriteTokens: written,
        outputTokens: usage?.output_tokens?.value ?? 0))
  }
}
