import Agents
import Dialects
import ModelFiles
import Testing

@testable import OpenWeights

/// How calls are read from what a model wrote, and how questions with tools become turns.
@Suite struct OfferedToolsTests {
  static let world = OfferedTools([
    ActionTool(
      "get", "Takes items.",
      parameters: [.init("count", "How many."), .init("item", "Which.", choices: ["log", "stick"])],
      template: "get {count} {item}"), ActionTool("wait", "Waits.", template: "wait"),
  ])

  static func agent(
    _ more: KeyValuePairs<String, OrderedJSON> = [:], messages: OrderedJSON = [["role": "user", "content": "q"]]
  )
    throws -> NeutralRequest
  {
    var body: OrderedJSON = [
      "model": "m", "messages": messages,
      "tools": [
        [
          "type": "function",
          "function": [
            "name": "get", "description": "Gets.",
            "parameters": ["type": "object", "properties": ["n": ["type": "integer"]], "required": ["n"]],
          ],
        ], ["type": "function", "function": ["name": "wait"]],
      ],
    ]
    for (key, value) in more { body.set(key, value) }
    return try NeutralRequest(ModelQuestion(dialect: .chat, body: body))
  }

  static let call = #"<tool_call>{"name": "get", "arguments": {"count": "1", "item": "log"}}</tool_call>"#

