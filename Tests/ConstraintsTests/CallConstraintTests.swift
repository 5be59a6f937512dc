import Agents
import Testing

@testable import Constraints

/// Answers that call a tool.
@Suite struct CallConstraintTests {
  static let find = CallConstraint.Tool(
    "find_order",
    schema: [
      "type": "object",
      "properties": [
        "id": ["type": "integer", "minimum": 1],
        "tags": ["type": "array", "items": ["enum": ["a", "b"]], "maxItems": 2],
      ],
      "required": ["id"],
    ])
  static let wait = CallConstraint.Tool("wait \"now\"", schema: nil)
  static let tagged = CallConstraint([find, wait])

  @Test(arguments: [
    #"<tool_call>{"name":"find_order","arguments":{"id":7}}</tool_call>"#,
    "<tool_call>\n{\"name\": \"find_order\", \"arguments\": {\"id\": 7, \"tags\": [\"a\", \"b\"]}}\n</tool_call>",
    #"<tool_call>{"name": "find_order","arguments":{"id":12,"tags": []}}</tool_call>"#,
    #"<tool_call>{"name":"wait \"now\"","arguments":{}}</tool_call>"#,
  ])
  func calls(text: String) throws {
    #expect(try Self.tagged.language().contains(text.utf8))
    #expect(
      !(try CallConstraint([Self.find, Self.wait], form: .bare(key: "parameters")).language().contains(text.utf8)))
  }

  @Test(arguments: [
    "", "yes", #"{"name":"find_order","arguments":{"id":7}}"#,
    #"<tool_call>{"name":"find_order","arguments":{"id":0}}</tool_call>"#,
    #"<tool_call>{"name":"find_order","arguments":{}}</tool_call>"#,
    #"<tool_call>{"name":"find_order","arguments":{"id":7,"more":1}}</tool_call>"#,
    #"<tool_call>{"name":"other","arguments":{"id":7}}</tool_call>"#,
    #"<tool_call>{"name":"wait \"now\"","arguments":{"id":7}}</tool_call>"#,
    #"<tool_call>{"name":"find_order","arguments":{"id":7}}</tool_call> "#,
    #"Well: <tool_call>{"name":"find_order","arguments":{"id":7}}</tool_call>"#,
    #"<tool_call>{"name":"find_order","arguments":{"id":7}}</tool_call><tool_call>{"name":"find_order","arguments":{"id":7}}</tool_call>"#,
    #"<tool_call>  {"name":"find_order","arguments":{"id":7}}</tool_call>"#,
  ])
  func noCalls(text: String) throws {
    #expect(!(try Self.tagged.language().contains(text.utf8)))
  }

  @Test func callsWithoutMarks() throws {
    let language = try CallConstraint([Self.find], form: .bare(key: "parameters")).language()
    #expect(language.contains(#"{"name": "find_order", "parameters": {"id": 7}}"#.utf8))
    #expect(!language.contains(#"{"name": "find_order", "arguments": {"id": 7}}"#.utf8))
  }

  @Test func textInPlaceOfACall() throws {
    let language = try CallConstraint([Self.find], allowsText: true).language()
    for text in ["The order is lost.", "<", "<tool_cal", "a <tool_call", "<<tool_cal>", "ünï\n{}", "a<tool_<tool_cal"] {
      #expect(language.contains(text.utf8), "\(text)")
    }
    for text in ["", " a", "{}", "[1]", "a<tool_call>", "<tool_call>", "a<tool_<tool_call>{}", "<<tool_call>"] {
      #expect(!language.contains(text.utf8), "\(text)")
    }
    #expect(language.contains(#"<tool_call>{"name":"find_order","arguments":{"id":7}}</tool_call>"#.utf8))
    #expect(!language.contains(#"<tool_call>{"name":"find_order","arguments":{"id":0}}</tool_call>"#.utf8))
  }

  /// Equal pointers of two schemas name different parts.
  @Test func schemasDoNotMix() throws {
    func tool(_ name: String, _ value: OrderedJSON) -> CallConstraint.Tool {
      CallConstraint.Tool(
        name,
        schema: [
          "properties": ["x": ["$ref": "#/$defs/v"]], "required": ["x"], "$defs": ["v": ["const": value]],
        ])
    }
    let language = try CallConstraint([tool("a", 1), tool("b", 2)], form: .bare(key: "arguments")).language()
    #expect(language.contains(#"{"name":"a","arguments":{"x":1}}"#.utf8))
    #expect(language.contains(#"{"name":"b","arguments":{"x":2}}"#.utf8))
    #expect(!language.contains(#"{"name":"a","arguments":{"x":2}}"#.utf8))
    #expect(!language.contains(#"{"name":"a","arguments":[]}"#.utf8))
  }

  @Test func whatCannotBeEnforcedNamesItsTool() throws {
    let tool = CallConstraint.Tool("a", schema: ["properties": ["d": ["type": "string", "format": "date"]]])
    let error = #expect(throws: ConstraintError.self) { _ = try CallConstraint([Self.find, tool]).language() }
    #expect(error?.description.contains("tool a, #/properties/d: the keyword `format` is not supported") == true)
    #expect(throws: ConstraintError.self) { _ = try CallConstraint([]).language() }
    let endless = CallConstraint.Tool("a", schema: ["$ref": "#"])
    #expect(throws: ConstraintError.self) { _ = try CallConstraint([endless]).language() }
  }
}
