import Foundation
import Testing

@testable import Workbench

@Suite("Files of prompts")
struct GenerateRequestTests {
  private static func prompts(_ text: String, _ name: String = "prompts.txt") throws -> [GenerateRequest.Prompt] {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appendingPathComponent(name)
    try Data(text.utf8).write(to: file)
    return try GenerateRequest.prompts(file: file.path)
  }

  @Test(arguments: ["\n", "\r\n"]) func eachLineIsAPrompt(end: String) throws {
    let lines = ["one", "", "{two}", #"{"id": 7, "prompt": "three"}"#, #"{"id": "x", "prompt": "four\u2028"}"#, ""]
    let prompts = try Self.prompts(lines.joined(separator: end))
    #expect(prompts.map(\.id) == ["1", "3", "7", "x"])
    #expect(prompts.map(\.text) == ["one", "{two}", "three", "four\u{2028}"])
  }

  @Test(arguments: [
    ("{\"prompt\": \"a\"}\n{\"prompt\": b}\n", "p.jsonl", "line 2: the line is not a JSON object"),
    ("a\n", "p.jsonl", "line 1"), ("{\"text\": \"a\"}\n", "p.txt", "no text under `prompt`"),
    ("\n", "p.txt", "no prompts"),
  ])
  func wrong(text: String, name: String, words: String) {
    let error = #expect(throws: ConfigurationError.self) { _ = try Self.prompts(text, name) }
    #expect(error?.message.contains(words) == true, "\(error?.message ?? "accepted")")
  }
}