  @Test(arguments: [
    (call, call),
    ("I take one.\n\(call)\nThat is it.", "I take one.\n\(call)"),
    (call + "\n<tool_call>{\"name\": \"wait\"}</tool_call>", call),
    (call + "\n<tool_response>done</tool_response>" + call, call),
    // A call of a tool that is not offered counts as a call, as it does in a server's answer.
    (
      #"<tool_call>{"name": "fly", "arguments": {}}</tool_call> ok"#,
      #"<tool_call>{"name": "fly", "arguments": {}}</tool_call>"#
    ),
    // Malformed JSON is text; a readable call after it counts.
    (#"<tool_call>{"name": "get", "argu</tool_call>"#, #"<tool_call>{"name": "get", "argu</tool_call>"#),
    (#"<tool_call>{"name": "get", </tool_call>"# + call + "x", #"<tool_call>{"name": "get", </tool_call>"# + call),
    (#"<tool_call>{"name": "wait", "arguments": {}}"#, #"<tool_call>{"name": "wait", "arguments": {}}"#),
    // Llama 3 and Mistral.
    (
      #" {"name": "get", "parameters": {"count": 1, "item": "log"}} "#,
      #"<tool_call>{"name":"get","arguments":{"count":1,"item":"log"}}</tool_call>"#
    ),
    (
      #"[{"name": "wait", "arguments": {}}, {"name": "wait", "arguments": {}}]"#,
      #"<tool_call>{"name":"wait","arguments":{}}</tool_call>"#
    ),
    (#"{"name": "fly", "parameters": {}}"#, #"{"name": "fly", "parameters": {}}"#),
    (#"{"name": "get", "parameters": [1]}"#, #"{"name": "get", "parameters": [1]}"#),
    (#"Use {"name": "wait", "parameters": {}}"#, #"Use {"name": "wait", "parameters": {}}"#),
    (#"{"name": "wait", "parameters": {}"#, #"{"name": "wait", "parameters": {}"#),
    (" get 1 log ", "get 1 log"), ("", ""),
  ])
  func answers(drawn: String, answer: String) {
    #expect(Self.world.answer(drawn) == answer)
    #expect(OfferedTools().answer(drawn) == drawn)
  }

  /// The action of an answer, as for a server's.
  @Test func actionsAreRead() {
    let tools = [
      ActionTool("get", "", parameters: [.init("count", ""), .init("item", "")], template: "get {count} {item}")
    ]
    for text in [Self.call, #"{"name": "get", "parameters": {"count": 1, "item": "log"}}"#] {
      let action = ActionFormat.tools.action(in: Self.world.answer(text), choices: nil, tools: tools)
      #expect(action == .act("get 1 log"))
    }
    let tagged = #"<tool_call>{"name": "get", "parameters": {"count": 1, "item": "log"}}</tool_call>"#
    #expect(ActionFormat.tools.action(in: tagged, choices: nil, tools: tools) == .act("get 1 log"))
    #expect(!ActionFormat.tools.action(in: "I wait", choices: nil, tools: tools).isParsed)
  }

  @Test func agentsGetAllCallsUnlessTheyWantOne() throws {
    let two = Self.call + "\n" + Self.call
    #expect(try OfferedTools(Self.agent()).answer(two + " So.") == two + " So.")
    #expect(try OfferedTools(Self.agent(["parallel_tool_calls": false])).answer(two) == Self.call)
    let answer = ModelAnswer(.answer(two, inFull: nil), number: 0)
    #expect(answer.body["choices"]?.items?.first?["message"]?["tool_calls"]?.items?.count == 2)
  }

  @Test func toolChoiceDecidesWhatIsAllowed() throws {
    let auto = try #require(try OfferedTools(Self.agent()).constraint(.tagged))
    #expect(auto.allowsText && auto.tools.map(\.name) == ["get", "wait"])
    let required = try #require(try OfferedTools(Self.agent(["tool_choice": "required"])).constraint(.tagged))
    #expect(!required.allowsText && required.tools.count == 2)
    let named = try OfferedTools(
      Self.agent(["tool_choice": ["type": "function", "function": ["name": "wait"]]])
    ).constraint(.bare(key: "parameters"))
    #expect(
      named?.tools.map(\.name) == ["wait"] && named?.allowsText == false && named?.form == .bare(key: "parameters"))
    #expect(try OfferedTools(Self.agent(["tool_choice": "none"])).constraint(.tagged) == nil)
    #expect(Self.world.constraint(.tagged)?.allowsText == false)
    #expect(OfferedTools().constraint(.tagged) == nil)
  }

  @Test func questionsBecomeTurns() throws {
    let messages: OrderedJSON = [
      ["role": "system", "content": "s"], ["role": "user", "content": "q"],
      [
        "role": "assistant", "content": "w",
        "tool_calls": [
          ["id": "call_x_1", "type": "function", "function": ["name": "get", "arguments": "{\"n\": 1}"]],
          ["id": "call_x_2", "type": "function", "function": ["name": "wait", "arguments": "oh"]],
        ],
      ], ["role": "tool", "tool_call_id": "call_x_2", "content": "2"],
      ["role": "tool", "tool_call_id": "call_x_1", "content": "1"],
    ]
    let turns = [ChatMessage](try Self.agent(messages: messages))
    #expect(turns.map(\.role) == ["system", "user", "assistant", "tool", "tool"])
    #expect(turns[2].content == "w" && turns[2].calls.map(\.id) == ["call00000", "call00001"])
    #expect(turns[2].calls[0].arguments == ["n": 1] && turns[2].calls[1].arguments == "oh")
    #expect(turns[3].answered?.id == "call00001" && turns[3].answered?.name == "wait" && turns[3].content == "2")
  }

  @Test func transcriptsBecomeTurns() {
    let tools = [ActionTool("get", "", parameters: [.init("item", "")], template: "get {item}")]
    let transcript = Transcript(entries: [
      .instructions("s"), .prompt("p"),
      .response("so\n" + #"<tool_call>{"name":"get","arguments":{"item":"log"}}</tool_call>"#), .prompt("got it"),
      .response("hm"), .prompt(""),
    ])
    let turns = [ChatMessage](transcript, tools: tools)
    #expect(turns.map(\.role) == ["system", "user", "assistant", "tool", "assistant", "user"])
    #expect(turns[2].content == "so" && turns[2].calls.first?.arguments == ["item": "log"])
    #expect(turns[3].answered?.id == turns[2].calls.first?.id && turns[3].content == "got it")
    #expect(
      [ChatMessage](transcript, tools: []).map(\.role) == ["system", "user", "assistant", "user", "assistant", "user"])
  }
}
