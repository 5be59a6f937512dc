import Agents
import Foundation
import ParticleFilter
import RolloutStore
import Steering

/// The memory of a large population with long texts: 1,000 particles × 50 steps × 2 kB, resampling every 5 steps.
enum MemoryBench {
  static func run() async throws -> [Figure] {
    let world = TalkingWorld(rounds: 50)
    let policy = ClosurePolicy("talker") { request in
      // An answer of 1 kB; the world adds an observation of 1 kB. Every answer differs, so that nothing is shared by
      // accident.
      PolicyResponse("\(request.seed.rawValue) " + String(repeating: "x", count: 1_000))
    }
    let critic = ClosureCritic("noise") { state in
      var generator = Seed(7).split(state.lastAction).generator()
      return generator.uniform()
    }
    let settings = SteeringSettings(
      particles: 1_000, temperature: 0.2, schedule: .steps(Array(stride(from: 5, to: 50, by: 5))), seed: 1)
    let folder = FileManager.default.temporaryDirectory.appending(path: "coxswain-memory-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let store = try RolloutStore(path: folder.appending(path: "bench.sqlite").path)
    func campaign(_ settings: SteeringSettings) -> Campaign {
      Campaign(world: world, policy: policy, critic: critic, settings: settings, store: store, concurrency: 1_000)
    }
    // The first population loads code and buffers that do not depend on its size. A small one does so before the
    // measurement.
    _ = try await campaign(SteeringSettings(particles: 2, temperature: 0.2, schedule: .steps([5]), seed: 1))
      .run([world.task("short")])
    let (before, peakBefore) = (residentMegabytes(), peakMegabytes())
    let outcome = try await campaign(settings).run([world.task("talk")])
    guard let result = outcome.results.first else { throw outcome.stopped ?? SteeringError(.badSettings, "No result.") }
    let (growth, peakGrowth) = (residentMegabytes() - before, peakMegabytes() - peakBefore)
    let unshared = 1_000 * 50 * 2_000 / 1_000_000
    print(
      """
      \(result.genealogy.resamplings) resamplings, \(result.genealogy.forks) forks, \(result.particles.count) particles of \
      \(result.particles.map(\.trajectory.count).max() ?? 0) steps
      resident memory grew by \(growth) MB (its peak by \(peakGrowth) MB); the texts without sharing are \(unshared) MB, \
      and would be \(unshared * 25) MB were every step's whole transcript kept
      """)
    return [
      Figure(name: "memory of a large population", value: Double(growth), unit: "MB", most: 60),
      Figure(name: "its peak while it runs", value: Double(peakGrowth), unit: "MB", most: 100),
    ]
  }

  private static func residentMegabytes() -> Int { status("VmRSS") }
  static func peakMegabytes() -> Int { status("VmHWM") }

  /// A field of Linux's /proc/self/status in MB; 0 on other systems.
  private static func status(_ key: String) -> Int {
    let text = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
    let line = text.split(separator: "\n").first { $0.hasPrefix(key + ":") }
    return line.flatMap { Int($0.filter(\.isNumber)) }.map { $0 / 1_000 } ?? 0
  }
}

/// A world that answers every step with 1 kB.
struct TalkingWorld: World {
  let rounds: Int

  var identity: WorldIdentity { WorldIdentity(kind: "talk") }

  func tasks(in split: Split) -> [AgentTask] { [task("talk")] }
  func task(_ id: TaskID) -> AgentTask { AgentTask(id: id, request: "talk", stepLimit: rounds) }

  func begin(_ task: AgentTask) -> (episode: any Episode, observation: Observation) {
    let rounds = rounds
    let episode = ClosureEpisode(state: 0) { round, action in
      round += 1
      let words = "\(round) \(action.text.prefix(20)) " + String(repeating: "y", count: 1_000)
      return Outcome(Observation(words), isDone: round == rounds)
    }
    return (episode, Observation("start"))
  }

  func transcript(for trajectory: Trajectory) -> Transcript { Transcript() }
}
