import Foundation
import Testing

@testable import Agents

@Suite("JSON values keep numbers as they are written")
struct JSONValueTests {
  @Test(
    "A number comes back digit for digit",
    arguments: [
      "0", "-0", "1", "-1", "9223372036854775807", "-9223372036854775808", "9223372036854775808",
      "18446744073709551615",
      "340282366920938463463374607431768211455", "-340282366920938463463374607431768211455", "1.0", "0.10", "12.50",
      "1e3",
      "1E+3", "1e-7", "0.1000000000000000055511151231257827", "3.14159265358979323846264338327950288419716939937510",
      "1e400",
      "-2.5E-400", String(repeating: "9", count: 400),
    ])
  func numbers(text: String) throws {
    #expect(JSONValue(parsing: text)?.json == text)
    let nested = "{\"a\":[\(text),{\"b\":\(text)}],\"c\":null}"
    #expect(JSONValue(parsing: nested)?.json == nested)
    #expect(JSONValue(parsing: nested)?.value(at: "a.0")?.shown == text)
  }

  @Test(
    "What is no number in JSON is none",
    arguments: [
      "", "-", "+1", "01", "-01", "1.", ".5", "1e", "1e+", "1.e3", "0x10", "1_000", "NaN", "Infinity", "-Infinity",
      "nan", "1 2",
      "١", "1a", "--1", "1e1.5",
    ])
  func noNumbers(text: String) {
    #expect(JSONNumber(text) == nil)
    #expect(JSONValue(parsing: "[\(text),0]") == nil)
  }

