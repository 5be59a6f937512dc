import Foundation
import Testing

@testable import Agents

@Suite("JSON as servers and programs write it")
struct OutsideJSONTests {
  @Test(
    "What a strict reader refuses in a text becomes U+FFFD, or an escape, and the rest stays",
    arguments: [
      (#"{"a":"caf\udce9 au lait"}"#, "caf\u{FFFD} au lait"), (#"{"a":"\ud83d\ude00"}"#, "😀"),
      (#"{"a":"\ud83d and \ude00"}"#, "\u{FFFD} and \u{FFFD}"), (#"{"a":"\ude00\ud83d"}"#, "\u{FFFD}\u{FFFD}"),
      (#"{"a":"\ud83d\ud83d\ude00"}"#, "\u{FFFD}😀"), (#"{"a":"\\udce9"}"#, #"\udce9"#),
      (#"{"a":"\\\udce9\"x"}"#, "\\\u{FFFD}\"x"), (#"{"a":"\uDCE9"}"#, "\u{FFFD}"), (#"{"a":"\u00e9"}"#, "é"),
      ("{\"a\":\"one\ntwo\u{1}\"}", "one\ntwo\u{1}"), ("\u{FEFF}{\"a\":\"x\"}", "x"),
      (#"{"a":"NaN and -Infinity"}"#, "NaN and -Infinity"), (#" {"a" : "x"} "#, "x"),
    ])
  func texts(json: String, text: String) throws {
    #expect(try OutsideJSON.decode([String: String].self, from: json) == ["a": text])
    #expect(JSONValue(parsing: json)?["a"]?.text == text)
  }

  @Test("Bytes that are no UTF-8 are repaired, with lone surrogates beside them")
  func bytes() throws {
    let broken = Data(#"{"a":"caf"#.utf8) + [0xE9] + Data(#" \udce9"}"#.utf8)
    #expect(try OutsideJSON.decode([String: String].self, from: broken) == ["a": "caf\u{FFFD} \u{FFFD}"])
  }

  @Test("A slice of other bytes is read at its own places")
  func slice() throws {
    let data = Data(#"xxxx{"a":"\udce9!"}"#.utf8).dropFirst(4)
    #expect(try OutsideJSON.decode([String: String].self, from: data) == ["a": "\u{FFFD}!"])
  }

  @Test("Sound JSON is passed on as it is")
  func untouched() {
    for text in [#"{"a":[1,2.5e-3,null,true,"é😀\n\u00e9"]}"#, "", "[]", "{", "\"\\"] {
      #expect(OutsideJSON.mended(Data(text.utf8)) == Data(text.utf8))
    }
  }

  @Test("What is no JSON stays none")
  func broken() {
    for text in ["", "{", #"{"a":}"#, #"{"a":"\udc"}"#, #"{"a":"\udce9}"#, "<html>", #"{"a":"x"} {"#] {
      #expect(throws: (any Error).self) { try OutsideJSON.decode(JSONValue.self, from: text) }
    }
  }

  @Test("Python's NaN and Infinity are read where they are asked for, and refused where they are not")
  func nonFinite() throws {
    let text = #"{"a":[-Infinity,NaN,Infinity,1.5,"N\udce9"]}"#
    #expect(throws: (any Error).self) { try OutsideJSON.decode(JSONValue.self, from: text) }
    let items = try #require(try OutsideJSON.decode(JSONValue.self, from: text, nonFinite: true)["a"]?.items)
    #expect(items[0] == .number(-.infinity) && items[2] == .number(.infinity) && items[3] == .number(1.5))
    guard case .number(let number) = items[1] else { return #expect(Bool(false)) }
    #expect(number.isNaN && items[4] == .text("N\u{FFFD}"))
  }

  @Test("Arguments of a tool's call with a lone surrogate are a call")
  func toolCall() {
    let text = #"<tool_call>{"name":"say","arguments":{"words":"caf\udce9"}}</tool_call>"#
    #expect(ToolCall.last(in: text)?.call.arguments == ["words": "caf\u{FFFD}"])
  }

  @Test("Usage of earlier versions is read, and answers that were cut off are counted")
  func usage() throws {
    let old =
      #"{"inputTokens":1,"cachedInputTokens":0,"cacheWriteTokens":0,"outputTokens":2,"reasoningTokens":0,"savedInputTokens":0}"#
    let usage = try JSONDecoder().decode(Usage.self, from: Data(old.utf8))
    #expect(usage == Usage(inputTokens: 1, outputTokens: 2))
    let cut = usage + Usage(outputTokens: 1, cutOffAnswers: 1)
    #expect(try JSONDecoder().decode(Usage.self, from: JSONEncoder().encode(cut)) == cut)
    #expect(cut.doubled == Usage(inputTokens: 2, outputTokens: 6, cutOffAnswers: 1))
  }
}
