import Agents
import Foundation
import ParticleFilter
import Steering

/// Particle-steps per second without any waiting: N = 15, 12 steps, resampling after 4 and 8.
enum EngineBench {
  static func run() async throws -> [Figure] {
    let world = CoinWorld(rounds: 12)
    let policy = ClosurePolicy("coin") { PolicyResponse(CoinWorld.answer($0.seed)) }
    let critic = ClosureCritic("ones") { state in Double(state.actions.count { $0 == "1" }) / 12 }
    let populations = 20_000
    let stepsEach = 15 * 12
    var resamplings = 0
    @Sendable func steer(_ range: Range<Int>) async throws -> Int {
      var resamplings = 0
      for seed in range {
        let population = Population(
          world: world, policy: policy, critic: critic,
          settings: SteeringSettings(particles: 15, temperature: 0.1, schedule: .steps([4, 8]), seed: UInt64(seed)),
          run: "bench")
        resamplings += try await population.steer(world.task("coin")).genealogy.resamplings
      }
      return resamplings
    }
    let engine = try await Bench.seconds { resamplings = try await steer(0..<populations) }
    // Like a campaign, runs one population per core at a time.
    let cores = ProcessInfo.processInfo.activeProcessorCount
    let campaign = try await Bench.seconds {
      try await withThrowingTaskGroup(of: Int.self) { group in
        for core in 0..<cores {
          group.addTask { try await steer(core * populations..<(core + 1) * populations) }
        }
        try await group.waitForAll()
      }
    }

    // The upper bound: the same policy and world in a plain loop, without filter and record.
    let limit = try await Bench.seconds {
      for seed in 0..<populations {
        let root = Seed(UInt64(seed))
        for particle in 0..<15 {
          var (episode, _) = world.begin(world.task("coin"))
          for step in 0..<12 {
            let key = CallKey(run: "bench", task: "coin", particle: particle, step: step)
            let request = PolicyRequest(transcript: Transcript(), seed: key.seed(from: root), key: key)
            _ = try await episode.step(.act(try await policy.respond(to: request).text))
          }
        }
      }
    }
    let rate = Double(populations * stepsEach) / engine
    let all = Double(cores * populations * stepsEach) / campaign
    let bare = Double(populations * stepsEach) / limit
    print(
      """
      \(populations) populations, \(resamplings) resamplings
      engine, one population at a time           \(Int(rate)) particle-steps/s
      engine, \(cores) at a time on \(cores) cores              \(Int(all)) particle-steps/s
      the same policy and world in a bare loop   \(Int(bare)) particle-steps/s: \(Bench.text(bare / rate, 1)) × the engine
      the public reference did 48000: the engine does \(Bench.text(rate / 48_000, 1)) ×, on all cores \(Bench.text(all / 48_000, 1)) ×
      """)
    return [Figure(name: "engine, time over a bare loop's", value: bare / rate, unit: "×", most: 24)]
  }
}
