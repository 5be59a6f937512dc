import Findings
import Foundation
import GRDB
import TestSupport
import TestTraits
import Testing

@Suite("Shards, and one store of them", .alone)
struct ShardTests {
  @Test("A comparison in four shards is that of one run, and reads every answer from the merged store")
  func shards() async throws {
    try await TestServer.with(CompareTests.reply) { server in
      let (cox, file) = try await CompareTests.prepared(server, tasks: 10)
      defer { cox.clean() }
      let flags = [
        "--methods", "single,best-of,amc", "--particles", "4", "--temperature", "0.1", "--quiet", "--json", "-",
      ]
      let whole = try await CompareTests.compare(cox, file, flags, store: "whole.sqlite")
      #expect(whole.status == 0, "\(whole.errors)")
      var sizes: [Int] = []
      for number in 1...4 {
        let part = try await CompareTests.compare(
          cox, file, flags + ["--shard", "\(number)/4"], store: "shard-\(number).sqlite")
        #expect(part.status == 0, "\(part.errors)")
        sizes.append(((part.json["methods"] as? [[String: Any]])?.first?["tasks"] as? Int) ?? 0)
      }
      #expect(sizes.sorted() == [2, 2, 3, 3])
      let merge =
        ["merge", "--store", "all.sqlite", "--quiet", "--json", "-"] + (1...4).map { "shard-\($0).sqlite" }
      let merged = try await cox.run(arguments: merge)
      #expect(merged.status == 0, "\(merged.errors)")
      let count = try await Self.calls(cox, "whole.sqlite")
      #expect((merged.json["calls"] as? [String: Any])?["added"] as? Int == count)
      let asked = server.requests.count
      let again = try await CompareTests.compare(cox, file, flags, store: "all.sqlite")
      #expect(again.status == 0 && server.requests.count == asked, "\(again.errors)")
      #expect(CompareTests.lasting(again.json) == CompareTests.lasting(whole.json))
      // Merged again, nothing is new.
      let twice = try await cox.run(arguments: merge)
      #expect((twice.json["calls"] as? [String: Any])?["added"] as? Int == 0)
      #expect((twice.json["calls"] as? [String: Any])?["known"] as? Int == count)
    }
  }

  private static func calls(_ cox: Command, _ store: String) async throws -> Int {
    try await DatabaseQueue(path: cox.folder.appendingPathComponent(store).path).read {
      try Int.fetchOne($0, sql: "SELECT COUNT(*) FROM call") ?? 0
    }
  }

  @Test(
    "A share that is none",
    arguments: [
      ("0/4", "such as 3/16"), ("5/4", "such as 3/16"), ("1", "such as 3/16"), ("x/y", "such as 3/16"),
      ("-1/4", "such as 3/16"), ("2/90", "at most 80 shards"),
    ])
  func badShards(shard: String, words: String) async throws {
    let cox = try Command()
    defer { cox.clean() }
    let result = try await cox.run("collect", "--shard=\(shard)")
    #expect(result.status == 2 && result.errors.contains(words), "\(result.errors)")
  }

  @Test("What cannot be merged is named")
  func badStores() async throws {
    let cox = try Command()
    defer { cox.clean() }
    let missing = try await cox.run("merge", "--store", "all.sqlite", "none.sqlite")
    #expect(missing.status == 1 && missing.errors.contains("There is no store none.sqlite"), "\(missing.errors)")
    let nothing = try await cox.run("merge", "--store", "all.sqlite")
    #expect(nothing.status == 2, "\(nothing.errors)")
  }
}
