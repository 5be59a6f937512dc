import Agents
import ModelFiles

/// Encodes transcripts as tokens. Prompting and scoring both use it, so that they agree.
package struct PromptEncoder: Sendable {
  package enum API: String, CaseIterable, Sendable, Codable {
    /// Entries are turns of the model's own chat template.
    case chat
    /// The transcript is one text.
    case text
  }

  package let tokenizer: Tokenizer
  package let api: API
  package let format: ActionFormat
  /// The most tokens of an answer. An answer of this length was cut off and has no end token.
  private let maxTokens: Int
  private let template: ChatTemplate?
  private let beginToken: Int?
  private let endToken: Int32?
  private let vocabulary: Vocabulary

  /// - Throws: `ModelError` if `api` needs a chat template and the model has none, or for the format `tools`.
  package init(
    _ files: OpenModel, api: API, format: ActionFormat, maxTokens: Int = .max
  ) throws(ModelError) {
    guard format != .tools else {
      throw ModelError(
        "A model in process supports the formats plain and react; for tools, serve the model and use kind openai.")
    }
    if api == .chat, files.chatTemplate == nil {
      let why = files.chatTemplateError.map { ": \($0)" } ?? "."
      throw ModelError("\(files.path) has no usable chat template (set policy.api: text)\(why)")
    }
    tokenizer = files.tokenizer
    self.api = api
    self.format = format
    self.maxTokens = maxTokens
    template = files.chatTemplate
    beginToken = files.configuration.addsBeginToken ? files.configuration.beginToken : nil
    do {
      endToken = try Self.end(files, api: api).map(Int32.init)
    } catch { throw ModelError("\(error)") }
    vocabulary = Vocabulary(files.tokenizer, endTokens: files.configuration.endTokens)
  }

  /// The token that ends an answer. With a chat template it is the end token that the template writes, since
  /// configurations list the end of text first.
  private static func end(_ files: OpenModel, api: API) throws(ModelFileError) -> Int? {
    let ends = files.configuration.endTokens
    guard api == .chat, let template = files.chatTemplate else { return ends.first }
    let turns = [ChatMessage(role: "user", content: "a"), ChatMessage(role: "assistant", content: "b")]
    let written = files.tokenizer.encode(try template.segments(turns, addsGenerationPrompt: false))
    return written.last(where: ends.contains) ?? ends.first
  }

  /// The tokens of a question.
  ///
  /// - Throws: `ModelError` if the model's chat template rejects the turns.
  package func prompt(_ transcript: Transcript) throws(ModelError) -> [Int32] {
    switch api {
    case .chat:
      let messages = transcript.entries.compactMap { entry -> ChatMessage? in
        switch entry {
        case .instructions(let text): ChatMessage(role: "system", content: text)
        case .prompt(let text): ChatMessage(role: "user", content: text)
        case .continuation: nil
        case .response(let text): ChatMessage(role: "assistant", content: text)
        }
      }
      // Only the template can write special tokens; text in messages cannot become one.
      guard let template else { return [] }
      do {
        let tokens = tokenizer.encode(try template.segments(messages, addsGenerationPrompt: true))
        return begun(tokens, unless: template.includesBeginToken)
      } catch { throw ModelError("\(error)") }
    case .text: return begun(tokenizer.encode(transcript.joined()))
    }
  }

  /// Adds the begin token if the model needs one.
  private func begun(_ tokens: [Int], unless isThere: Bool = false) -> [Int32] {
    ((isThere ? nil : beginToken).map { [$0] + tokens } ?? tokens).map(Int32.init)
  }

  /// Texts that end an answer.
  package var stops: [String] { api == .text && format == .plain ? ["\n"] : [] }

  /// The choices as they are spelled after the prompt.
  func spelled(_ choices: [String]?) -> [String]? {
    guard let choices, !choices.isEmpty, format == .plain else { return nil }
    return api == .text ? choices.map { " " + $0 } : choices
  }

  /// Encodes an exchange of a stored rollout: the question, and the answer as the policy would have drawn it. The end
  /// token is added unless the answer was cut off.
  package func exchange(
    _ transcript: Transcript, response: String, choices: [String]?
  ) throws(ModelError) -> TokenSequence {
    let prompt = try prompt(transcript)
    let text = (api == .text ? " " : "") + response.trimmed
    guard let spelled = spelled(choices), spelled.contains(text) else {
      let answer = tokenizer.encode(text).map(Int32.init)
      guard answer.count < maxTokens else { return TokenSequence(prompt: prompt, answer: answer) }
      let end = stops.isEmpty ? [endToken].compactMap { $0 } : tokenizer.encode("\n").map(Int32.init)
      return TokenSequence(prompt: prompt, answer: answer + end)
    }
    var answer = tokenizer.encode(text).map(Int32.init)
    // A choice that is a prefix of another one needs the end token; the others end by themselves.
    if let endToken, spelled.contains(where: { $0.utf8.count > text.utf8.count && $0.hasPrefix(text) }) {
      answer.append(endToken)
    }
    return TokenSequence(prompt: prompt, answer: answer, allowed: allowed(answer, spelled))
  }

  /// Encodes an exchange whose answer tokens are known.
  func exchange(_ prompt: [Int32], drawn answer: [Int32], choices: [String]?) -> TokenSequence {
    TokenSequence(prompt: prompt, answer: answer, allowed: spelled(choices).map { allowed(answer, $0) } ?? [])
  }

  /// The tokens that each token of a choice was confined to.
  private func allowed(_ answer: [Int32], _ spelled: [String]) -> [[Int32]] {
    let options = spelled.map { Array($0.utf8) }
    var written: [UInt8] = []
    return answer.map { token in
      defer { written += vocabulary.endTokens.contains(token) ? [] : vocabulary.bytes(of: token) }
      return vocabulary.tokens(after: written, towards: options)
    }
  }
}
