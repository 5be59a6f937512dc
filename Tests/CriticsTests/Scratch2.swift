import Agents
import Foundation
import Testing

@testable import Critics

enum OrderWorld {
  static let fields = [["one","two","three","four","five"],["small","medium","large"],["red","green","blue","black"],["leather","wool","cotton","silk"],["coat","scarf","dress","shirt","hat","jacket"]]
  // difficulty: word-dependent
  static func p(_ f: Int, _ w: Int) -> Double { [0.7,0.8,0.6,0.85,0.75][f] - (w % 2 == 0 ? 0.0 : 0.25) }
  static func rollouts(tasks: Range<Int>, each: Int, seed: Seed) -> [(Trajectory, [ReturnDistribution])] {
    tasks.flatMap { n -> [(Trajectory, [ReturnDistribution])] in
      var g = seed.split(n).generator()
      let wanted = fields.map { Int(g.next() % UInt64($0.count)) }
      let task = AgentTask(id: TaskID("o\(n)"), request: "I want " + fields.indices.map { fields[$0][wanted[$0]] }.joined(separator: " "), stepLimit: 5)
      return (0..<each).map { _ in
        var t = Trajectory(task: task, opening: Observation("Choose from " + fields[0].joined(separator: ", ")))
        var hits = 0
        var truth: [ReturnDistribution] = []
        for f in 0..<5 {
          var c = [1.0]
          for k in f..<5 { let q = p(k, wanted[k]); c = (0...c.count).map { ($0 < c.count ? c[$0] * (1 - q) : 0) + ($0 > 0 ? c[$0-1]*q : 0) } }
          truth.append(ReturnDistribution(returns: c.indices.map { Double(hits + $0) / 5 }, probabilities: c))
          let right = g.uniform() < p(f, wanted[f])
          let pick = right ? wanted[f] : (wanted[f] + 1 + Int(g.next() % UInt64(fields[f].count - 1))) % fields[f].count
          hits += right ? 1 : 0
          let a = fields[f][pick]
          t.append(Step(response: a, action: .act(a), outcome: Outcome(Observation(f < 4 ? "Choose from " + fields[f+1].joined(separator: ", ") : "Done."), reward: f == 4 ? Double(hits)/5 : 0, isDone: f == 4)))
        }
        return (t, truth)
      }
    }
  }
}

@Test(.enabled(if: ProcessInfo.processInfo.environment["SCAN"] != nil))
func scan() throws {
  var variants: [(String, TreesCritic.Settings)] = []
  func add(_ n: String, _ f: (inout TreesCritic.Settings) -> Void) { var s = TreesCritic.Settings(); f(&s); variants.append((n, s)) }
  add("default") { _ in }
  for l in [0.1, 0.5, 1.0] { for m in [0.2, 1.0, 5.0] { for d in [3, 4] { add("l\(l) m\(m) d\(d)") { $0.lambda = l; $0.minimumChildWeight = m; $0.depth = d } } } }
  for (name, settings) in variants {
  for (tasks, each) in [(300, 4), (125, 4), (-300, 4)] {
    var e = [0.0, 0], b = [0.0, 0], ll = 0.0, rounds = 0, time = 0.0, base = 0.0
    for seed in 5..<8 {
    let make: (Range<Int>, Int, Seed) -> [(Trajectory, [ReturnDistribution])] = { r, e, s in tasks > 0 ? OrderWorld.rollouts(tasks: r, each: e, seed: s) : CoinWorld.rollouts(tasks: r, each: e, seed: s).map { t in (t, t.observedPrefixes.map { o in CoinWorld.returnToGo(step: o.state.step, ones: o.state.actions.count { $0 == "one" }) }) } }
    let data = make(0..<abs(tasks), each, Seed(UInt64(seed))).map(\.0)
    let clock = ContinuousClock.now
    let critic = try TreesCritic.fit(data, environment: CoinWorld.identity, policy: "coin", seed: Seed(2), settings: settings)
    time += Double(clock.duration(to: .now) / .milliseconds(1)) / 3000
    rounds += critic.record.rounds
    let held = make(2000..<2150, 1, Seed(6))
    let states = held.flatMap(\.0.observedPrefixes).map(\.state)
    let truth = held.flatMap(\.1)
    let cal = try critic.predict(states)
      for (i, _) in states.enumerated() {
        let exactD = truth[i]
        let d = cal[i]
          for (j, beta) in [1.0, 0.1].enumerated() {
        let exact = exactD.softValue(temperature: beta)
          e[j] += abs(d.softValue(temperature: beta) - exact) / Double(states.count) / 3
          b[j] += (d.softValue(temperature: beta) - exact) / Double(states.count) / 3
          }
          ll -= zip(exactD.returns, exactD.probabilities).reduce(0) { acc, x in acc + x.1 * log(max(1e-6, zip(d.returns, d.probabilities).reduce(0) { $0 + (abs($1.0 - x.0) < 1e-9 ? $1.1 : 0) })) } / Double(states.count) / 3
          base -= zip(exactD.returns, exactD.probabilities).reduce(0) { acc, x in acc + x.1 * log(x.1) } / Double(states.count) / 3
      }
    }
      print("SCAN", name, tasks, rounds / 3, e.map { String(format: "%.4f", $0) }, "bias", b.map { String(format: "%.4f", $0) }, "ll", String(format: "%.4f %.4f", ll, base), String(format: "%.1fs", time))
  }
  }
}
