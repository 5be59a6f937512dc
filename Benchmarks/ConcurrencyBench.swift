import Agents
import Findings
import Foundation
import ParticleFilter
import Steering

/// Wall-clock time against the critical path: 25 particles × 12 steps, lognormal latency (median 30 ms, σ 0.5),
/// resampling after 4 and 8. Particles run free between checkpoints, so only the slowest particle of each segment
/// should count.
enum ConcurrencyBench {
  static func run() async throws -> [Figure] {
    let world = CoinWorld(rounds: 12)
    let policy = ClosurePolicy("slow coin") { request throws(PolicyError) in
      let latency = Self.latency(request.seed)
      do { try await Task.sleep(for: .seconds(latency)) } catch { throw PolicyError(.cancelled, "stopped") }
      return PolicyResponse(CoinWorld.answer(request.seed.split("coin")))
    }
    let critic = ClosureCritic("ones") { state in Double(state.actions.count { $0 == "1" }) / 12 }
    var ratios: [Double] = []
    for seed in 0..<10 {
      let settings = SteeringSettings(particles: 25, temperature: 0.1, schedule: .steps([4, 8]), seed: UInt64(seed))
      let population = Population(world: world, policy: policy, critic: critic, settings: settings, run: "bench")
      let wall = try await Bench.seconds { _ = try await population.steer(world.task("coin")) }
      // The sum of the latencies alone, without delays of the timer.
      let root = Seed(UInt64(seed)).split("bench")
      let path = [0..<4, 4..<8, 8..<12].reduce(0.0) { sum, segment in
        sum
          + (0..<25).map { particle in
            segment.reduce(0.0) {
              $0 + latency(CallKey(run: "bench", task: "coin", particle: particle, step: $1).seed(from: root))
            }
          }.reduce(0, max)
      }
      ratios.append(wall / path)
      print(
        "wall \(Bench.text(wall, 3)) s, critical path \(Bench.text(path, 3)) s, ratio \(Bench.text(wall / path, 3))")
    }
    let mean = MeanEstimate(ratios)
    print("ratio \(Bench.text(mean.mean, 3)) ± \(Bench.text(mean.se, 3)) (the public reference: 3.3)")
    return [Figure(name: "wall-clock over critical path", value: mean.mean, unit: "×", most: 1.1)]
  }

  /// Lognormal, median 30 ms, σ 0.5, by Box and Muller.
  static func latency(_ seed: Seed) -> Double {
    var generator = seed.split("latency").generator()
    let radius = (-2 * log(1 - generator.uniform())).squareRoot()
    return 0.03 * exp(0.5 * radius * cos(2 * .pi * generator.uniform()))
  }
}
