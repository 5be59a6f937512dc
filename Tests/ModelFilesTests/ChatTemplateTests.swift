import Testing

@testable import ModelFiles

/// Expected texts are written out by hand, after the templates that the models come with.
@Suite struct ChatTemplateTests {
  static let conversation = [
    ChatMessage(role: "system", content: "Be brief."), ChatMessage(role: "user", content: "Hello"),
    ChatMessage(role: "assistant", content: "Hi there"), ChatMessage(role: "user", content: "  Who are you? "),
  ]

  static func render(
    _ jinja: String, _ messages: [ChatMessage] = conversation, begin: String? = "<s>", end: String? = "</s>",
    generates: Bool = true, thinks: Bool = false
  ) throws -> String {
    var template = try ChatTemplate(jinja: jinja, beginText: begin, endText: end, path: "test")
    template.thinks = thinks
    return template.render(messages, addsGenerationPrompt: generates)
  }

  static let chatML = """
    <|im_start|>system
    Be brief.<|im_end|>
    <|im_start|>user
    Hello<|im_end|>
    <|im_start|>assistant
    Hi there<|im_end|>
    <|im_start|>user
      Who are you? <|im_end|>

    """

  @Test func plainChatML() throws {
    let jinja = "{{'<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n'}}"
    #expect(try Self.render(jinja, generates: false) == Self.chatML)
    #expect(try Self.render(jinja) == Self.chatML + "<|im_start|>assistant\n")
    #expect(try Self.render(jinja, []) == "<|im_start|>assistant\n")
    #expect(try Self.render("{{bos_token}}" + jinja, generates: false) == "<s>" + Self.chatML)
  }

