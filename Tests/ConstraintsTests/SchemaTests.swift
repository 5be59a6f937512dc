import Agents
import Constraints
import Foundation
import TestSupport
import Testing

@Suite struct SchemaTests {
  /// A schema, texts that it allows and texts that it does not.
  static let examples: [(String, [String], [String])] = [
    ("true", ["1", "{}", #"{"a":[1,null]}"#, #""x""#], ["", "tru", "{,}", "[1,]", "01", "1 "]),
    ("{}", ["-0.5e+10", "[[]]", #"{"":""}"#], [".5", "1.", "-", "+1", "1e"]),
    (
      #"{"type":"string"}"#, [#""""#, #""é\n\u00e9\ud83d\ude00\/""#],
      [#""\ud83d""#, "\"\n\"", #""\x""#, "1", #""\ude00""#]
    ),
    (#"{"type":"string","minLength":2,"maxLength":3}"#, [#""ab""#, #""😀\ud83d\ude00é""#], [#""a""#, #""abcd""#]),
    (#"{"type":"string","pattern":"^[a-c]+$"}"#, [#""abc""#, #""\u0061b""#], [#""""#, #""d""#, #""\u0064""#]),
    (
      #"{"type":"string","pattern":"b\\n","maxLength":3}"#, [#""b\n""#, #""ab\n""#, #""b\u000aé""#],
      [#""bn""#, #""aab\n""#]
    ),
    (#"{"type":"string","pattern":"\"|\\\\"}"#, [#""\"""#, #""a\\b""#, #""\u0022""#], [#""a""#]),
    (#"{"type":"integer"}"#, ["0", "-1", "120"], ["-0", "01", "1.0", "1e2"]),
    (#"{"type":"integer","minimum":-5,"maximum":120}"#, ["-5", "0", "99", "120"], ["-6", "121", "1000", "-10"]),
    (#"{"type":"integer","exclusiveMinimum":9,"exclusiveMaximum":12.5}"#, ["10", "12"], ["9", "13", "1", "100"]),
    (#"{"type":"integer","minimum":1e20}"#, ["100000000000000000000"], ["99999999999999999999", "1"]),
    (#"{"type":"integer","multipleOf":7,"minimum":0}"#, ["0", "7", "49", "7000"], ["1", "50", "-7"]),
    (
      #"{"type":"number","minimum":0.5,"exclusiveMaximum":2}"#, ["0.5", "0.50", "1", "1.999"],
      ["0.49", "2", "2.0", "0", "-1"]
    ),
    (#"{"type":"number","maximum":-1.25}"#, ["-1.25", "-1.250", "-2", "-10.1"], ["-1.2499", "1", "0", "-1"]),
    (#"{"type":["boolean","null"]}"#, ["true", "false", "null"], ["0", "nul"]),
    (#"{"enum":["a",1,null,{"b":[2]}]}"#, [#""a""#, "1", "null", #"{"b":[2]}"#], [#""b""#, #"{"b":[]}"#]),
    (#"{"enum":["a",1],"type":"integer"}"#, ["1"], [#""a""#]), (#"{"const":"x\"y"}"#, [#""x\"y""#], [#""x""#]),
    (
      #"{"type":"object","properties":{"a":{"type":"integer"},"b":{"type":"null"},"c":true},"required":["b"]}"#,
      [#"{"b":null}"#, #"{"a":1,"b":null}"#, #"{"a":1,"b":null,"c":[]}"#, #"{"b":null,"c":0}"#],
      ["{}", #"{"a":1}"#, #"{"b":null,"a":1}"#, #"{"b":null,"d":1}"#, #"{"b":null,}"#, #"{,"b":null}"#]
    ),
    (
      #"{"type":"object","properties":{"a":{"type":"null"},"b":{"type":"null"}}}"#, ["{}", #"{"b":null}"#],
      [#"{"c":1}"#]
    ),
    (
      #"{"type":"object","properties":{"ab":{"type":"null"}},"additionalProperties":{"type":"integer"}}"#,
      ["{}", #"{"ab":null}"#, #"{"ab":null,"a":1,"abc":2}"#, #"{"":3}"#],
      [#"{"ab":1}"#, #"{"\u0061b":1}"#, #"{"a":null}"#]
    ),
    (#"{"type":"object"}"#, ["{}", #"{"a":{"b":1},"c":2}"#], ["[]"]),
    (#"{"type":"object","additionalProperties":false}"#, ["{}"], [#"{"a":1}"#]),
    (
      #"{"type":"array","items":{"type":"null"},"minItems":1,"maxItems":3}"#, ["[null]", "[null,null,null]"],
      ["[]", "[null,null,null,null]"]
    ),
    (
      #"{"type":"array","prefixItems":[{"type":"null"},{"type":"boolean"}]}"#,
      ["[]", "[null]", "[null,true]", "[null,true,1,2]"], ["[true]"]
    ),
    (
      #"{"type":"array","prefixItems":[{"const":1},{"const":2}],"items":false,"minItems":1}"#, ["[1]", "[1,2]"],
      ["[]", "[1,2,3]"]
    ),
    (
      #"{"type":"array","prefixItems":[{"const":1}],"items":{"const":0},"minItems":3,"maxItems":4}"#,
      ["[1,0,0]", "[1,0,0,0]"], ["[1,0]", "[1,0,0,0,0]"]
    ),
    (#"{"type":"array","maxItems":0}"#, ["[]"], ["[1]"]),
    (#"{"type":"array","items":{"const":1},"minItems":2}"#, ["[1,1]", "[1,1,1]"], ["[1]", "[]"]),
    (#"{"minimum":3,"minLength":1}"#, ["3", #""a""#, "null", "{}"], ["2", #""""#]),
    (#"{"anyOf":[{"type":"null"},{"type":"integer","minimum":5}]}"#, ["null", "5"], ["4"]),
    (
      ##"{"oneOf":[{"$ref":"#/$defs/c"},{"type":"object","properties":{"k":{"const":"s"}},"required":["k"]}],"$defs":{"c":{"type":"object","properties":{"k":{"const":"c"},"r":{"type":"integer"}},"required":["k","r"]}}}"##,
      [#"{"k":"c","r":1}"#, #"{"k":"s"}"#], [#"{"k":"c"}"#, #"{"k":"s","r":1}"#]
    ),
    (
      ##"{"$ref":"#/$defs/tree","$defs":{"tree":{"type":"object","properties":{"v":{"type":"integer"},"l":{"$ref":"#/$defs/tree"},"r":{"anyOf":[{"$ref":"#/$defs/tree"},{"type":"null"}]}},"required":["v"]}}}"##,
      [#"{"v":1}"#, #"{"v":1,"l":{"v":2,"r":null},"r":{"v":3}}"#], [#"{"v":1,"l":null}"#, #"{"v":1,"l":{"v":2}"#]
    ),
    (##"{"type":"array","items":{"$ref":"#"}}"##, ["[]", "[[],[[]]]"], ["[", "[1]"]),
    (##"{"$defs":{"a/b~c d":{"const":1}},"$ref":"#/$defs/a~1b~0c%20d"}"##, ["1"], ["2"]),
    (#"{"allOf":[{"type":"null"}],"title":"t","description":"d","x-note":1}"#, ["null"], ["1"]),
  ]

  @Test(arguments: examples.indices) func textsAreAllowed(_ number: Int) throws {
    let (text, members, others) = Self.examples[number]
    let language = try Constraint.schema(text).language()
    for member in members {
      #expect(language.contains(member.utf8), "\(text) and \(member)")
      for end in 0...member.utf8.count {
        let state = language.state(after: member.utf8.prefix(end))
        #expect(state.flatMap { language.completion(of: $0) } != nil, "\(text): a beginning of \(member) is a dead end")
      }
    }
    for other in others { #expect(!language.contains(other.utf8), "\(text) and \(other)") }
  }

  @Test(arguments: [
    ("{", "not JSON"), ("1", "an object, true or false"), ("false", "allows no value"),
    (#"{"type":"int"}"#, "type int is unknown"), (#"{"format":"date"}"#, "`format` is not supported"),
    (#"{"not":{}}"#, "`not`"), (#"{"if":{}}"#, "`if`"), (#"{"patternProperties":{}}"#, "`patternProperties`"),
    (#"{"uniqueItems":true}"#, "`uniqueItems`"), (#"{"type":"number","multipleOf":0.1}"#, "`multipleOf`"),
    (#"{"minProperties":1}"#, "`minProperties`"), (#"{"surprise":1}"#, "`surprise`"),
    (#"{"type":"object","properties":{"a":{"nullable":true}}}"#, "#/properties/a: the keyword `nullable`"),
    (#"{"anyOf":[{}],"type":"object"}"#, "`anyOf` beside `type`"), (##"{"$ref":"#","minimum":1}"##, "`$ref` beside"),
    (#"{"allOf":[{},{}]}"#, "`allOf` of several"), (#"{"anyOf":[]}"#, "`anyOf` is not a list"),
    (#"{"oneOf":[{"type":"integer"},{"type":"number"}]}"#, "not known to exclude"),
    (#"{"enum":[]}"#, "no value of `enum`"), (#"{"enum":["a"],"type":"null"}"#, "no value of `enum`"),
    (#"{"enum":["a"],"minLength":3}"#, "beside `minLength`"),
    (#"{"type":"string","pattern":"(?=a)"}"#, "#/pattern: character 1: lookahead"),
    (#"{"type":"string","pattern":"a^"}"#, "no value satisfies"),
    (#"{"type":"string","minLength":3,"maxLength":2}"#, "larger"),
    (#"{"type":"integer","minimum":3,"maximum":2}"#, "no value satisfies"),
    (#"{"type":"string","minLength":-1}"#, "whole number"),
    (#"{"type":"string","maxLength":100000000}"#, "states"), (#"{"type":"integer","minimum":1e999}"#, "digits"),
    (#"{"type":"number","minimum":1e-9223372036854775808}"#, "digits"),
    (#"{"type":"integer","enum":[1e-9223372036854775808]}"#, "no value of `enum`"),
    (#"{"type":"object","required":["a"]}"#, "not among `properties`"),
    (#"{"type":"object","properties":[]}"#, "`properties`"),
    (#"{"type":"array","items":[{}]}"#, "use `prefixItems`"),
    (#"{"type":"array","items":false,"minItems":1}"#, "`minItems`"),
    (##"{"$ref":"#/$defs/none"}"##, "leads nowhere"), (#"{"$ref":"https://example.org/s"}"#, "stay within"),
    (##"{"$ref":"#"}"##, "no value satisfies"),
    (##"{"$ref":"#/$defs/a","$defs":{"a":{"$ref":"#/$defs/b"},"b":{"$ref":"#/$defs/a"}}}"##, "never ends"),
    (##"{"type":"object","properties":{"n":{"$ref":"#"}},"required":["n"]}"##, "never ends"),
    (##"{"type":"array","items":{"$ref":"#"},"minItems":1}"##, "never ends"),
  ])
  func badSchemasAreRefused(_ text: String, _ reason: String) throws {
    let error = try #require(throws: ConstraintError.self) { _ = try Constraint.schema(text).language() }
    #expect(error.description.contains(reason), "\(error)")
    #expect(error.kind == .schema && !error.remedy.isEmpty)
  }

  @Test func nestingAndLengthAreBounded() throws {
    let deep = String(repeating: #"{"items":"#, count: 100_000) + "{}" + String(repeating: "}", count: 100_000)
    #expect(throws: ConstraintError.self) { try Constraint.schema(deep).language() }
    let nested = String(repeating: #"{"type":"array","items":"#, count: 400) + "{}" + String(repeating: "}", count: 400)
    #expect(try Constraint.schema(nested).language().contains("[[]]".utf8))
    let chain = (0..<20_000).map { ##""d\##($0)":{"$ref":"#/$defs/d\##($0 + 1)"}"## }.joined(separator: ",")
    let long = ##"{"$ref":"#/$defs/d0","$defs":{\##(chain),"d20000":{"const":1}}}"##
    #expect(try Constraint.schema(long).language().contains("1".utf8))
    // Each part refers to the next 19 times.
    let wide = (0..<9).map { number in
      let next = ##"{"$ref":"#/$defs/d\##(number + 1)"}"##
      return ##""d\##(number)":{"anyOf":[\##(Array(repeating: next, count: 19).joined(separator: ","))]}"##
    }
    let exponential =
      ##"{"oneOf":[{"$ref":"#/$defs/d0"},{"type":"integer"}],"$defs":{\##(wide.joined(separator: ",")),"d9":{"type":"string"}}}"##
    let unknown = #expect(throws: ConstraintError.self) { try Constraint.schema(exponential).language() }
    #expect(unknown?.reason.contains("not known to exclude") == true)
    let large = (0..<30_000).map { "\"value \($0)\"" }.joined(separator: ",")
    #expect(throws: ConstraintError.self) { try Constraint.schema(#"{"enum":[\#(large)],"items":1}"#).language() }
  }

  /// Schemas of which the reference knows all: closed objects say so.
  static let realistic = [
    #"{"type":"object","properties":{"name":{"type":"string","minLength":1,"maxLength":8},"age":{"type":"integer","minimum":-3,"maximum":150},"mail":{"type":"string","pattern":"^[a-z]+@[a-z]+$"},"tags":{"type":"array","items":{"enum":["a","b",3,null]},"minItems":1,"maxItems":3}},"required":["name","age"],"additionalProperties":false}"#,
    #"{"type":"array","prefixItems":[{"type":"number","minimum":-2.5,"exclusiveMaximum":17.25},{"type":["boolean","null"]}],"items":{"type":"integer","multipleOf":3,"maximum":100},"maxItems":5}"#,
    ##"{"$ref":"#/$defs/e","$defs":{"e":{"anyOf":[{"type":"integer","exclusiveMinimum":9},{"type":"object","properties":{"op":{"enum":["+","*"]},"args":{"type":"array","items":{"$ref":"#/$defs/e"},"minItems":2,"maxItems":2}},"required":["op","args"],"additionalProperties":false}]}}}"##,
    #"{"type":"object","properties":{"id":{"const":7}},"required":["id"],"additionalProperties":{"type":"string","pattern":"[0-9]","maxLength":4}}"#,
    #"{"oneOf":[{"type":"object","properties":{"k":{"const":"c"},"r":{"type":"number","minimum":0}},"required":["k","r"],"additionalProperties":false},{"type":"object","properties":{"k":{"const":"s"},"w":{"type":"integer"}},"required":["k"],"additionalProperties":false},{"type":"string","minLength":2}]}"#,
    #"{"minimum":-1.5,"maxLength":2,"maxItems":1,"additionalProperties":{"type":"boolean"}}"#,
  ]

  /// What the language allows is valid, and what is valid and written as the page on constraints says is allowed.
  @Test(.enabled(if: Reference.python != nil)) func membersAreTheReferences() throws {
    var dice = Seed(8).generator()
    var mutation = Mutation(
      seed: 8,
      words: ["\"age\":", "\"a\"", "null", "true", "17.25", "9", "150", ",", "\"op\":\"+\"", "[1,2]", "\"k\":\"s\""])
    var cases: [Reference.Case] = []
    for schema in Self.realistic {
      let language = try Constraint.schema(schema).language()
      var texts: [String] = []
      for _ in 0..<200 {
        let bytes = try #require(
          language.randomText(&dice, length: 60, favouring: Array(#"abc@{}[],:"01239.-"#.utf8)), "\(schema)")
        texts.append(try #require(String(validating: bytes, as: UTF8.self)))
      }
      let drawn = texts.map { Data($0.utf8) }
      for text in drawn {
        for _ in 0..<5 {
          let changed = mutation.mutated(text, others: drawn)
          if changed.count < 400, let text = String(data: changed, encoding: .utf8) { texts.append(text) }
        }
      }
      cases.append(Reference.Case(kind: "schema", constraint: schema, texts: texts))
    }
    var changedMembers = 0
    for (test, verdict) in zip(cases, try Reference.verdicts(cases)) {
      let language = try Constraint.schema(test.constraint).language()
      let plain = try #require(verdict.plain)
      for (place, text) in test.texts.enumerated() {
        let isMember = language.contains(text.utf8)
        #expect(!isMember || verdict.members[place], "\(test.constraint) must not allow \(text)")
        #expect(isMember || !verdict.members[place] || !plain[place], "\(test.constraint) must allow \(text)")
        if place >= 200, isMember { changedMembers += 1 }
      }
      #expect(language.contains(test.texts[0].utf8))
    }
    #expect(changedMembers > 300)
  }

  @Test func fuzzedSchemasGiveALanguageOrAnError() async throws {
    let seeds = Self.examples.map(\.0) + Self.realistic
    let words = [
      #""type":"object""#, ##""$ref":"#/$defs/a""##, #""items":"#, #""minLength":3"#, #""maximum":1e300"#, #""enum":["#,
      #""anyOf":[{}]"#, #""pattern":"a*""#, #""required":["a"]"#, #""maxItems":1000"#,
    ]
    for await input in Fuzz("schema", seeds, count: 2_000, words: words) {
      guard let language = try? Constraint.schema(String(decoding: input, as: UTF8.self)).language() else { continue }
      #expect(language.isComplete(language.start) || language.canContinue(language.start))
    }
  }
}
