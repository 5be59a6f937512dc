import Agents
import Foundation
import Testing

@testable import Critics

@Test(.enabled(if: ProcessInfo.processInfo.environment["SCRATCH"] != nil))
func scratch() throws {
  for (tasks, seed) in [(300, 5), (300, 6), (60, 7), (60, 8)] {
    let data = CoinWorld.rollouts(tasks: 0..<tasks, each: 4, seed: Seed(UInt64(seed)))
    let critic = try TreesCritic.fit(data, environment: CoinWorld.identity, policy: "coin", seed: Seed(2))
    // table
    var table: [[Double]: [Double]] = [:]
    for r in data { for o in r.observedPrefixes { table[[Double(o.state.step), Double(o.state.actions.count { $0 == "one" })], default: []].append(o.returnToGo) } }
    let rollouts = CoinWorld.rollouts(tasks: 1000..<1200, each: 1, seed: Seed(6))
    let states = rollouts.flatMap(\.observedPrefixes).map(\.state)
    let booster = try Booster(model: critic.artifact.booster!)
    let m = try FeatureMatrix(states.map(critic.artifact.features.row), columns: critic.artifact.features.columns, baseMargin: critic.artifact.baseMargin)
    let margins = try booster.margins(of: m)
    let K = critic.artifact.bins.count
    let cal = try critic.predict(states)
    for beta in [1.0, 0.1] {
      var e = [0.0, 0, 0]
      var b = [0.0, 0, 0]
      var ll = [0.0, 0, 0]
      for (i, s) in states.enumerated() {
        let ones = s.actions.count { $0 == "one" }
        let exactD = CoinWorld.returnToGo(step: s.step, ones: ones)
        let exact = exactD.softValue(temperature: beta)
        let raw = ReturnDistribution(returns: critic.artifact.bins.values, probabilities: softmax(margins[(i*K)..<((i+1)*K)])!)
        let t = table[[Double(s.step), Double(ones)]]!
        let tab = ReturnDistribution(returns: t, probabilities: t.map { _ in 1 })
        for (j, d) in [cal[i], raw, tab].enumerated() {
          e[j] += abs(d.softValue(temperature: beta) - exact) / Double(states.count)
          b[j] += (d.softValue(temperature: beta) - exact) / Double(states.count)
          ll[j] -= zip(exactD.returns, exactD.probabilities).reduce(0) { acc, x in acc + x.1 * log(max(1e-6, zip(d.returns, d.probabilities).reduce(0) { $0 + (abs($1.0 - x.0) < 1e-9 ? $1.1 : 0) })) } / Double(states.count)
        }
      }
      print(tasks, critic.record.rounds, beta, "cal raw table", e.map { String(format: "%.4f", $0) }, "bias", b.map { String(format: "%.4f", $0) }, "ll", ll.map { String(format: "%.4f", $0) })
    }
  }
}
