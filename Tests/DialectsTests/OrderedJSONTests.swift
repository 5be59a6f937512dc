import Agents
import Dialects
import Testing

@Suite("Ordered JSON")
struct OrderedJSONTests {
  @Test(
    "Order, digits and texts are kept",
    arguments: [
      #"{"z":1,"a":{"c":1.0,"b":[1e3,-0,12345678901234567890.120]},"é":"\u0000\n\"\\"}"#,
      "[]", "{}", "null", "true", "\"x\"", "[{},[[]]]",
    ])
  func roundTrip(text: String) throws {
    #expect(try #require(OrderedJSON(parsing: text)).json == text)
  }

  @Test("The first of two equal keys counts, as in the value without order")
  func keys() throws {
    let text = #"{"b":1,"a":2,"b":3}"#
    let value = try #require(OrderedJSON(parsing: text))
    #expect(value == ["b": 1, "a": 2])
    #expect(JSONValue(value) == JSONValue(parsing: text))
  }

  @Test("Equality is that of the writing")
  func equality() {
    #expect(OrderedJSON(parsing: "1.0") != OrderedJSON(parsing: "1"))
    #expect(OrderedJSON.text("e\u{301}") != OrderedJSON.text("\u{e9}"))
    #expect(OrderedJSON(parsing: #"{"a":1,"b":2}"#) != OrderedJSON(parsing: #"{"b":2,"a":1}"#))
    #expect(OrderedJSON(parsing: #"{"b":2,"a":1}"#)?.sorted == ["a": 1, "b": 2])
  }

  @Test("Members are set in their place and removed")
  func members() {
    var value: OrderedJSON = ["b": 1, "a": 2]
    value.set("b", "x")
    value.set("c", .null)
    value.set("d", ifGiven: nil)
    #expect(value.json == #"{"b":"x","a":2,"c":null}"#)
    #expect(value.remove("b") == "x")
    #expect(value.json == #"{"a":2,"c":null}"#)
    #expect(value["a"]?.integer == 2)
    #expect(OrderedJSON(JSONValue(value)) == value)
  }
}

/// JSON for tests.
func parsed(_ text: String, _ location: SourceLocation = #_sourceLocation) -> OrderedJSON {
  guard let value = OrderedJSON(parsing: text) else {
    Issue.record("not JSON: \(text)", sourceLocation: location)
    return .null
  }
  return value
}
