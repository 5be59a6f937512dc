// The properties carry the wire's own names.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

import Agents
import Foundation

/// The request body of `/chat/completions` and of `/completions`; what is nil is left out.
struct CompletionsRequest: Encodable {
  struct Message: Encodable {
    let role: String
    let content: String
  }

  struct ResponseFormat: Encodable {
    struct NamedSchema: Encodable {
      let name = "choice"
      let strict = true
      let schema: Schema
    }

    struct Schema: Encodable {
      struct Properties: Encodable { let choice: Choice }
      struct Choice: Encodable {
        let type = "string"
        let `enum`: [String]
      }

      let type = "object"
      let properties: Properties
      let required = ["choice"]
      let additionalProperties = false
    }

    let type = "json_schema"
    let json_schema: NamedSchema
  }

  var model: String
  var messages: [Message]?
  var prompt: String?
  var max_tokens: Int
  var temperature: Double
  var top_p: Double?
  var seed: Int?
  /// Answers to draw; nil for one.
  var n: Int?
  var stop: [String]?
  var grammar: String?
  var response_format: ResponseFormat?

  init(
    _ request: PolicyRequest, samples: Int, settings: ChatCompletionsPolicy.Settings, constraint: ChoiceConstraint
  ) {
    model = settings.model
    n = samples > 1 ? samples : nil
    max_tokens = settings.maxTokens
    temperature = settings.temperature
    top_p = settings.topP
    // The widest range that every server takes.
    seed = Int(request.seed.rawValue >> 33)
    var prefix = ""
    switch settings.api {
    case .chat:
      messages = request.transcript.entries.map { entry in
        switch entry {
        case .instructions(let text): Message(role: "system", content: text)
        case .prompt(let text): Message(role: "user", content: text)
        case .response(let text): Message(role: "assistant", content: text)
        }
      }
    case .text:
      prompt = request.transcript.joined()
      // A plain answer is what is left of the line.
      if settings.format == .plain { stop = ["\n"] }
      prefix = " "
    }
    guard let choices = request.choices, !choices.isEmpty, settings.format == .plain else { return }
    switch constraint {
    case .grammar: grammar = ChoiceConstraint.grammar(for: choices, prefix: prefix)
    case .schema:
      response_format = ResponseFormat(
        json_schema: .init(schema: .init(properties: .init(choice: .init(enum: choices)))))
    case .auto, .validate: break
    }
  }
}

/// The answer of either endpoint; unknown keys are ignored.
struct CompletionsAnswer: Decodable {
  struct Choice: Decodable {
    struct Message: Decodable { let content: String? }

    let text: String?
    let message: Message?
  }

  struct Usage: Decodable {
    struct InputDetails: Decodable { let cached_tokens: Int? }
    struct OutputDetails: Decodable { let reasoning_tokens: Int? }

    let prompt_tokens: Int?
    let completion_tokens: Int?
    let prompt_tokens_details: InputDetails?
    let completion_tokens_details: OutputDetails?
  }

  let choices: [Choice]
  let usage: Usage?

  /// The answers and what they cost: the input, paid for once, is counted with the first, and the output is divided among all.
  /// Empty where there is none.
  func responses(reportsFirstOnly: Bool) -> [PolicyResponse] {
    // A message without content (out of tokens while reasoning, a refusal) is an answer all the same: one with no action.
    let texts = choices.compactMap { $0.text ?? $0.message.map { $0.content ?? "" } }
    func share(_ total: Int?, _ index: Int) -> Int {
      let total = total ?? 0
      return reportsFirstOnly ? total : total / texts.count + (index < total % texts.count ? 1 : 0)
    }
    return texts.enumerated().map { index, text in
      PolicyResponse(
        text.trimmingCharacters(in: .whitespacesAndNewlines),
        usage: Agents.Usage(
          inputTokens: index == 0 ? usage?.prompt_tokens ?? 0 : 0,
          cachedInputTokens: index == 0 ? usage?.prompt_tokens_details?.cached_tokens ?? 0 : 0,
          outputTokens: share(usage?.completion_tokens, index),
          reasoningTokens: share(usage?.completion_tokens_details?.reasoning_tokens, index)))
    }
  }
}
