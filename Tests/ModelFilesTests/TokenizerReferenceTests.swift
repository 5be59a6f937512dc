import Foundation
import Testing

@testable import ModelFiles

/// Compares with PyPI's `tokenizers`: each of 10,000 strings must give the same tokens.
@Suite(.enabled(if: Places.python != nil && Places.model != nil))
struct TokenizerReferenceTests {
  /// The output of the reference, computed once for all tests.
  static let reference: Result<URL, any Error> = Result {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
      "modelfiles-reference-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let script = Places.root.appendingPathComponent("Tests/ModelFilesTests/reference_tokenizers.py").path
    let status = try Places.run(#require(Places.python), [script, #require(Places.model), folder.path])
    try #require(status == 0, "the reference ended with \(status)")
    return folder
  }

  static func read<Value: Decodable>(_ name: String, as type: Value.Type) throws -> Value {
    try JSONDecoder().decode(type, from: Data(contentsOf: reference.get().appendingPathComponent(name)))
  }

  @Test(arguments: ["gpt2", "smollm", "llama3", "qwen2"])
  func tokensAreTheReferences(family: String) throws {
    let tokenizer = try Tokenizer(
      contentsOf: Self.reference.get().appendingPathComponent("\(family).json").path)
    let texts = try Self.read("texts.json", as: [String].self)
    let expected = try Self.read("\(family).plain.json", as: [[Int]].self)
    try compare(tokenizer, texts, expected, parsesSpecial: false)
    let special = try Self.read("\(family).special.json", as: [[Int]].self)
    // Only texts for which special tokens make a difference.
    let differing = texts.indices.filter { expected[$0] != special[$0] }
    #expect(differing.count > 300)
    try compare(tokenizer, differing.map { texts[$0] }, differing.map { special[$0] }, parsesSpecial: true)
    #expect(tokenizer.beginsTexts(with: 1) == (family == "llama3"))
  }

  @Test func theModelsOwnTokenizerIsTheReferences() throws {
    let tokenizer = try Tokenizer(GGUFFile(contentsOf: #require(Places.model)))
    let texts = try Self.read("texts.json", as: [String].self)
    let expected = try Self.read("smollm.plain.json", as: [[Int]].self)
    // The reference has added tokens that the model lacks.
    let known = texts.indices.filter { index in
      index % 4 == 0 && expected[index].allSatisfy { $0 < tokenizer.count }
    }
    #expect(known.count > 2_000)
    try compare(tokenizer, known.map { texts[$0] }, known.map { expected[$0] }, parsesSpecial: false)
  }

  private func compare(
    _ tokenizer: Tokenizer, _ texts: [String], _ expected: [[Int]], parsesSpecial: Bool
  ) throws {
    var wrong = 0
    for (text, expected) in zip(texts, expected) {
      let tokens = tokenizer.encode(text, parsesSpecial: parsesSpecial)
      guard tokens != expected else { continue }
      wrong += 1
      if wrong <= 5 {
        Issue.record("\(text.debugDescription.prefix(200)): \(tokens.prefix(40)), not \(expected.prefix(40))")
      }
    }
    #expect(wrong == 0)
  }
}