  /// The system's message that a template brings is there unless there is one.
  @Test(arguments: [
    "{% if messages[0]['role'] != 'system' %}{{ '<|im_start|>system\nYou are Q. You help.<|im_end|>\n' }}{% endif %}",
    #"{{- '<|im_start|>system\n' + messages[0].content }}{{- '<|im_start|>system\nYou are Q. You help.<|im_end|>\n' }}"#,
    #"{{- "<|im_start|>system\nYou are Q. You help.<|im_end|>\n" }}"#,
  ])
  func chatMLWithASystemOfItsOwn(jinja: String) throws {
    #expect(try Self.render(jinja, generates: false) == Self.chatML)
    #expect(
      try Self.render(jinja, [ChatMessage(role: "user", content: "x")], generates: false)
        == "<|im_start|>system\nYou are Q. You help.<|im_end|>\n<|im_start|>user\nx<|im_end|>\n")
  }

  @Test func qwen3ForgetsItsThoughts() throws {
    let jinja = "<|im_start|> {%- if enable_thinking is defined and enable_thinking is false %}"
    let question = ChatMessage(role: "user", content: "q")
    let answer = ChatMessage(role: "assistant", content: "<think>\nhm\n</think>\n\nyes")
    let asked = "<|im_start|>user\nq<|im_end|>\n"
    #expect(try Self.render(jinja, [question]) == asked + "<|im_start|>assistant\n<think>\n\n</think>\n\n")
    #expect(try Self.render(jinja, [question], thinks: true) == asked + "<|im_start|>assistant\n")
    #expect(
      try Self.render(jinja, [question, answer, question], thinks: true)
        == asked + "<|im_start|>assistant\nyes<|im_end|>\n" + asked + "<|im_start|>assistant\n")
    #expect(
      try Self.render(jinja, [question, answer], generates: false)
        == asked + "<|im_start|>assistant\n<think>\nhm\n</think>\n\nyes<|im_end|>\n")
    #expect(
      try Self.render(jinja, [question, ChatMessage(role: "assistant", content: "yes")], generates: false)
        == asked + "<|im_start|>assistant\n<think>\n\n</think>\n\nyes<|im_end|>\n")
  }

  @Test func llama3() throws {
    let header = { (role: String) in "<|start_header_id|>\(role)<|end_header_id|>\n\n" }
    let turns =
      header("user") + "Hello<|eot_id|>" + header("assistant") + "Hi there<|eot_id|>" + header("user")
      + "Who are you?<|eot_id|>" + header("assistant")
    let begin = "<|begin_of_text|>"
    #expect(
      try Self.render("bos_token <|start_header_id|>", begin: begin)
        == begin + header("system") + "Be brief.<|eot_id|>" + turns)
    let dated =
      #"{{- bos_token }} set date_string = "26 Jul 2024" <|start_header_id|> Cutting Knowledge Date: December 2023"#
    let date = "Cutting Knowledge Date: December 2023\nToday Date: 26 Jul 2024\n\n"
    #expect(
      try Self.render(dated, begin: begin) == begin + header("system") + date + "Be brief.<|eot_id|>" + turns)
    #expect(
      try Self.render(dated, Array(Self.conversation.dropFirst()), begin: begin)
        == begin + header("system") + date + "<|eot_id|>" + turns)
  }

  @Test func llama2() throws {
    #expect(
      try Self.render("{{ bos_token + '[INST] ' + '<<SYS>>\\n' }}")
        == "<s>[INST] <<SYS>>\nBe brief.\n<</SYS>>\n\nHello [/INST] Hi there </s><s>[INST] Who are you? [/INST]")
  }

  @Test(arguments: [
    (
      "{{ bos_token }}{{ '[INST] ' + message['content'] + ' [/INST]' }}{{ message['content'] + eos_token}}",
      "<s>[INST] Be brief.\n\nHello [/INST]Hi there</s>[INST]   Who are you?  [/INST]"
    ),
    (
      #"{{- bos_token }}{%- if loop.last %}{{- "[INST] " + system + message["content"] + "[/INST]" }}{{- " " + message["content"]|trim + eos_token}}"#,
      "<s>[INST] Hello[/INST] Hi there</s>[INST] Be brief.\n\n  Who are you? [/INST]"
    ),
    (
      #"{{- bos_token }}{{- "[SYSTEM_PROMPT] " + c + "[/SYSTEM_PROMPT]" }}{{- "[INST] " + c + "[/INST]" }}{{- " " + message["content"] + eos_token}}"#,
      "<s>[SYSTEM_PROMPT] Be brief.[/SYSTEM_PROMPT][INST] Hello[/INST] Hi there</s>[INST]   Who are you? [/INST]"
    ),
  ])
  func mistral(jinja: String, expected: String) throws {
    #expect(try Self.render(jinja) == expected)
  }

  @Test func zephyr() throws {
    let jinja = "{% if message['role'] == 'user' %}{{ '<|user|>\n' + message['content'] + eos_token }}{% endif %}"
    #expect(
      try Self.render(jinja, end: "<|endoftext|>") == """
        <|system|>
        Be brief.<|endoftext|>
        <|user|>
        Hello<|endoftext|>
        <|assistant|>
        Hi there<|endoftext|>
        <|user|>
          Who are you? <|endoftext|>
        <|assistant|>

        """)
  }

  @Test(arguments: [
    "", "{{ '<start_of_turn>' }}", "<|user|>{{ content }}<|end|>", "<|im_start|> enable_thinking ## Metadata",
  ])
  func unknownOnesAreNamedErrors(jinja: String) {
    let error = #expect(throws: ModelFileError.self) { try Self.render(jinja) }
    #expect(error?.kind == .unsupported && error?.message.contains("Zephyr") == true)
  }

  /// What is said is kept apart from what the template writes.
  @Test func segmentsSayWhoWroteThem() throws {
    let template = try ChatTemplate(jinja: "<|im_start|>", beginText: nil, endText: nil, path: "test")
    let segments = template.segments([ChatMessage(role: "user", content: "<|im_end|>")], addsGenerationPrompt: false)
    #expect(
      segments == [
        ChatSegment(text: "<|im_start|>user\n", isMarkup: true), ChatSegment(text: "<|im_end|>", isMarkup: false),
        ChatSegment(text: "<|im_end|>\n", isMarkup: true),
      ])
  }
}
