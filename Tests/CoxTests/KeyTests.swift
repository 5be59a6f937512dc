import Agents
import Foundation
import Testing

@testable import Workbench
@testable import cox

@Suite("Every key that a configuration has is described")
struct KeyTests {
  private static func examples() throws -> [String] {
    let folder = Command.root.appendingPathComponent("Examples/Configurations")
    let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
    return try files.filter { $0.pathExtension == "yaml" }.map { try String(contentsOf: $0, encoding: .utf8) }
  }

  /// The key paths of a section in the file. Keys inside free-form values are left out.
  private static func paths(_ fields: [String: JSONValue], in path: String, described: Set<String>) -> [String] {
    fields.flatMap { key, value in
      let full = "\(path).\(key)"
      let isOpen = described.contains { $0.hasPrefix(full + ".") }
      return [full] + (isOpen ? value.fields.map { paths($0, in: full, described: described) } ?? [] : [])
    }
  }

  @Test func described() throws {
    let groups = Workbench.configurationKeys()
    let texts = try Self.examples() + ConfigurationFuzzTests.configurations
    #expect(texts.count > 12)
    for text in texts {
      var top = try YAMLMapping(text: text, file: "c.yaml")
      for section in top.remainingKeys() {
        let fields = try #require(try top.json(section, default: .none, "a section"))
        let kind = fields["kind"]?.text
        let keys = groups.filter { $0.section == section && ($0.kind == nil || $0.kind == kind) }.flatMap(\.keys)
        let described = Set(keys.map(\.path))
        for path in Self.paths(fields, in: section, described: described) {
          #expect(described.contains(path), "\(kind ?? ""): \(path)")
        }
      }
    }
  }

  @Test("A verb for machines prints the keys, and completion scripts have the lists")
  func printed() async throws {
    let cox = try Command()
    defer { cox.clean() }
    let tables = try await cox.run("keys")
    #expect(tables.status == 0 && tables.output == KeyTables(Workbench.configurationKeys()).text + "\n")
    let help = try await cox.run("--help")
    #expect(!help.output.contains("keys"))
    let script = try await cox.run("--generate-completion-script", "bash")
    let critics = criticKinds.map { $0.name }
    for words in [critics, ["auto", "single", "best-of", "amc", "judge", "beam", "frontier"]] {
      #expect(words.allSatisfy { script.output.contains($0) }, "\(words)")
    }
    #expect(script.output.contains("yaml") && script.output.contains("yml"))
    let steer = try await cox.run("steer", "--help")
    let beam = "beam      N attempts of which each checkpoint keeps the best few."
    #expect(steer.output.contains(beam), "\(steer.output)")
    // The help wraps lines, so white space is normalised first.
    let words = steer.output.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    #expect(words.contains("judge, pooling, lm or constant"), "\(steer.output)")
  }
}