  @Test("Numbers are equal where their values are")
  func equality() throws {
    func number(_ text: String) throws -> JSONNumber { try #require(JSONNumber(text)) }
    for equal in [
      ["1", "1.0", "10e-1", "0.1e1"], ["0", "-0", "0.00", "0e9"], ["1500", "1.5e3"], ["-0.25", "-25e-2"],
    ] {
      let numbers = try equal.map { try number($0) }
      #expect(Set(numbers).count == 1 && Set(numbers.map { JSONValue.number($0) }).count == 1, "\(equal)")
    }
    let different = [
      "1", "-1", "10", "0.1", "100000000000000000001", "100000000000000000002", "1e99999999999999999999",
      "1e-9223372036854775808",
    ]
    #expect(try Set(different.map { try number($0) }).count == different.count)
    #expect(JSONNumber(Double.nan) != JSONNumber(Double.nan) && JSONNumber(Double.infinity) == JSONNumber(.infinity))
  }

  @Test("A machine's number is made where one is asked for")
  func machineNumbers() throws {
    func number(_ text: String) throws -> JSONNumber { try #require(JSONNumber(text)) }
    #expect(try ["7", "7.0", "70e-1", "0.007e3"].map { try number($0).integer } == [7, 7, 7, 7])
    #expect(try ["7.5", "1e-1", "9223372036854775808", "1e30"].map { try number($0).integer } == [nil, nil, nil, nil])
    #expect(try number("-9223372036854775808").integer == .min && number("-0.0").integer == 0)
    #expect(try ["7", "1e30", "1.5e1", "7.5"].map { try number($0).isWhole } == [true, true, true, false])
    #expect(try number("0.1").double == 0.1 && number("1e400").double == .infinity && number("1e400").isFinite)
    #expect(JSONNumber(-.infinity).double == -.infinity && JSONNumber(Double.nan).double.isNaN)
    #expect(!JSONNumber(-.infinity).isFinite && !JSONNumber(.nan).isFinite && JSONNumber(-1).isFinite)
    #expect(
      JSONValue.number(1).json == "1.0" && JSONValue.integer(1).json == "1" && JSONValue.number(.nan).json == "null")
  }

  @Test("Foundation's coders keep 128 bits and 38 digits, and refuse to write what they would change")
  func coders() throws {
    let kept = [
      "18446744073709551616", "340282366920938463463374607431768211455", "0.1234567890123456789012345678901234567",
      "0.1",
    ]
    for text in kept {
      let value = try JSONDecoder().decode(JSONValue.self, from: Data(text.utf8))
      #expect(value.json == text)
      #expect(String(decoding: try JSONEncoder().encode(value), as: UTF8.self) == text)
    }
    let large = try #require(JSONValue(parsing: "[1e300,1.0,12.50]"))
    #expect(try JSONDecoder().decode(JSONValue.self, from: JSONEncoder().encode(large)) == large)
    let long = try #require(JSONValue(parsing: String(repeating: "7", count: 60)))
    #expect(throws: EncodingError.self) { try JSONEncoder().encode(long) }
  }

  @Test("Sound JSON is read as Foundation reads it, and written as it writes it")
  func agreement() throws {
    let texts = [
      #" { "b" : [ ] , "a" : { } , "_" : [ true , false , null ] } "#,
      #""\"\\\/\b\f\n\r\t\u0041\u00e9\uD83D\ude00\u0000""#,
      #"{"é":"😀\u001f\u007f\u2028","A":"/","a10":"","a9":"x"}"#, "[[[[[[1]]]]]]", "\r\n\t 7 ", #"{"a":1,"a":2}"#,
      #""""#,
    ]
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    for text in texts {
      let value = try #require(JSONValue(parsing: text), "\(text)")
      #expect(try JSONDecoder().decode(JSONValue.self, from: Data(text.utf8)) == value)
      #expect(String(decoding: try encoder.encode(value), as: UTF8.self) == value.json)
    }
  }

  @Test(
    "What is no JSON is none",
    arguments: [
      "", " ", "{", "[", "]", "[1,]", "[,1]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}", "{1:1}", "[1 2]", "tru",
      "nul", "True",
      "\"", "\"\\\"", "\"\\x\"", "\"\\u12\"", "\"\\u12g4\"", "\"\\ud800\"", "\"\\ud800\\u0041\"", "\"\\udc00\"",
      "\"a\nb\"", "1 1",
      "{}{}", "'a'", "// a\n1", "[1]x", "\u{1}",
    ])
  func broken(text: String) {
    #expect(throws: JSONReader.Malformed.self) { try JSONReader.value(of: text) }
  }

  @Test("Nesting is read to 512 and refused beyond, whatever its depth")
  func depth() {
    func nested(_ depth: Int) -> String { String(repeating: "[", count: depth) + String(repeating: "]", count: depth) }
    #expect(JSONValue(parsing: nested(512)) != nil)
    #expect(JSONValue(parsing: nested(513)) == nil)
    #expect(JSONValue(parsing: String(repeating: "[{\"a\":", count: 100_000)) == nil)
  }

  @Test("Changed bytes are read as Foundation reads them, or refused as it refuses them")
  func mutations() throws {
    let seed = Array(#"{"a":[1,-2.5e3,"x\n\u00e9\ud83d\ude00",true,null,{"b":12345678901234567890}],"":0.10}"#.utf8)
    let alphabet = Array(#"{}[]",:\0123456789.eE+-utrfalsn "#.utf8)
    var generator = Seed(14).generator()
    for _ in 0..<4_000 {
      var bytes = seed
      for _ in 0...generator.number(below: 3) {
        let place = generator.number(below: bytes.count)
        switch generator.number(below: 3) {
        case 0: bytes.remove(at: place)
        case 1: bytes.insert(alphabet[generator.number(below: alphabet.count)], at: place)
        default: bytes[place] = alphabet[generator.number(below: alphabet.count)]
        }
      }
      let text = String(decoding: bytes, as: UTF8.self)
      let own = try? JSONReader.value(of: text)
      let foundation = try? JSONDecoder().decode(JSONValue.self, from: Data(text.utf8))
      // Foundation refuses what no Double holds, such as 1e999.
      if let foundation {
        #expect(own == foundation, "\(text)")
      } else if own != nil {
        #expect(text.contains(/[eE]\+?\d{2,}/), "\(text)")
      }
    }
  }

  @Test("The arguments of a tool's call keep their digits")
  func toolArguments() throws {
    let long = "123456789012345678901234567890123456789012345678901234567890"
    let json = #"{"seed":\#(long),"price":0.12345678901234567890123,"count":2.0,"ok":true,"none":null,"word":"a b"}"#
    let texts = [
      "seed": long, "price": "0.12345678901234567890123", "count": "2", "ok": "true", "word": "a b",
    ]
    #expect(ToolCall(name: "act", argumentsJSON: json)?.arguments == texts)
    #expect(ToolCall(name: "act", argumentsJSON: JSONValue.text(json).json)?.arguments == texts)
    let call = try #require(ToolCall.last(in: #"<tool_call>{"name":"act","arguments":\#(json)}</tool_call>"#)?.call)
    #expect(call.arguments == texts)
    #expect(ToolCall.last(in: #"<tool_call>{"name":"act","arguments":null}</tool_call>"#)?.call.arguments == [:])
    #expect(ToolCall.last(in: #"<tool_call>{"name":"act","arguments":[1]}</tool_call>"#) == nil)
    // Within a server's own JSON, as Anthropic gives them.
    let short = #"{"seed":340282366920938463463374607431768211455,"count":2.0}"#
    #expect(
      try JSONDecoder().decode(Arguments.self, from: Data(short.utf8)).texts
        == ["seed": "340282366920938463463374607431768211455", "count": "2"])
  }
}
