import Agents
import Foundation
import TestSupport
import Testing

@testable import OpenEnv

@Suite("Damaged schemas and observations of OpenEnv's servers are errors or values")
struct FormFuzzTests {
  static let schemas = [
    ##"{"title":"A","description":"d","type":"object","additionalProperties":false,"required":["message"],"properties":{"message":{"type":"string","enum":["a","b"]},"count":{"anyOf":[{"type":"integer"},{"type":"null"}]},"metadata":{"type":"object"}}}"##,
    ##"{"$defs":{"Way":{"enum":["n","s"]},"Loop":{"$ref":"#/$defs/Loop"}},"properties":{"way":{"$ref":"#/$defs/Way"},"loop":{"allOf":[{"$ref":"#/$defs/Loop"}]},"x":{"const":1.5},"y":{"type":"number"},"z":{"type":"boolean"}}}"##,
  ]

  @Test("Schemas, and actions that are read by them", .timeLimit(.minutes(10)))
  func schemas() async {
    var read = 0
    let words = ["\"$ref\":\"#/$defs/Way\"", "\"anyOf\":[", "\"type\":", "\"enum\":[1]", "\"required\":"]
    for await data in Fuzz("OpenEnvSchema", Self.schemas, count: 800, words: words) {
      guard let schema = JSONValue(parsing: String(decoding: data, as: UTF8.self)),
        let form = try? ActionForm(schema: schema, field: nil, fixed: [:])
      else { continue }
      read += 1
      for text in ["a", "1", "way: n\ny: 2", ##"{"message":"a","count":null}"##, "{", "NaN", "9223372036854775808"] {
        _ = try? form.fields(for: .act(text))
      }
      _ = (form.hint, form.choices)
      for rendering in OpenEnv.Rendering.allCases {
        _ = try? ObservationText(rendering: rendering, field: nil).text(of: schema)
        _ = try? ObservationText(rendering: rendering, field: "title").text(of: schema)
      }
    }
    #expect(read > 0)
  }

  @Test("Alternatives that refer to one another without end are walked through in a moment", .timeLimit(.minutes(5)))
  func alternatives() throws {
    let references = Array(repeating: ##"{"$ref":"#/$defs/A"}"##, count: 300).joined(separator: ",")
    let schema = ##"{"$defs":{"A":{"anyOf":[\##(references)]}},"properties":{"a":{"$ref":"#/$defs/A"}}}"##
    let form = try ActionForm(schema: try #require(JSONValue(parsing: schema)), field: "a", fixed: [:])
    #expect(form.choices == nil)
  }
}
