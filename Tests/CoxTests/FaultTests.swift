import Foundation
import GRDB
import TestSupport
import TestTraits
import Testing

@Suite("A run against a server with faults", .alone)
struct FaultTests {
  static let tasks = 32
  static let particles = 15
  static let latency = 0.25

  /// Faults by request number: 10 % 429, 5 % 500, 2 % resets, 2 % truncated bodies, 1 % hangs.
  static func faulty(_ request: TestServer.Request) -> TestServer.Reply {
    let answer = OrderServer.answer(request)
    guard case .answer(_, let text, _) = answer else { return answer }
    switch OrderServer.mixed(UInt64(request.number)) % 100 {
    case 0..<10: return .answer(429, #"{"error":{"message":"slow down","type":"rate_limit_error"}}"#)
    case 10..<15: return .answer(500, "oops")
    case 15..<17: return .reset
    case 17..<19: return .truncated(text)
    case 19: return .hang(60)
    default: return .after(latency, answer)
    }
  }

  static func run(
    _ cox: Command, store: String, _ reply: @escaping @Sendable (TestServer.Request) -> TestServer.Reply
  ) async throws -> (result: Command.Result, seconds: Double, requests: Int) {
    try await TestServer.with(reply) { server in
      let file = try cox.write(
        OrderServer.configuration(server.url, tasks: tasks, policy: "concurrency: 60, timeout: 1, samplesPerCall: 1"),
        to: "\(store).yaml")
      let (process, output, errors) = try cox.start([
        "steer", "--method", "best-of", "--particles", "\(particles)", "--config", file, "--store", store, "--json",
        "-",
      ])
      let result = await Command.finish(process, output, errors)
      // The command's own clock is used, since other tests may delay this process.
      let seconds = result.json["wallSeconds"] as? Double ?? 0
      return (result, seconds, server.requests.count)
    }
  }

  @Test("15 particles × 32 tasks complete, lose nothing, count nothing twice, and take less than twice as long")
  func faults() async throws {
    let cox = try Command()
    defer { cox.clean() }
    let clean = try await Self.run(cox, store: "clean.sqlite") { .after(Self.latency, OrderServer.answer($0)) }
    let faulty = try await Self.run(cox, store: "faulty.sqlite", Self.faulty)
    let calls = Self.tasks * Self.particles * 5
    print("clean \(clean.seconds) s, faulty \(faulty.seconds) s, \(faulty.requests) requests for \(calls) answers")
    for (run, store) in [(clean, "clean.sqlite"), (faulty, "faulty.sqlite")] {
      #expect(run.result.status == 0, "\(run.result.errors)")
      #expect(run.result.json["failedParticles"] as? Int == 0)
      #expect(run.result.json["policyCalls"] as? Int == calls)
      #expect(run.result.json["outputTokens"] as? Int == 3 * calls)
      let counts = try await DatabaseQueue(path: cox.folder.appendingPathComponent(store).path).read { database in
        [
          try Int.fetchOne(database, sql: "SELECT COUNT(*) FROM call"),
          try Int.fetchOne(database, sql: "SELECT COUNT(*) FROM trajectory WHERE isDone AND failure IS NULL"),
        ]
      }
      #expect(counts == [calls, Self.tasks * Self.particles])
    }
    #expect(clean.requests == calls && faulty.requests > calls * 11 / 10)
    // The answers depend only on the seeds, so the rewards are equal and not merely similar.
    #expect(
      clean.result.json["rewardMean"] as? NSObject == faulty.result.json["rewardMean"] as? NSObject)
    #expect(faulty.seconds < 2 * clean.seconds)
  }
}
