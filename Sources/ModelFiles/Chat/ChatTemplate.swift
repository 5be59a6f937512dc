import Agents

/// The Jinja template of a model's chat format.
///
/// The template is untrusted data. Its interpretation is bounded and has no effect but the rendered text. Message
/// content is marked, and the marks survive when the template cuts or replaces text. Anything that cannot be rendered
/// exactly as Jinja does is an error. Tools, calls and results that the template has no place for become text
/// (`ChatTemplate+Tools.swift`).
package struct ChatTemplate: Sendable, Hashable {
  /// Whether the model is asked to think before it answers, if its template has a switch for that.
  package var thinks = false
  private let source: String
  private let statements: [JinjaStatement]
  private let path: String
  private let begin: String
  private let end: String
  /// Whether the template accepts a system message. Otherwise its text is put before the first user message.
  private var takesSystem = true
  /// Whether message content is passed as a list of typed parts.
  private var takesParts = false
  /// Whether a rendered conversation already begins with the begin-of-text token, which then must not be added again.
  package private(set) var includesBeginToken = false
  /// What the template does with tools.
  package internal(set) var tools = ToolStyle()

  /// The longest template, in bytes. The longest known one has about 40,000.
  private static let longest = 1 << 18

  /// - Parameters:
  ///   - jinja: the template that came with the model.
  ///   - beginText: the text of the begin-of-text token, for templates that write it.
  ///   - endText: the text of the end-of-text token.
  ///   - path: the file that the template comes from, for messages.
  /// - Throws: `ModelFileError` if the template is damaged or uses unsupported features.
  package init(jinja: String, beginText: String?, endText: String?, path: String) throws(ModelFileError) {
    guard jinja.utf8.count <= Self.longest else {
      throw ModelFileError(.malformed, path, "The chat template is longer than \(Self.longest) bytes.")
    }
    source = jinja
    self.path = path
    begin = beginText ?? ""
    end = endText ?? ""
    do {
      statements = try JinjaParser.parse(jinja)
    } catch {
      throw Self.problem("cannot be read", error, path)
    }
    try probe()
    probeTools()
  }

  package static func == (a: ChatTemplate, b: ChatTemplate) -> Bool {
    a.source == b.source && a.begin == b.begin && a.end == b.end && a.thinks == b.thinks
  }

  package func hash(into hasher: inout Hasher) { hasher.combine(source) }

  /// The text of the conversation, to be encoded with `parsesSpecial`.
  ///
  /// Message content may contain the text of a special token. For untrusted content, use
  /// `segments(_:addsGenerationPrompt:)` and encode the segments instead.
  ///
  /// - Parameter addsGenerationPrompt: whether the assistant's turn is opened at the end.
  /// - Throws: `ModelFileError` if the template rejects the conversation.
  package func render(_ messages: [ChatMessage], addsGenerationPrompt: Bool) throws(ModelFileError) -> String {
    try segments(messages, addsGenerationPrompt: addsGenerationPrompt).map(\.text).joined()
  }

  /// The same, divided into the template's own text and message content.
  ///
  /// - Parameter tools: the tools offered, each as `{type: function, function: {name, description, parameters}}`.
  package func segments(
    _ messages: [ChatMessage], tools: [OrderedJSON] = [], addsGenerationPrompt: Bool
  ) throws(ModelFileError) -> [ChatSegment] {
    do {
      return try conversation(messages, tools: tools, addsGenerationPrompt: addsGenerationPrompt).segments
    } catch {
      throw Self.problem("does not support this conversation", error, path)
    }
  }

  /// What the template itself writes.
  func text(_ messages: [ChatMessage], tools: [OrderedJSON] = [], addsGenerationPrompt: Bool) throws -> JinjaText {
    var messages = messages
    if !takesSystem, messages.first?.role == "system" {
      let system = messages.removeFirst()
      if let first = messages.firstIndex(where: { $0.role == "user" }) {
        messages[first].content = system.content + "\n\n" + messages[first].content
      } else {
        messages.insert(ChatMessage(role: "user", content: system.content), at: 0)
      }
    }
    let turns = messages.map { message in
      let said = JinjaValue.text(JinjaText(message.content, isSaid: true))
      let content = takesParts ? JinjaValue.list([.record(["type": .text("text"), "text": said])]) : said
      var turn: [(key: JinjaValue, value: JinjaValue)] = [
        (.text("role"), .text(message.role)), (.text("content"), content),
      ]
      if !message.calls.isEmpty { turn.append((.text("tool_calls"), .list(message.calls.map(self.tools.value)))) }
      if let call = message.answered {
        turn.append((.text("name"), .text(JinjaText(call.name, isSaid: true))))
        turn.append((.text("tool_call_id"), .text(JinjaText(call.id, isSaid: true))))
      }
      return JinjaValue.dictionary(turn)
    }
    return try JinjaInterpreter.render(
      statements,
      [
        "messages": .list(turns), "add_generation_prompt": .bool(addsGenerationPrompt),
        "tools": tools.isEmpty ? .none : .list(tools.map { JinjaValue(said: $0) }),
        "documents": .none, "bos_token": .text(begin), "eos_token": .text(end), "enable_thinking": .bool(thinks),
        "thinking": .bool(thinks),
      ])
  }

  /// Finds out which form of a conversation the template accepts. It renders a short conversation, all of whose content
  /// has to appear in order.
  private mutating func probe() throws(ModelFileError) {
    let texts = ["instructions-1", "question-2", "answer-3", "question-4"]
    let turns = zip(["system", "user", "assistant", "user"], texts).map { ChatMessage(role: $0, content: $1) }
    func attempt(_ template: ChatTemplate, _ turns: [ChatMessage]) -> Result<JinjaText, any Error> {
      Result {
        let text = try template.text(turns, addsGenerationPrompt: true)
        // The template may insert an empty thought into an earlier answer, but must not omit content.
        let said = text.segments.filter { !$0.isMarkup }.map(\.text).joined(separator: " ")
        var rest = said[...]
        for turn in turns {
          guard let place = rest.range(of: turn.content) else {
            throw JinjaError("it leaves out the text of the role \(turn.role)")
          }
          rest = rest[place.upperBound...]
        }
        return text
      }
    }
    var failure: (any Error)?
    for takesParts in [false, true] {
      for takesSystem in [true, false] {
        var candidate = self
        candidate.takesParts = takesParts
        candidate.takesSystem = takesSystem
        switch attempt(candidate, turns) {
        case .success(let text):
          self = candidate
          includesBeginToken = !begin.isEmpty && text.starts(with: JinjaText(begin))
          return
        case .failure(let error): failure = failure ?? error
        }
      }
    }
    if let failure { throw Self.problem("cannot be rendered", failure, path) }
  }

  private static func problem(_ what: String, _ error: any Error, _ path: String) -> ModelFileError {
    guard let error = error as? JinjaError else { return ModelFileError(.malformed, path, "\(error)") }
    let line = error.line.map { " (line \($0))" } ?? ""
    return ModelFileError(
      .unsupported, path,
      """
      The chat template \(what): \(quoted(error.message))\(line). Send plain text without turns (policy.api: text), \
      put another template beside the model as chat_template.jinja, or serve the model and use kind openai.
      """)
  }
}
