import Agents
import Foundation
import ParticleFilter
import Steering

/// The README's figures on speed and memory: `make bench`, or `swift run -c release benchmark NAME`. `benchmark check`
/// compares the figures that do not depend on the machine's speed with their bounds.
@main
enum Bench {
  static func main() async throws {
    Memory.useFewArenas()
    // The server for benchmarks that need one. It runs in a separate process.
    if CommandLine.arguments.dropFirst().first == "serve" {
      return try await Served.serve(Array(CommandLine.arguments.dropFirst(2)))
    }
    // A world behind lines of JSON, for `Benchmarks/peers`.
    if CommandLine.arguments.dropFirst().first == "bridge" {
      return try await PeersBridge.serve(Array(CommandLine.arguments.dropFirst(2)))
    }
    var wanted = Set(CommandLine.arguments.dropFirst())
    let checks = wanted.remove("check") != nil
    var benches: [(name: String, body: () async throws -> [Figure])] = [
      // The memory benchmark comes first, since it measures the growth of a fresh process.
      ("memory", MemoryBench.run), ("engine", EngineBench.run), ("concurrency", ConcurrencyBench.run),
      ("overhead", OverheadBench.run), ("waiting", WaitingBench.run), ("plan", { try await unbounded(PlanBench.run) }),
      ("analysis", { try await unbounded(AnalysisBench.usual) }),
      ("analysis-10k", { try await unbounded(AnalysisBench.large) }),
      ("worlds", { try await unbounded(WorldsBench.run) }),
      ("predictions", { try await unbounded(PredictionsBench.run) }),
      ("tracking", { try await unbounded(TrackingBench.run) }),
    ]
    benches += [
      ("decode", OpenWeightsBench.decode), ("row", { try await unbounded(OpenWeightsBench.row) }),
      ("learn", OpenWeightsBench.learn),
    ]
    benches += [
      ("tokens", { try await unbounded(TokensBench.overhead) }),
      ("tokens-orders", { try await unbounded(TokensBench.orders) }),
      ("tokens-peer", { try await unbounded(TokensBench.peer) }),
      ("tokens-powers", { try await unbounded(TokensBench.powers) }),
    ]
    let names = benches.map(\.name)
    guard wanted.isSubset(of: names) else {
      print("usage: benchmark [check | \(names.joined(separator: " | "))]")
      exit(2)
    }
    // The defaults take less than two minutes in all.
    if checks, wanted.isEmpty { wanted = ["engine", "concurrency", "memory", "overhead", "waiting"] }
    var figures: [Figure] = []
    for bench in benches where wanted.isEmpty || wanted.contains(bench.name) {
      print("— \(bench.name)")
      figures += try await bench.body()
    }
    guard checks else { return }
    print("— figures of the README with a bound")
    for figure in figures { print(figure.line) }
    if figures.contains(where: { !$0.holds }) { exit(1) }
  }

  /// Runs a benchmark whose figures all depend on the machine.
  private static func unbounded(_ body: () async throws -> Void) async throws -> [Figure] {
    try await body()
    return []
  }

  static func seconds(_ body: () async throws -> Void) async rethrows -> Double {
    let start = ContinuousClock.now
    try await body()
    return (ContinuousClock.now - start).inSeconds
  }

  static func text(_ value: Double, _ digits: Int = 2) -> String { String(format: "%.\(digits)f", value) }
}

/// Rounds of a coin: a world without any waiting.
struct CoinWorld: World {
  let rounds: Int

  var identity: WorldIdentity { WorldIdentity(kind: "coin") }

  func tasks(in split: Split) -> [AgentTask] { [task("coin")] }
  func task(_ id: TaskID) -> AgentTask { AgentTask(id: id, request: "ones", stepLimit: rounds) }

  func begin(_ task: AgentTask) -> (episode: any Episode, observation: Observation) {
    (Coin(rounds: rounds), Observation("toss"))
  }

  func transcript(for trajectory: Trajectory) -> Transcript { Transcript() }

  struct Coin: Episode {
    let rounds: Int
    var round = 0
    var ones = 0

    mutating func step(_ action: Action) -> Outcome {
      round += 1
      if action.text == "1" { ones += 1 }
      let isDone = round == rounds
      return Outcome(Observation("toss"), reward: isDone ? Double(ones) / Double(rounds) : 0, isDone: isDone)
    }

    func fork() -> (any Episode)? { self }
  }

  static func answer(_ seed: Seed) -> String {
    var generator = seed.generator()
    return generator.uniform() < 0.3 ? "1" : "0"
  }
}
