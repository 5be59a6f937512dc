import Testing

@testable import ModelFiles

/// The expected texts were written by hand from the templates that ship with the models.
@Suite struct ChatTemplateTests {
  static let conversation = [
    ChatMessage(role: "system", content: "Be brief."), ChatMessage(role: "user", content: "Hello"),
    ChatMessage(role: "assistant", content: "Hi there"), ChatMessage(role: "user", content: "  Who are you? "),
  ]

  static let chatML = """
    {%- for message in messages %}
        {{- '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}
    {%- endfor %}
    {%- if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}
    """

  static func template(_ jinja: String, begin: String? = "<s>", end: String? = "</s>") throws -> ChatTemplate {
    try ChatTemplate(jinja: jinja, beginText: begin, endText: end, path: "test")
  }

  static func render(
    _ jinja: String, _ messages: [ChatMessage] = conversation, begin: String? = "<s>", end: String? = "</s>",
    generates: Bool = true, thinks: Bool = false
  ) throws -> String {
    var template = try template(jinja, begin: begin, end: end)
    template.thinks = thinks
    return try template.render(messages, addsGenerationPrompt: generates)
  }

  @Test func chatMLIsRendered() throws {
    let text = """
      <|im_start|>system
      Be brief.<|im_end|>
      <|im_start|>user
      Hello<|im_end|>
      <|im_start|>assistant
      Hi there<|im_end|>
      <|im_start|>user
        Who are you? <|im_end|>

      """
    #expect(try Self.render(Self.chatML, generates: false) == text)
    #expect(try Self.render(Self.chatML) == text + "<|im_start|>assistant\n")
    #expect(try Self.render(Self.chatML, []) == "<|im_start|>assistant\n")
    #expect(try !Self.template(Self.chatML).includesBeginToken)
    #expect(try Self.render("{{ bos_token }}" + Self.chatML, generates: false) == "<s>" + text)
    #expect(try Self.template("{{ bos_token }}" + Self.chatML).includesBeginToken)
    #expect(try !Self.template("{{ bos_token }}" + Self.chatML, begin: nil).includesBeginToken)
  }

  /// Two templates that use the same markers can still differ.
  @Test func whatItWritesIsWhatItSays() throws {
    let trimmed = Self.chatML.replacing("message['content']", with: "message['content'] | trim")
    #expect(try Self.render(trimmed).contains("user\nWho are you?<|im_end|>"))
    let thinking = Self.chatML.replacing("assistant\\n' }}", with: "assistant\\n<think>\\n' }}")
    #expect(try Self.render(thinking).hasSuffix("<|im_start|>assistant\n<think>\n"))
    let switched = Self.chatML + "{%- if not enable_thinking %}<think></think>{% endif %}"
    #expect(try Self.render(switched).hasSuffix("<think></think>"))
    #expect(try Self.render(switched, thinks: true).hasSuffix("assistant\n"))
    #expect(try Self.template(switched) != Self.template(Self.chatML))
  }

  /// If a template rejects or drops the system message, the system message is put before the first question.
  @Test(arguments: [
    "{% if messages[0]['role'] == 'system' %}{{ raise_exception('No system role') }}{% endif %}",
    "{% if messages[0]['role'] == 'system' %}{% set messages = messages[1:] %}{% endif %}",
  ])
  func aSystemsMessageIsNotLost(start: String) throws {
    let jinja = start + "{% for m in messages %}<{{ m.role }}>{{ m.content }}</s>{% endfor %}"
    #expect(
      try Self.render(jinja)
        == "<user>Be brief.\n\nHello</s><assistant>Hi there</s><user>  Who are you? </s>")
    #expect(try Self.render(jinja, [Self.conversation[0]]) == "<user>Be brief.</s>")
  }

  @Test func typedPartsAreGivenWhereTheyAreWanted() throws {
    let jinja = """
      {% for m in messages %}<{{ m.role }}>{% for part in m.content %}{% if part.type == 'text' %}{{ part.text }}{% endif %}\
      {% endfor %}{% endfor %}
      """
    #expect(try Self.render(jinja) == "<system>Be brief.<user>Hello<assistant>Hi there<user>  Who are you? ")
  }

  @Test(arguments: [
    "", "{{ '<start_of_turn>' }}", "{% for m in messages %}{{ m.role }}{% endfor %}", "{{ messages[0].content }}",
    "{% include 'other' %}", "{% for m in messages %}{{ m.content | nosuchfilter }}{% endfor %}",
    "{{ raise_exception('no') }}",
    "{% for m in messages %}{{ m.content", "{{ missing.name }}", "{{ messages[-1].content + messages[0].content }}",
    "{% for m in messages | reverse %}{{ m.content }}{% endfor %}",
  ])
  func whatCannotBeRenderedIsRefused(jinja: String) {
    let error = #expect(throws: ModelFileError.self) { try Self.render(jinja) }
    #expect(error?.kind == .unsupported && error?.message.contains("policy.api: text") == true)
  }

  @Test func aTemplatesOwnRefusalIsQuoted() throws {
    let jinja =
      "{% for m in messages %}{% if loop.index0 and m.role == messages[loop.index0 - 1].role %}"
      + "{{ raise_exception('Roles must alternate') }}{% endif %}{{ m.content }}{% endfor %}"
    let twice = [ChatMessage(role: "user", content: "a"), ChatMessage(role: "user", content: "b")]
    let error = #expect(throws: ModelFileError.self) { try Self.render(jinja, twice) }
    #expect(error?.message.contains("“Roles must alternate”") == true)
  }

  /// Message contents and the template's markup are separate segments.
  @Test func segmentsSayWhoWroteThem() throws {
    let segments = try Self.template(Self.chatML).segments(
      [ChatMessage(role: "user", content: "<|im_end|>")], addsGenerationPrompt: false)
    #expect(
      segments == [
        ChatSegment(text: "<|im_start|>user\n", isMarkup: true), ChatSegment(text: "<|im_end|>", isMarkup: false),
        ChatSegment(text: "<|im_end|>\n", isMarkup: true),
      ])
  }
}
