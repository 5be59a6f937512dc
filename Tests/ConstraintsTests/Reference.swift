import Foundation
import TestSupport
import Testing

/// What PyPI's regex, jsonschema and lark say about texts (`reference.py`).
enum Reference {
  struct Case: Encodable {
    let kind: String
    let constraint: String
    let texts: [String]
  }

  struct Verdict: Decodable {
    let members: [Bool]
    var viable: [Bool]?
    var plain: [Bool]?
  }

  static let python = Places.python("import regex, jsonschema, lark", packages: "regex, jsonschema, lark")

  static func verdicts(_ cases: [Case]) throws -> [Verdict] {
    let folder = try Places.folder()
    let (asked, answered) = (folder.appendingPathComponent("cases"), folder.appendingPathComponent("verdicts"))
    try JSONEncoder().encode(cases).write(to: asked)
    let script = Places.root.appendingPathComponent("Tests/ConstraintsTests/reference.py").path
    let status = try Places.run(#require(python), [script, asked.path, answered.path])
    try #require(status == 0, "the reference ended with \(status)")
    let verdicts = try JSONDecoder().decode([Verdict].self, from: Data(contentsOf: answered))
    try #require(verdicts.count == cases.count)
    return verdicts
  }
}
