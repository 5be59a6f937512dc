import Agents
import Foundation
import HTTP
import ModelServers
import ParticleFilter
import Policies
import RolloutStore
import Steering

/// 2,000 particles of one population that all wait for a server with a latency of 500 ms, with stored answers. It
/// measures the peak memory of this process, and the wall-clock time as a multiple of the pure waiting time.
enum WaitingBench {
  static let particles = 2_000
  static let rounds = 4

  static func run() async throws -> [Figure] {
    Served.raiseFileLimit()
    let answer = #"{"choices":[{"message":{"content":"1"}}],"usage":{"prompt_tokens":9,"completion_tokens":1}}"#
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("waiting-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    return try await Served.with(seconds: 0.5, answer) { url in
      try await withHTTPClient(connections: particles) { client in
        let policy = ChatCompletionsPolicy(
          url: url, settings: .init(model: "m", format: .plain, rules: CallRules(concurrency: particles)),
          client: client)
        let world = CoinWorld(rounds: rounds)
        let campaign = Campaign(
          world: world, policy: policy,
          settings: SteeringSettings(method: .bestOf, particles: particles, answer: .sample),
          store: try RolloutStore(path: folder.appendingPathComponent("s.sqlite").path), concurrency: particles)
        let before = MemoryBench.peakMegabytes()
        let outcome = try await campaign.run([world.task("coin")])
        if let stopped = outcome.stopped { throw stopped }
        print(
          """
          \(particles) particles × \(rounds) steps, \(outcome.calls) answers stored: \
          \(Bench.text(outcome.wallSeconds)) s, where waiting alone takes \(Bench.text(Double(rounds) * 0.5)) s; \
          peak memory \(MemoryBench.peakMegabytes()) MB (\(before) MB before)
          """)
        return [
          Figure(
            name: "growth of the peak, 2,000 particles waiting", value: Double(MemoryBench.peakMegabytes() - before),
            unit: "MB", most: 300)
        ]
      }
    }
  }
}
