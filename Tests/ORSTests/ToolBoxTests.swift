import Agents
import Foundation
import TestSupport
import Testing

@testable import ORS

@Suite("Tools of the Open Reward Standard, and how a text becomes a call")
struct ToolBoxTests {
  static let answer = """
    {"tools": [
      {"name": "look", "description": "Reads the dials.", "input_schema": null},
      {"name": "turn", "description": "Turns a dial.", "input_schema": {"title": "Turn", "type": "object", "required": ["dial", "to"],
        "properties": {"dial": {"enum": [1, 2], "title": "Dial"}, "to": {"type": "integer", "description": "where"},
          "note": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": null}}}},
      {"name": "say", "description": "", "input_schema": {"properties": {"title": {"type": "string"}}, "required": ["title"]}},
      {"name": "set", "description": "Sets.", "input_schema": {"properties": {"all": {"type": "array", "items": {"type": "integer"}}},
        "required": ["all"]}}],
     "terminal_tool": {"name": "submit", "arg": "answer", "description": "Your answer."}}
    """
  static func box(_ text: String = answer) throws -> ToolBox {
    try #require(JSONValue(parsing: text).flatMap(ToolBox.init))
  }

  @Test(
    "A text is a call",
    arguments: [
      ("look", "look", "{}"), ("look {}", "look", "{}"),
      (" turn {\"dial\": 1, \"to\": 2} ", "turn", #"{"dial":1,"to":2}"#),
      ("turn{\"dial\": 1}", "turn", #"{"dial":1}"#),
      ("turn\ndial: 1\nto: 2\nnote: a\nto: b", "turn", #"{"dial":1,"note":"a\nto: b","to":2}"#),
      ("turn\ndial: 2\nto: -3\nnote:", "turn", #"{"dial":2,"to":-3}"#),
      ("say hello there", "say", #"{"title":"hello there"}"#),
      ("set [1, 2]", "set", #"{"all":[1,2]}"#), ("{\"name\": \"look\", \"arguments\": {}}", "look", "{}"),
      ("{\"name\": \"say\", \"input\": {\"title\": \"x\"}}", "say", #"{"title":"x"}"#),
      ("It is 42.", "submit", #"{"answer":"It is 42."}"#), ("submit 42", "submit", #"{"answer":"42"}"#),
    ])
  func calls(text: String, name: String, input: String) throws {
    let call = try Self.box().call(text)
    #expect(call.name == name && JSONValue.object(call.input).json == input, "\(call)")
  }

  @Test(
    "What is no call is told",
    arguments: [
      ("turn\ndial: 3\nto: 1", "\"dial\" is \"3\" and has to be one of 1, 2"), ("turn everything", "no JSON object"),
      ("turn [1]", "no JSON object"), ("trun {\"dial\": 1}", "no tool \"trun\"; the tools are look, turn"),
      ("{\"name\": \"hop\", \"input\": {}}", "no tool \"hop\""), ("set x", "has to be a list"),
    ])
  func misread(text: String, words: String) throws {
    let box = try Self.box()
    #expect { try box.call(text) } throws: { ($0 as? ToolBox.Misread)?.reason.contains(words) == true }
  }

  @Test func withoutATerminalToolAMessageIsNoCall() throws {
    let box = try Self.box(#"{"tools": [{"name": "look"}]}"#)
    let misread = ToolBox.Misread(reason: "There is no tool \"It\"; the tools are look.")
    #expect(throws: misread) { try box.call("It is 42.") }
    #expect(ToolBox(["tools": 5]) == nil && ToolBox(.null) == nil)
  }

  @Test func aPolicyIsToldTheToolsAndCallsThem() throws {
    let box = try Self.box()
    let words = box.instructions
    #expect(words.contains("- look: Reads the dials.\n- turn: Turns a dial.\n  Input (JSON Schema): {"))
    #expect(words.contains(#""title":{"type":"string"}"#) && !words.contains("\"Turn\""), "\(words)")
    #expect(words.hasSuffix("such as turn {\"dial\": …, \"to\": …}."))
    let tools = box.actionTools
    #expect(tools.map(\.name) == ["look", "turn", "say", "set", "submit"])
    #expect(tools[1].parameters.map(\.name) == ["dial", "to", "note"])
    #expect(tools[1].parameters[0].choices == ["1", "2"])
    #expect(tools[1].parameters[2].description == "May be left empty.")
    #expect(tools[3].parameters[0].description.contains(#"{"items":{"type":"integer"},"type":"array"}"#))
    let text = try #require(tools[1].action(["dial": "1", "to": "2", "note": ""]))
    #expect(try box.call(text).input == ["dial": 1, "to": 2])
    #expect(try box.call(try #require(tools[3].action(["all": "[4]"]))).input == ["all": [4]])
    let other = try #require(ToolBox.caller.action(["tool": "say", "input": #"{"title":"x"}"#]))
    #expect(try box.call(other).name == "say")
  }

  @Test func eventsOfAStream() {
    func read(_ text: String) -> [ServerSentEvent] { ServerSentEvent.all(in: Data(text.utf8)) }
    #expect(
      read(": ping\r\n\r\nevent: chunk\r\ndata:  a\r\n\r\nevent: end\r\ndata: b\r\ndata\r\nid: 1\r\n\r\n")
        == [.init(name: "chunk", data: " a"), .init(name: "end", data: "b\n")])
    #expect(read("data: x\n\nevent: end\ndata: cut off") == [.init(name: "message", data: "x")])
    #expect(read("event:e\rdata:1\r\r") == [.init(name: "e", data: "1")])
    #expect(read("").isEmpty)
  }

  @Test("Answers of servers", .timeLimit(.minutes(5)))
  func answers() async {
    let stream = "event: task_id\r\ndata: 1\r\n\r\nevent: chunk\r\ndata: {\r\n\r\nevent: end\r\ndata: }\r\n\r\n"
    for await data in Fuzz("OpenReward", [Self.answer, stream], count: 2_000, words: ["\"$ref\":", "data:", "null"]) {
      _ = ServerSentEvent.all(in: data)
      let text = String(decoding: data, as: UTF8.self)
      if let box = JSONValue(parsing: text).flatMap(ToolBox.init) {
        _ = (box.instructions, box.actionTools, try? box.call("turn\ndial: 1\nto: 2"))
      }
      _ = try? Self.box().call(text)
    }
  }
}
