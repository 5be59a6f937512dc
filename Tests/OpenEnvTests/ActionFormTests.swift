import Agents
import Testing

@testable import OpenEnv

@Suite("Words become actions as the server's schema wants them")
struct ActionFormTests {
  static func form(
    _ schema: String, field: String? = nil, fixed: [String: JSONValue] = [:]
  ) throws -> ActionForm {
    try ActionForm(schema: try #require(JSONValue(parsing: schema)), field: field, fixed: fixed)
  }

  static let till = """
    {"$defs": {"Item": {"enum": ["tea", "milk"], "type": "string"}}, "additionalProperties": false, "properties": {
      "metadata": {"type": "object"}, "item": {"$ref": "#/$defs/Item"}, "count": {"type": "integer", "description": "how many"},
      "price": {"anyOf": [{"type": "number"}, {"type": "null"}], "default": null}, "gift": {"type": "boolean"}},
     "required": ["item", "count"], "description": "Buys something."}
    """

  @Test func theOnePropertyThatIsNeededIsTheWords() throws {
    let form = try Self.form(
      #"{"properties": {"words": {"type": "string"}, "loud": {"type": "boolean"}}, "required": ["words"]}"#)
    #expect(try form.fields(for: .act("{\"go\"}")) == ["words": .text("{\"go\"}")])
    #expect(form.choices == nil && form.tools?.first?.action(["words": "go"]) == "go")
    #expect(throws: ActionForm.Misread.self) { try form.fields(for: .unparsable("?")) }
  }

  @Test func aNumberOrAListedValueIsReadFromTheWords() throws {
    let number = try Self.form(#"{"properties": {"id": {"type": "integer"}}, "required": ["id"]}"#)
    #expect(try number.fields(for: .act("7")) == ["id": .integer(7)])
    #expect(throws: ActionForm.Misread(reason: "\"seven\" is not a whole number.")) {
      try number.fields(for: .act("seven"))
    }
    let listed = try Self.form(#"{"properties": {"id": {"enum": [0, 1]}}, "required": ["id"]}"#)
    #expect(listed.choices == ["0", "1"])
    #expect(try listed.fields(for: .act("1")) == ["id": .integer(1)])
    let one = try Self.form(#"{"properties": {"kind": {"const": "go"}}, "required": ["kind"]}"#)
    #expect(one.choices == ["go"])
  }

  @Test func severalPropertiesAreAnObject() throws {
    let form = try Self.form(Self.till)
    #expect(
      try form.fields(for: .act(#"{"item": "tea", "count": 2, "price": null}"#))
        == ["item": .text("tea"), "count": .integer(2), "price": .null])
    #expect(form.choices == nil && form.hint.contains("one of \"tea\", \"milk\"") && !form.hint.contains("metadata"))
  }

  @Test(
    "What is no such object is told to the agent",
    arguments: [
      ("tea", "no JSON object"), ("[1]", "no JSON object"), (#"{"item": "tea"}"#, "\"count\" is missing"),
      (#"{"item": "beer", "count": 1}"#, "one of \"tea\", \"milk\""),
      (#"{"item": "tea", "count": "two"}"#, "a whole number"), (#"{"item": "tea", "count": 1.5}"#, "a whole number"),
      (#"{"item": "tea", "count": true}"#, "a whole number"), (#"{"item": "tea", "count": null}"#, "a whole number"),
      (#"{"item": "tea", "count": 1, "x": 1}"#, "There is no \"x\""), (#"{"item": "tea", "count": NaN}"#, "no JSON"),
    ])
  func misread(words: String, reason: String) throws {
    let form = try Self.form(Self.till)
    do {
      let fields = try form.fields(for: .act(words))
      Issue.record("\(fields)")
    } catch {
      #expect(error.reason.contains(reason), "\(error.reason)")
    }
  }

  @Test func aToolCallReadsAsAnAction() throws {
    let form = try Self.form(Self.till)
    let tool = try #require(form.tools?.first)
    #expect(tool.description == "Buys something." && tool.parameters.map(\.name) == ["item", "count"])
    #expect(tool.parameters[0].choices == ["tea", "milk"] && tool.parameters[1].description == "how many")
    let action = try #require(tool.action(["item": "tea", "count": "3"]))
    #expect(try form.fields(for: .act(action)) == ["item": .text("tea"), "count": .integer(3)])
    let nested = try Self.form(
      #"{"properties": {"a": {"type": "object"}, "b": {"type": "string"}}, "required": ["a", "b"]}"#)
    #expect(nested.tools == nil)
  }

  @Test func aTextOfSeveralLinesSurvivesAToolCall() throws {
    let form = try Self.form(
      #"{"properties": {"code": {"type": "string"}, "n": {"type": "number"}}, "required": ["code", "n"]}"#)
    let action = try #require(form.tools?.first?.action(["code": "a = 1\nb = 2", "n": "0.5"]))
    #expect(try form.fields(for: .act(action)) == ["code": .text("a = 1\nb = 2"), "n": .number(0.5)])
  }

  @Test func whatIsFixedIsSentAndNotAskedFor() throws {
    let schema = """
      {"properties": {"type": {"const": "call_tool"}, "tool": {"type": "string"}, "text": {"type": "string"}},
       "required": ["type", "tool", "text"], "additionalProperties": false}
      """
    let fixed: [String: JSONValue] = ["type": .text("call_tool"), "tool": .text("say")]
    let form = try Self.form(schema, fixed: fixed)
    #expect(try form.fields(for: .act("hello")) == fixed.merging(["text": .text("hello")]) { $1 })
    #expect(throws: WorldError.self) { try Self.form(schema, fixed: ["tule": .text("say")]) }
    #expect(throws: WorldError.self) { try Self.form(schema, field: "words") }
    let chosen = try Self.form(schema, field: "text", fixed: ["type": .text("call_tool")])
    #expect(try chosen.fields(for: .act("hello"))["text"] == .text("hello"))
  }

  @Test func aSchemaThatRefersToItselfOrSaysNothingIsSurvived() throws {
    let loop = try Self.form(
      ##"{"$defs": {"A": {"$ref": "#/$defs/A"}}, "properties": {"a": {"$ref": "#/$defs/A"}}, "required": ["a"]}"##)
    #expect(try loop.fields(for: .act(#"{"a": [1]}"#)) == ["a": .list([.integer(1)])])
    let empty = try Self.form("{}")
    #expect(try empty.fields(for: .act(#"{"any": 1}"#)) == ["any": .integer(1)])
    #expect(empty.tools == nil)
  }

  @Test func observationsAreShownAsText() throws {
    let text = ObservationText(rendering: .text, field: nil)
    let json = ObservationText(rendering: .json, field: nil)
    let one = try #require(JSONValue(parsing: #"{"text": "You are here.", "metadata": {"a": 1}, "done": false}"#))
    #expect(try text.text(of: one) == "You are here." && json.text(of: one) == "You are here.")
    let some = try #require(JSONValue(parsing: #"{"y": 1.5, "x": [1, "b"], "map": "ab\ncd", "no": null}"#))
    #expect(try text.text(of: some) == "map:\nab\ncd\nx: [1,\"b\"]\ny: 1.5")
    #expect(try json.text(of: some) == #"{"map":"ab\ncd","no":null,"x":[1,"b"],"y":1.5}"#)
    #expect(try ObservationText(rendering: .text, field: "map").text(of: some) == "ab\ncd")
    #expect(throws: WorldError.self) { try ObservationText(rendering: .text, field: "nope").text(of: some) }
  }
}
