import Agents
import Dialects
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

  /// - Throws: `ModelError` if `api` needs a chat template and the model has none, or for the format `tools` without one.
  package init(
    _ files: OpenModel, api: API, format: ActionFormat, maxTokens: Int = .max
  ) throws(ModelError) {
    guard format != .tools || api == .chat else {
      throw ModelError("The format tools needs the model's chat template (policy.api: chat).")
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

  /// The tokens of a question without tools.
  ///
  /// - Throws: `ModelError` if the model's chat template rejects the turns.
  package func prompt(_ transcript: Transcript) throws(ModelError) -> [Int32] {
    switch api {
    case .chat: try prompt([ChatMessage](transcript, tools: []), OfferedTools())
    case .text: begun(tokenizer.encode(transcript.joined()))
    }
  }

  /// The tokens of a question, with the tools that it offers.
  ///
  /// - Throws: `ModelError` if the model's chat template rejects the turns.
  package func prompt(_ request: PolicyRequest) throws(ModelError) -> [Int32] { try asked(request).prompt }

  /// The tokens of a question, and the tools that it offers. The question of an agent's own program offers those of the
  /// program. With `api: text` there are none.
  func asked(_ request: PolicyRequest) throws(ModelError) -> (prompt: [Int32], tools: OfferedTools) {
    guard api == .chat else { return (try prompt(request.transcript), OfferedTools()) }
    if let question = request.question, let request = try? NeutralRequest(question) {
      let tools = OfferedTools(request)
      return (try prompt([ChatMessage](request), tools), tools)
    }
    let tools = OfferedTools(request.tools)
    return (try prompt([ChatMessage](request.transcript, tools: request.tools), tools), tools)
  }

  private func prompt(_ messages: [ChatMessage], _ tools: OfferedTools) throws(ModelError) -> [Int32] {
    guard let template else { return [] }
    do {
      // Only the template can write special tokens; text in messages cannot become one.
      let segments = try template.segments(messages, tools: tools.functions, addsGenerationPrompt: true)
      return begun(tokenizer.encode(segments), unless: template.includesBeginToken)
    } catch { throw ModelError("\(error)") }
  }

  /// How the model writes a call of a tool.
  var callForm: ToolStyle.CallForm { template?.tools.form ?? .tagged }

  /// Adds the begin token if the model needs one.
  private func begun(_ tokens: [Int], unless isThere: Bool = false) -> [Int32] {
    ((isThere ? nil : beginToken).map { [$0] + tokens } ?? tokens).map(Int32.init)
  }

  /// Texts that end an answer.
  package var stops: [String] { api == .text && format == .plain ? ["\n"] : [] }

  /// What stands between the prompt and the answer.
  var lead: String { api == .text ? " " : "" }

  /// The choices as they are spelled after the prompt.
  func spelled(_ choices: [String]?) -> [String]? {
    guard let choices, !choices.isEmpty, format == .plain else { return nil }
    return choices.map { lead + $0 }
  }

  /// The answer in a text that was drawn under a constraint: exactly what was drawn, without the lead.
  func constrained(_ drawn: String) -> String {
    drawn.utf8.starts(with: lead.utf8) ? String(decoding: drawn.utf8.dropFirst(lead.utf8.count), as: UTF8.self) : drawn
  }

  /// Encodes an exchange of a stored rollout: the question, and the answer as the policy would have drawn it. The end
  /// token is added unless the answer was cut off.
  package func exchange(
    _ transcript: Transcript, response: String, choices: [String]?
  ) throws(ModelError) -> TokenSequence {
    exchange(try prompt(transcript), response: response, choices: choices)
  }

  /// Encodes an exchange after the tokens of its question.
  func exchange(_ prompt: [Int32], response: String, choices: [String]?) -> TokenSequence {
    let spelled = spelled(choices)
    let exact = lead + response
    // A choice may have white space at its ends.
    let text = spelled?.contains(exact) == true ? exact : lead + response.trimmed
    guard let spelled, spelled.contains(text) else {
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
