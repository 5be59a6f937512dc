import Agents
import Foundation
import TestSupport
import Testing

@testable import ModelFiles

/// How templates render tools, calls and results. The templates here are written for these tests, in the forms of
/// Qwen 2.5, Hermes 2 Pro and Llama 3.1. ``JinjaReferenceTests`` compares published templates (`ChatTemplates`) with
/// `jinja2`.
@Suite struct ToolTemplateTests {
  static let tool: OrderedJSON = [
    "type": "function",
    "function": [
      "name": "find_order", "description": "Finds an order.",
      "parameters": [
        "type": "object", "properties": ["id": ["type": "integer"], "exact": ["type": "boolean"]], "required": ["id"],
      ],
    ],
  ]
  static let call = ChatMessage.Call(id: "call00001", name: "find_order", arguments: ["id": 17, "exact": true])
  static let conversation = [
    ChatMessage(role: "system", content: "Be brief."), ChatMessage(role: "user", content: "Where is it?"),
    ChatMessage(role: "assistant", content: "", calls: [call]), ChatMessage(result: "On its <way>", of: call),
  ]

  /// Qwen 2.5: tools after the system message, results in turns of the user.
  static let qwen = """
    {%- if tools %}{{- '<|im_start|>system\\n' + messages[0].content + '\\nTools:\\n<tools>' }}
    {%- for tool in tools %}{{- '\\n' }}{{- tool | tojson }}{%- endfor %}{{- '\\n</tools><|im_end|>\\n' }}
    {%- elif messages[0].role == 'system' %}{{- '<|im_start|>system\\n' + messages[0].content + '<|im_end|>\\n' }}{%- endif %}
    {%- for m in messages %}
      {%- if m.role == 'user' or (m.role == 'assistant' and not m.tool_calls) %}
        {{- '<|im_start|>' + m.role + '\\n' + m.content + '<|im_end|>\\n' }}
      {%- elif m.role == 'assistant' %}
        {{- '<|im_start|>assistant' }}
        {%- if m.content %}{{- '\\n' + m.content }}{%- endif %}
        {%- for call in m.tool_calls %}
          {%- if call.function is defined %}{%- set call = call.function %}{%- endif %}
          {{- '\\n<tool_call>\\n{"name": "' + call.name + '", "arguments": ' }}{{- call.arguments | tojson }}{{- '}\\n</tool_call>' }}
        {%- endfor %}
        {{- '<|im_end|>\\n' }}
      {%- elif m.role == 'tool' %}
        {{- '<|im_start|>user\\n<tool_response>\\n' + m.content + '\\n</tool_response><|im_end|>\\n' }}
      {%- endif %}
    {%- endfor %}
    {%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{%- endif %}
    """

  /// Llama 3.1: tools before the first question, one call for each turn, arguments under the key `parameters`.
  static let llama = """
    {%- for m in messages %}
      {%- if m.role == 'user' and loop.index0 < 2 and tools %}
        {{- '<user>These functions can be called:\\n' }}{%- for t in tools %}{{- t | tojson(indent=4) }}{%- endfor %}{{- m.content + '<eot>' }}
      {%- elif 'tool_calls' in m %}
        {%- if m.tool_calls | length != 1 %}{{- raise_exception('one call at a time') }}{%- endif %}
        {%- set call = m.tool_calls[0].function %}
        {{- '<assistant>{"name": "' + call.name + '", "parameters": ' }}{{- call.arguments | tojson }}{{- '}<eot>' }}
      {%- elif m.role == 'tool' %}{{- '<ipython>' }}{{- m.content | tojson }}{{- '<eot>' }}
      {%- else %}{{- '<' + m.role + '>' + m.content + '<eot>' }}{%- endif %}
    {%- endfor %}
    {%- if add_generation_prompt %}{{- '<assistant>' }}{%- endif %}
    """

  static func render(
    _ template: ChatTemplate, _ messages: [ChatMessage] = conversation, tools: [OrderedJSON] = [tool]
  ) throws -> String {
    try template.segments(messages, tools: tools, addsGenerationPrompt: true).map(\.text).joined()
  }

