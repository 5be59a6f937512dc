import Agents
import Foundation
import ParticleFilter
import Steering

/// The figures of the README that are about speed and memory: `make bench`, or `swift run -c release benchmark NAME`.
@main
enum Bench {
  static func main() async throws {
    // The server of the benches that need one, in a process of its own.
    if CommandLine.arguments.dropFirst().first == "serve" {
      return try await Served.serve(Array(CommandLine.arguments.dropFirst(2)))
    }
    let wanted = Set(CommandLine.arguments.dropFirst())
    var benches: [(name: String, body: () async throws -> Void)] = [
      ("engine", EngineBench.run), ("concurrency", ConcurrencyBench.run), ("memory", MemoryBench.run),
      ("overhead", OverheadBench.run), ("waiting", WaitingBench.run), ("plan", PlanBench.run),
      ("worlds", WorldsBench.run),
    ]
    #if OpenWeights
      benches += [
        ("decode", OpenWeightsBench.decode), ("row", OpenWeightsBench.row), ("learn", OpenWeightsBench.learn),
      ]
    #endif
    let names = benches.map(\.name)
    guard wanted.isSubset(of: names) else {
      print("usage: benchmark [\(names.joined(separator: " | "))]")
      exit(2)
    }
    for bench in benches where wanted.isEmpty || wanted.contains(bench.name) {
      print("— \(bench.name)")
      try await bench.body()
    }
  }

  static func seconds(_ body: () async throws -> Void) async rethrows -> Double {
    let start = ContinuousClock.now
    try await body()
    return (ContinuousClock.now - start).inSeconds
  }

  static func text(_ value: Double, _ digits: Int = 2) -> String { String(format: "%.\(digits)f", value) }
}

/// A world with nothing to wait for: rounds of a coin.
struct CoinWorld: TaskSuite {
  let rounds: Int

  var identity: EnvironmentIdentity { EnvironmentIdentity(kind: "coin") }

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
