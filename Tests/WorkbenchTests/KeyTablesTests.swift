import Foundation
import Testing

@testable import Workbench

@Suite("Keys of the configuration, as they are declared")
struct KeyTablesTests {
  private static let groups = Workbench.configurationKeys()

  private static func documentation() throws -> String {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    return try String(contentsOf: root.appendingPathComponent("Documentation/configuration.md"), encoding: .utf8)
  }

  @Test("The tables of Documentation/configuration.md are those of the code: Scripts/configuration_keys.py writes them")
  func documented() throws {
    let text = try Self.documentation()
    let blocks = KeyTables(Self.groups).blocks
    #expect(text.components(separatedBy: "<!-- keys: ").count - 1 == blocks.count)
    for block in blocks {
      #expect(text.contains("<!-- keys: \(block.name) -->\n\n\(block.text)\n\n<!-- end -->"), "\(block.name)")
    }
  }

  @Test func everyKeyHasHelp() {
    for key in Self.groups.flatMap(\.keys) {
      #expect(!key.help.isEmpty && !key.default.isEmpty && !key.type.isEmpty, "\(key.path)")
      #expect(!(key.help + key.default).contains("\n") && !key.help.hasSuffix("."), "\(key.path)")
    }
  }

  @Test func everyKindIsDescribed() {
    func kinds(_ section: String) -> [String] { Self.groups.filter { $0.section == section }.compactMap(\.kind) }
    #expect(kinds("environment") == worldKinds.map { $0.name })
    #expect(kinds("policy") == policyKinds.map { $0.name })
    #expect(kinds("critic") == criticKinds.map { $0.name })
    #expect(Self.groups.allSatisfy { $0.kind == nil || $0.summary?.isEmpty == false })
  }

  @Test("Keys that follow a required one, those of nested mappings, and those that a judge has of every policy")
  func complete() {
    let keys = Dictionary(grouping: Self.groups.flatMap(\.keys), by: \.path)
    for path in [
      "environment.tasks.validation", "environment.maximalReward", "environment.environmentsPerServer",
      "environment.variables", "policy.pricing.outputPerMillion", "policy.identity", "critic.offset", "critic.scale.to",
      "critic.thinkingTokens", "critic.slots", "steering.resample.every", "limits.seconds",
    ] {
      #expect(keys[path] != nil, "\(path)")
    }
    // The defaults are read from the code.
    #expect(keys["critic.temperature"]?.map(\.default) == ["0"] && keys["policy.temperature"]?.map(\.default) == ["1"])
    let methods = ["auto", "single", "best-of", "amc", "judge", "beam", "frontier"]
    #expect(keys["steering.method"]?.first?.options == methods)
    #expect(keys["environment.reward"]?.first?.default == "`goal`")
  }
}
