import Agents
import Foundation
import Testing

@testable import Critics

@Test(.enabled(if: ProcessInfo.processInfo.environment["SCAN"] != nil))
func scan() throws {
  var variants: [(String, TreesCritic.Settings)] = []
  func add(_ n: String, _ f: (inout TreesCritic.Settings) -> Void) { var s = TreesCritic.Settings(); s.hashBuckets = 64; f(&s); variants.append((n, s)) }
  add("default") { _ in }
  add("mcw1") { $0.minimumChildWeight = 1 }
  add("mcw.2") { $0.minimumChildWeight = 0.2 }
  add("mcw1 depth3") { $0.minimumChildWeight = 1; $0.depth = 3 }
  add("mcw1 depth6") { $0.minimumChildWeight = 1; $0.depth = 6 }
  add("mcw1 col1") { $0.minimumChildWeight = 1; $0.columnSample = 1 }
  add("mcw1 col1 d3") { $0.minimumChildWeight = 1; $0.columnSample = 1; $0.depth = 3 }
  add("mcw1 col.25") { $0.minimumChildWeight = 1; $0.columnSample = 0.25 }
  add("mcw1 lambda.1") { $0.minimumChildWeight = 1; $0.lambda = 0.1 }
  add("mcw1 eta.2") { $0.minimumChildWeight = 1; $0.learningRate = 0.2 }
  for (name, settings) in variants {
  for tasks in [300, 60] {
    var e = [0.0, 0], b = [0.0, 0], ll = 0.0, rounds = 0, time = 0.0
    for seed in 5..<8 {
    let data = CoinWorld.rollouts(tasks: 0..<tasks, each: 4, seed: Seed(UInt64(seed)))
    let clock = ContinuousClock.now
    let critic = try TreesCritic.fit(data, environment: CoinWorld.identity, policy: "coin", seed: Seed(2), settings: settings)
    time += Double(clock.duration(to: .now) / .milliseconds(1)) / 3000
    rounds += critic.record.rounds
    let rollouts = CoinWorld.rollouts(tasks: 1000..<1100, each: 1, seed: Seed(6))
    let states = rollouts.flatMap(\.observedPrefixes).map(\.state)
    let cal = try critic.predict(states)
      for (i, s) in states.enumerated() {
        let ones = s.actions.count { $0 == "one" }
        let exactD = CoinWorld.returnToGo(step: s.step, ones: ones)
        let d = cal[i]
          for (j, beta) in [1.0, 0.1].enumerated() {
        let exact = exactD.softValue(temperature: beta)
          e[j] += abs(d.softValue(temperature: beta) - exact) / Double(states.count) / 3
          b[j] += (d.softValue(temperature: beta) - exact) / Double(states.count) / 3
          }
          ll -= zip(exactD.returns, exactD.probabilities).reduce(0) { acc, x in acc + x.1 * log(max(1e-6, zip(d.returns, d.probabilities).reduce(0) { $0 + (abs($1.0 - x.0) < 1e-9 ? $1.1 : 0) })) } / Double(states.count) / 3
      }
    }
      print("SCAN", name, tasks, rounds / 3, e.map { String(format: "%.4f", $0) }, "bias", b.map { String(format: "%.4f", $0) }, "ll", String(format: "%.4f", ll), String(format: "%.1fs", time))
  }
  }
}
