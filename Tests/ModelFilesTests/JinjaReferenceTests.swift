import Foundation
import Testing

@testable import ModelFiles

/// Compares with PyPI's `jinja2`. Whole templates of models and fragments of the language give the same texts, scalar
/// by scalar. If Jinja raises an error, so does this interpreter.
@Suite(.enabled(if: Places.jinja != nil))
struct JinjaReferenceTests {
  static let reference: Result<JSON, any Error> = Result {
    let folder = try Places.folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let tests = Places.root.appendingPathComponent("Tests/ModelFilesTests")
    let out = folder.appendingPathComponent("rendered.json").path
    let status = try Places.run(
      #require(Places.jinja),
      [
        tests.appendingPathComponent("reference_templates.py").path,
        tests.appendingPathComponent("ChatTemplates").path, out,
      ])
    try #require(status == 0, "the reference ended with \(status)")
    return try JSON(contentsOf: out)
  }

  static func render(_ source: String, _ values: JSON?) throws -> String {
    let values = Dictionary(
      (values?.object ?? []).map { ($0.key, JinjaValue($0.value)) }, uniquingKeysWith: { _, last in last })
    return try JinjaInterpreter.render(JinjaParser.parse(source), values).string
  }

  private func compare(_ source: String, _ values: JSON?, _ expected: String?, _ name: String) {
    do {
      let found = try Self.render(source, values)
      // Compared by scalars: Swift treats two spellings of é as equal, and a model does not.
      #expect(
        found.unicodeScalars.elementsEqual((expected ?? "").unicodeScalars) && expected != nil,
        "\(name): \(found.debugDescription), not \(expected?.debugDescription ?? "an error")")
    } catch {
      #expect(expected == nil, "\(name): \(error), not \(expected?.debugDescription ?? "")")
    }
  }

  @Test func wholeTemplates() throws {
    let templates = try #require(try Self.reference.get()["templates"]?.array)
    #expect(templates.count >= 12)
    for template in templates {
      let (name, source) = (template["name"]?.string ?? "", template["source"]?.string ?? "")
      for item in template["cases"]?.array ?? [] {
        compare(source, item["values"], item["text"]?.string, "\(name) of \(item["values"]?["messages"] ?? .null)")
      }
    }
  }

  @Test func piecesOfTheLanguage() throws {
    let reference = try Self.reference.get()
    let pieces = try #require(reference["pieces"]?.array)
    #expect(pieces.count > 80)
    for piece in pieces {
      let source = piece["source"]?.string ?? ""
      compare(source, reference["values"], piece["text"]?.string, source.debugDescription)
    }
  }

  /// Every template in the folder is accepted, and its prompts contain all messages.
  @Test func modelsTemplatesAreTaken() throws {
    for template in try #require(try Self.reference.get()["templates"]?.array) {
      let name = template["name"]?.string ?? ""
      let chat = try ChatTemplate(
        jinja: template["source"]?.string ?? "", beginText: "<s>", endText: "</s>", path: name)
      let segments = try chat.segments(ChatTemplateTests.conversation, addsGenerationPrompt: true)
      let said = segments.filter { !$0.isMarkup }.map(\.text).joined()
      #expect(said.contains("Be brief.") && said.contains("Hi there") && said.contains("Who are you?"), "\(name)")
      let markup = segments.filter(\.isMarkup).map(\.text).joined()
      #expect(!markup.contains("Hi there") && !markup.contains("Be brief."), "\(name)")
    }
  }
}

extension Places {
  /// A Python with the package `jinja2`.
  static let jinja = python("import jinja2", packages: "package jinja2")
}

extension JinjaValue {
  init(_ json: JSON) {
    switch json {
    case .null: self = .none
    case .bool(let value): self = .bool(value)
    case .integer(let value): self = .integer(value)
    case .number(let value): self = .number(value)
    case .string(let text): self = .text(text)
    case .array(let values): self = .list(values.map { JinjaValue($0) })
    case .object(let members): self = .dictionary(members.map { (.text($0.key), JinjaValue($0.value)) })
    }
  }
}
