import Agents
import Foundation
import Testing

@testable import Critics

@Test func softValuesComeCloseToTheExactOnes() throws {
  let critic = try TreesCritic.fit(
    CoinWorld.rollouts(tasks: 0..<300, each: 4, seed: Seed(5)), environment: CoinWorld.identity, policy: "coin",
    seed: Seed(2), progress: { print($0) })
  print(critic.record.rounds, critic.record.heldOutLogLoss, critic.record.marginalLogLoss)
  #expect(critic.record.rounds > 0)
  #expect(critic.record.heldOutLogLoss < critic.record.marginalLogLoss - 0.1)
  let rollouts = CoinWorld.rollouts(tasks: 1000..<1200, each: 1, seed: Seed(6))
  for temperature in [1.0, 0.1] {
    var error = 0.0
    var spread = 0.0
    var largest = 0.0
    var count = 0.0
    let mean = CoinWorld.returnToGo(step: 0, ones: 0).softValue(temperature: temperature)
    for state in rollouts.flatMap(\.observedPrefixes).map(\.state) {
      let ones = state.actions.count { $0 == "one" }
      let exact = CoinWorld.returnToGo(step: state.step, ones: ones).softValue(temperature: temperature)
      let value = try critic.predict([state])[0].softValue(temperature: temperature)
      error += abs(value - exact)
      largest = max(largest, abs(value - exact))
      spread += abs(mean - exact)
      count += 1
    }
    print(temperature, error / count, spread / count, largest)
    #expect(error / count < 0.02)
  }
  // Every reward is hidden in the number of ones.
  var error = 0.0
  for rollout in rollouts {
    let state = try #require(rollout.observedAnswer).state
    error += abs(try critic.predict([state])[0].mean - rollout.reward)
  }
  print(error / Double(rollouts.count))
}

@Test(.enabled(if: ProcessInfo.processInfo.environment["CRITICS_TIMING"] != nil))
func trainingTakesSeconds() throws {
  let rollouts = NoiseWorld.rollouts(tasks: 125, each: 4, steps: 9, words: 25, returns: 16, seed: Seed(1))
  let map = FeatureMap()
  var clock = ContinuousClock().now
  let rows = Rollouts.rows(rollouts, features: map)
  print(rows.count, rows.map(\.features.indices.count).reduce(0, +) / rows.count, clock.duration(to: .now))
  clock = .now
  var settings = TreesCritic.Settings()
  if let depth = ProcessInfo.processInfo.environment["DEPTH"] { settings.depth = Int(depth)! }
  if let p = ProcessInfo.processInfo.environment["CRITICS_TIMING"] { settings.mostRounds = Int(p)!; settings.patience = Int(p)! }
  _ = try TreesCritic.fit(rollouts, environment: NoiseWorld.identity, policy: "n", seed: Seed(1), settings: settings)
  print(clock.duration(to: .now))
}
