import Agents
import Testing

@Suite("Actions as tools")
struct ToolTests {
  static let tools = [
    ActionTool(
      "get", "Takes.", parameters: [.init("count", "How many."), .init("item", "What.")], template: "get {count} {item}"
    ),
    ActionTool("look", "Looks.", template: "look around"),
  ]

  @Test(
    "An answer's call becomes the world's action",
    arguments: [
      (#"<tool_call>{"name":"get","arguments":{"count":2,"item":"oak log"}}</tool_call>"#, "get 2 oak log"),
      ("I look.\n<tool_call>\n{\"name\": \"look\", \"arguments\": {}}\n</tool_call>", "look around"),
      (#"<tool_call>{"name":"look"}</tool_call>"#, "look around"),
      (#"<tool_call>{"name":"look"}"#, "look around"),
      (#"<tool_call>{"name":"get","arguments":"{\"count\": 1.0, \"item\": true}"}</tool_call>"#, "get 1 true"),
      (
        #"<tool_call>{"name":"look"}</tool_call><tool_call>{"name":"get","arguments":{"count":1,"item":"a{b}"}}</tool_call>"#,
        "get 1 a{b}"
      ),
      (#"<tool_call>{"name":"get","arguments":{"count":1}}</tool_call>"#, nil),
      (#"<tool_call>{"name":"fly","arguments":{}}</tool_call>"#, nil), ("get 2 log", nil), ("", nil),
      ("<tool_call>{broken</tool_call>", nil), (#"<tool_call>["look"]</tool_call>"#, nil),
    ] as [(String, String?)])
  func actions(answer: String, action: String?) {
    let read = ActionFormat.tools.action(in: answer, choices: nil, tools: Self.tools)
    #expect(read == action.map(Action.act) ?? .unparsable(answer))
  }

  @Test func aWorldWithChoicesOffersThem() {
    let tools = ActionFormat.tools.tools(nil, choices: ["red", "dark blue"])
    #expect(tools.map(\.name) == ["act"] && tools[0].parameters[0].choices == ["red", "dark blue"])
    let answer = ToolCall(name: "act", arguments: ["action": "Dark blue."]).text(after: "Hm.")
    #expect(ActionFormat.tools.action(in: answer, choices: ["red", "dark blue"], tools: tools) == .act("dark blue"))
    let other = ToolCall(name: "act", arguments: ["action": "green"]).text()
    #expect(!ActionFormat.tools.action(in: other, choices: ["red", "dark blue"], tools: tools).isParsed)
    #expect(ActionFormat.plain.tools(Self.tools, choices: nil).isEmpty)
  }

  @Test func aCallSurvivesItsText() throws {
    let call = ToolCall(name: "get", arguments: ["item": "a \"b\" </x>\n", "count": "2"])
    let (read, words) = try #require(ToolCall.last(in: call.text(after: "So be it.")))
    #expect(read == call && words == "So be it.")
  }
}