  @Test func aTemplateThatListsToolsGetsThem() throws {
    let template = try ChatTemplateTests.template(Self.qwen)
    #expect(template.tools.isListed && template.tools.writesCalls && template.tools.form == .tagged)
    #expect(
      try Self.render(template) == #"""
        <|im_start|>system
        Be brief.
        Tools:
        <tools>
        {"type": "function", "function": {"name": "find_order", "description": "Finds an order.", "parameters": {"type": "object", "properties": {"id": {"type": "integer"}, "exact": {"type": "boolean"}}, "required": ["id"]}}}
        </tools><|im_end|>
        <|im_start|>user
        Where is it?<|im_end|>
        <|im_start|>assistant
        <tool_call>
        {"name": "find_order", "arguments": {"id": 17, "exact": true}}
        </tool_call><|im_end|>
        <|im_start|>user
        <tool_response>
        On its <way>
        </tool_response><|im_end|>
        <|im_start|>assistant

        """#)
  }

  @Test func llamasFormIsFoundOut() throws {
    let template = try ChatTemplateTests.template(Self.llama)
    #expect(template.tools.isListed && template.tools.writesCalls && template.tools.form == .bare(key: "parameters"))
    let text = try Self.render(template)
    #expect(text.contains(#"<assistant>{"name": "find_order", "parameters": {"id": 17, "exact": true}}<eot>"#))
    #expect(text.hasSuffix(#"<ipython>"On its <way>"<eot><assistant>"#))
    #expect(text.contains(#""name": "find_order","#) && !text.contains("<tools>"))
  }

  /// A template that refuses two calls in one turn gets them as text.
  @Test func whatATemplateRefusesIsText() throws {
    let template = try ChatTemplateTests.template(Self.llama)
    var messages = Self.conversation
    let second = ChatMessage.Call(id: "call00002", name: "find_order", arguments: ["id": 18])
    messages[2].calls.append(second)
    messages[2].content = "Both."
    messages.append(ChatMessage(result: "lost", of: second))
    let text = try Self.render(template, messages)
    #expect(
      text.contains(
        #"""
        <assistant>Both.
        <tool_call>
        {"name": "find_order", "arguments": {"id": 17, "exact": true}}
        </tool_call>
        <tool_call>
        {"name": "find_order", "arguments": {"id": 18}}
        </tool_call><eot><user><tool_response>
        On its <way>
        </tool_response>
        <tool_response>
        lost
        </tool_response><eot><assistant>
        """#), "\(text)")
  }

  /// Hermes' form, for a template without tools.
  @Test func toolsAreDescribedWhereTheTemplateHasNone() throws {
    let template = try ChatTemplateTests.template(ChatTemplateTests.chatML)
    #expect(!template.tools.isListed && !template.tools.writesCalls && template.tools.form == .tagged)
    let text = try Self.render(template)
    #expect(text.hasPrefix("<|im_start|>system\nBe brief.\n\n# Tools\n"))
    #expect(text.contains("<tools>\n\(Self.tool.spaced)\n</tools>"))
    #expect(
      text.hasSuffix(
        #"""
        <|im_start|>assistant
        <tool_call>
        {"name": "find_order", "arguments": {"id": 17, "exact": true}}
        </tool_call><|im_end|>
        <|im_start|>user
        <tool_response>
        On its <way>
        </tool_response><|im_end|>
        <|im_start|>assistant

        """#))
    #expect(try Self.render(template, [Self.conversation[1]]).hasPrefix("<|im_start|>system\n# Tools"))
    #expect(try Self.render(template, [Self.conversation[1]], tools: []).hasPrefix("<|im_start|>user\nWhere"))
  }

  /// DeepSeek's template adds the arguments to a text, and so needs them as a text.
  @Test func argumentsAreATextWhereTheyHaveToBe() throws {
    let jinja = """
      {% for m in messages %}<{{ m.role }}>{{ m.content }}{% for c in m.tool_calls or [] %}{{ c['function']['name'] + ':' + \
      c['function']['arguments'] }}{% endfor %}{% endfor %}
      """
    let template = try ChatTemplateTests.template(jinja)
    #expect(!template.tools.isListed && template.tools.writesCalls)
    #expect(
      try Self.render(template, tools: [])
        == #"<system>Be brief.<user>Where is it?<assistant>find_order:{"id": 17, "exact": true}<tool>On its <way>"#)
  }

  /// functionary's template prints the arguments, and Python would print an object with single quotation marks.
  @Test func argumentsThatAreOnlyPrintedAreAText() throws {
    let jinja = """
      {% for m in messages %}<{{ m.role }}>{{ m.content }}{% for c in m.tool_calls or [] %}{{ c.function.name }}:\
      {{ c.function.arguments }}{% endfor %}{% endfor %}
      """
    #expect(
      try Self.render(ChatTemplateTests.template(jinja), tools: [])
        == #"<system>Be brief.<user>Where is it?<assistant>find_order:{"id": 17, "exact": true}<tool>On its <way>"#)
  }

  /// What tools, calls and results say can become no special token.
  @Test(arguments: [qwen, llama, ChatTemplateTests.chatML])
  func wordsOfToolsAreNoMarkup(jinja: String) throws {
    let evil = "<|im_start|>"
    let tool: OrderedJSON = [
      "type": "function",
      "function": [
        "name": "evil<|im_start|>", "description": .text(evil),
        "parameters": ["properties": [:], "x-\(evil)": .text(evil)],
      ],
    ]
    let call = ChatMessage.Call(id: evil, name: evil, arguments: .object([.init(evil, .text(evil))]))
    let messages = [
      ChatMessage(role: "user", content: "q"), ChatMessage(role: "assistant", content: evil, calls: [call]),
      ChatMessage(result: evil, of: call),
    ]
    let template = try ChatTemplateTests.template(jinja)
    let segments = try template.segments(messages, tools: [tool], addsGenerationPrompt: true)
    let plain = try template.segments(
      [
        messages[0], ChatMessage(role: "assistant", content: "a", calls: [Self.call]),
        ChatMessage(result: "b", of: Self.call),
      ],
      tools: [Self.tool], addsGenerationPrompt: true)
    func marks(_ segments: [ChatSegment]) -> Int {
      segments.filter(\.isMarkup).map { $0.text.split(separator: evil, omittingEmptySubsequences: false).count - 1 }
        .reduce(0, +)
    }
    #expect(marks(segments) == marks(plain))
  }

  /// The published templates in the folder: which list tools, and which write calls.
  @Test func publishedTemplates() throws {
    let folder = Places.root.appendingPathComponent("Tests/ModelFilesTests/ChatTemplates")
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".jinja") }
    var styles: [String: ToolStyle] = [:]
    for name in names {
      let source = try String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8)
      let template = try ChatTemplate(jinja: source, beginText: "<s>", endText: "</s>", path: name)
      styles[name.split(separator: ".jinja").map(String.init)[0]] = template.tools
      let text = try Self.render(template)
      for words in ["find_order", "Finds an order.", "Where is it?", "17", "On its <way>"] {
        #expect(text.contains(words), "\(name) leaves out \(words)")
      }
    }
    for name in ["Qwen-Qwen2.5-7B-Instruct", "Qwen-Qwen3-0.6B", "Qwen-QwQ-32B"] {
      let style = try #require(styles[name])
      #expect(style.isListed && style.writesCalls && style.form == .tagged, "\(name)")
    }
  }

  /// The bundled model's own template knows no tools.
  @Test(.enabled(if: Places.model != nil)) func theBundledModelGetsADescription() throws {
    let files = try OpenModel.open(#require(Places.model))
    let template = try #require(files.chatTemplate)
    #expect(!template.tools.isListed && !template.tools.writesCalls)
    let segments = try template.segments(Self.conversation, tools: [Self.tool], addsGenerationPrompt: true)
    let tokens = files.tokenizer.encode(segments)
    #expect(files.tokenizer.decode(tokens, keepsSpecial: true) == segments.map(\.text).joined())
    #expect(segments.map(\.text).joined().hasPrefix("<|im_start|>system\nBe brief.\n\n# Tools\n"))
  }
}
