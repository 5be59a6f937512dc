import Foundation

/// How a model was taught to see a conversation.
///
/// Models come with a Jinja template. It is not run, but recognised by the markers in it, as llama.cpp does: what comes
/// with a model is data here, not a program. Tools are not rendered.
public struct ChatTemplate: Sendable, Hashable {
  /// The formats that are recognised.
  public static let supported = "ChatML (SmolLM2, Qwen 2.5, Qwen 3), Llama 3, Llama 2, Mistral and Zephyr"

  /// Whether the model is asked to think before it answers; only Qwen 3's format knows the difference.
  public var thinks = false
  let format: Format
  /// The text of the token that begins a conversation, where the template writes it.
  let begin: String
  /// The text of the token that ends an answer, where the template leaves it to the tokenizer.
  let end: String

  enum Format: Hashable {
    /// With the system's message that is there where none is given.
    case chatML(defaultSystem: String?, opensThought: Bool)
    case qwen3
    /// With the date that the system's message tells, since 3.1.
    case llama3(date: String?)
    case llama2
    case mistral(MistralSpacing)
    case zephyr
  }

  /// Whether a rendered conversation begins with the token that begins texts, so that it is not to be added again.
  public var includesBeginToken: Bool { !begin.isEmpty }

  /// - Parameters:
  ///   - jinja: the template that came with the model.
  ///   - beginText: the text of the token that begins texts, for templates that write it.
  ///   - endText: the text of the token that ends texts.
  ///   - path: where the template is from, for messages.
  /// - Throws: `ModelFileError`, of kind `unsupported`, for a template that is none of those known.
  public init(jinja: String, beginText: String?, endText: String?, path: String) throws(ModelFileError) {
    guard let format = ChatTemplate.recognise(jinja) else {
      throw ModelFileError(
        .unsupported, path,
        "The chat template is not one of those known: \(ChatTemplate.supported). Ask the model without turns.")
    }
    self.format = format
    begin = jinja.contains("bos_token") ? beginText ?? "" : ""
    end = endText ?? "</s>"
  }

  /// The text of the conversation, to be encoded with `parsesSpecial`.
  ///
  /// What is said in it may contain the text of a special token: use `segments(_:addsGenerationPrompt:)` where it is not
  /// to be trusted, and encode those.
  ///
  /// - Parameter addsGenerationPrompt: whether the assistant's turn is opened at the end.
  public func render(_ messages: [ChatMessage], addsGenerationPrompt: Bool) -> String {
    segments(messages, addsGenerationPrompt: addsGenerationPrompt).map(\.text).joined()
  }

  /// The same, cut into what the template writes and what is said.
  public func segments(_ messages: [ChatMessage], addsGenerationPrompt: Bool) -> [ChatSegment] {
    var segments = ChatSegments()
    segments.mark(begin)
    switch format {
    case .chatML(let system, let opensThought):
      segments.chatML(messages, defaultSystem: system)
      if addsGenerationPrompt { segments.mark("<|im_start|>assistant\n" + (opensThought ? "<think>\n" : "")) }
    case .qwen3:
      segments.qwen3(messages)
      if addsGenerationPrompt { segments.mark("<|im_start|>assistant\n" + (thinks ? "" : "<think>\n\n</think>\n\n")) }
    case .llama3(let date):
      segments.llama3(messages, date: date)
      if addsGenerationPrompt { segments.mark("<|start_header_id|>assistant<|end_header_id|>\n\n") }
    case .llama2:
      segments.llama2(messages, begin: begin, end: end)
    case .mistral(let spacing):
      segments.mistral(messages, spacing, end: end)
    case .zephyr:
      for message in messages { segments.turn("<|\(message.role)|>\n", message.content, end + "\n") }
      if addsGenerationPrompt { segments.mark("<|assistant|>\n") }
    }
    return segments.segments
  }
}
