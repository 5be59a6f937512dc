// The properties have the names of the JSON keys.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

import Agents
import Foundation
import ModelServers

/// An answer of `/responses`. Unknown keys and unknown kinds of items are ignored.
struct ResponsesAnswer: Decodable {
  struct Item: Decodable {
    struct Part: Decodable {
      struct Token: Decodable { let logprob: Double? }

      let type: String?
      let text: String?
      let refusal: String?
      let logprobs: [Token]?
    }

    let type: String
    let content: [Part]?
    let summary: [Part]?
    let function: CalledFunction?

    enum CodingKeys: CodingKey { case type, content, summary }

    init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: CodingKeys.self)
      type = (try? container.decode(String.self, forKey: .type)) ?? ""
      content = (try? container.decodeIfPresent([Part].self, forKey: .content)) ?? nil
      summary = (try? container.decodeIfPresent([Part].self, forKey: .summary)) ?? nil
      function = type == "function_call" ? try? CalledFunction(from: decoder) : nil
    }
  }

  struct Usage: Decodable {
    struct InputDetails: Decodable { let cached_tokens: TokenCount? }
    struct OutputDetails: Decodable { let reasoning_tokens: TokenCount? }

    let input_tokens: TokenCount?
    let input_tokens_details: InputDetails?
    let output_tokens: TokenCount?
    let output_tokens_details: OutputDetails?
  }

  struct Incomplete: Decodable { let reason: String? }

  let status: String?
  let output: [Item]
  let usage: Usage?
  let incomplete: Incomplete?
  /// The items to send back in later requests.
  let continuation: String?

  enum CodingKeys: String, CodingKey {
    case status, output, usage
    case incomplete = "incomplete_details"
  }

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    status = try? container.decodeIfPresent(String.self, forKey: .status)
    output = try container.decode([Item].self, forKey: .output)
    usage = try? container.decodeIfPresent(Usage.self, forKey: .usage)
    incomplete = try? container.decodeIfPresent(Incomplete.self, forKey: .incomplete)
    // The items are decoded as raw JSON only if they have to be sent back.
    let isCall = output.contains { $0.type == "function_call" } && output.contains { $0.type == "reasoning" }
    continuation =
      isCall
      ? (try? container.decode([JSONValue].self, forKey: .output)).flatMap(ResponsesThoughts.continuation) : nil
  }

  /// The answer: its texts or a refusal, and the first tool call.
  ///
  /// - Throws: an error if the status is not that of a finished answer.
  func response(from transport: HTTPTransport, body: Data) throws(PolicyError) -> PolicyResponse {
    switch status {
    // Answers that state a cause were already handled as errors.
    case "failed", "cancelled":
      throw PolicyError(.serverFailed, "\(transport.base) failed to answer: \(transport.excerpt(body))")
    case "queued", "in_progress":
      throw PolicyError(.malformedAnswer, "\(transport.base) sent an unfinished answer: status \(status ?? "").")
    default: break
    }
    func joined(_ texts: [String]) -> String {
      texts.joined(separator: "\n").trimmingCharacters(in: .whitespacesAndNewlines)
    }
    let said = output.filter { $0.type == "message" }.flatMap { $0.content ?? [] }
    var text = joined(said.compactMap { $0.text ?? $0.refusal })
    var thoughts = joined(
      output.filter { $0.type == "reasoning" }.flatMap {
        ($0.content?.isEmpty == false ? $0.content : $0.summary) ?? []
      }
      .compactMap(\.text))
    if thoughts.isEmpty {
      let (words, hidden) = CompletionsAnswer.Choice.withoutThoughts(text)
      (text, thoughts) = (words, hidden ?? "")
    }
    if let called = output.first(where: { $0.function != nil })?.function {
      text = called.call?.text(after: text) ?? joined([text, called.raw])
    }
    if text.isEmpty, incomplete?.reason == "content_filter" {
      throw PolicyError(.contentRefused, "\(transport.base) withheld the answer: its content filter refused it.")
    }
    let logProbabilities = said.flatMap { $0.logprobs ?? [] }.compactMap(\.logprob)
    let input = usage?.input_tokens?.value ?? 0
    let written = usage?.output_tokens?.value ?? 0
    var response = PolicyResponse(
      text, reasoning: thoughts.isEmpty ? nil : thoughts,
      logProbability: logProbabilities.isEmpty ? nil : logProbabilities.reduce(0, +),
      usage: Agents.Usage(
        inputTokens: input, cachedInputTokens: min(usage?.input_tokens_details?.cached_tokens?.value ?? 0, input),
        outputTokens: written,
        reasoningTokens: min(usage?.output_tokens_details?.reasoning_tokens?.value ?? 0, written),
        cutOffAnswers: incomplete?.reason == "max_output_tokens" ? 1 : 0))
    response.continuation = continuation
    return response
  }
}
