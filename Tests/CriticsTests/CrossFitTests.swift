import Agents
import Foundation
import Testing

@testable import Critics

/// Seven steps, at each of which a gauge is turned; the reward falls with the distance from the wanted reading. The
/// information is in the numbers of the observations alone, so that few rollouts say little about each word.
private enum GaugeWorld {
  static let identity = WorldIdentity(kind: "gauge")

  static func rollouts(tasks: Range<Int>, each: Int, seed: Seed) -> [Trajectory] {
    tasks.flatMap { number -> [Trajectory] in
      var generator = seed.split(number).generator()
      let wanted = 5 + Int(generator.next() % 35)
      let task = AgentTask(
        id: TaskID("gauge \(number)"), request: "Turn the gauge of tank \(generator.next() % 50) to \(wanted).",
        stepLimit: 7)
      return (0..<each).map { _ in
        var trajectory = Trajectory(task: task, opening: Observation("The gauge reads 0."))
        var reading = 0
        for step in 1...7 {
          reading += Int(generator.next() % 12)
          let reward = max(0, 1 - abs(Double(reading - wanted)) / Double(wanted))
          trajectory.append(
            Step(
              response: "turn", action: .act("turn \(generator.next() % 6)"),
              outcome: Outcome(
                Observation("The gauge reads \(reading) of \(wanted)."), reward: step == 7 ? reward : 0,
                isDone: step == 7)))
        }
        return trajectory
      }
    }
  }
}

private func work(
  _ rollouts: [Trajectory], _ settings: TreesCritic.Settings = .init(), seed: Seed = Seed(1)
) throws -> CrossFitWork {
  let features = FeatureMap(hashBuckets: settings.hashBuckets)
  let set = try TrainingSet(rollouts, features: features)
  return CrossFitWork(
    set, bins: ReturnBins(set.states.flatMap(\.returns), limit: settings.bins), features: features,
    settings: settings, seed: seed)
}

@Suite("Cross-fits")
struct CrossFitTests {
  @Test("320 rollouts of a seven-step world keep their trees, and predict unseen tasks")
  func fewRollouts() throws {
    for seed in [1, 2, 3] as [UInt64] {
      let rollouts = GaugeWorld.rollouts(tasks: 0..<80, each: 4, seed: Seed(seed))
      let critic = try TreesCritic.fit(
        rollouts, environment: GaugeWorld.identity, policy: "hand", seed: Seed(seed))
      #expect(critic.record.rounds > 0, "seed \(seed)")
      #expect(critic.record.heldOutLogLoss < critic.record.marginalLogLoss)
      let unseen = GaugeWorld.rollouts(tasks: 1000..<1100, each: 4, seed: Seed(99)).flatMap(\.observedPrefixes)
      let predicted = try critic.predict(unseen.map(\.state)).map(\.mean)
      let rSquared = try #require(
        RankStatistics.rSquared(predictions: predicted, outcomes: unseen.map(\.returnToGo)))
      #expect(rSquared > 0.1, "seed \(seed)")
    }
  }

  @Test("The held-out loss is that of fresh tasks, also where λ-returns would carry it over")
  func honest() throws {
    // Bootstrapped from trees that saw the judged fold, λ = 0 looks better here than it is on fresh tasks.
    let rollouts = GaugeWorld.rollouts(tasks: 0..<80, each: 4, seed: Seed(4))
    let critic = try TreesCritic.fit(rollouts, environment: GaugeWorld.identity, policy: "hand", seed: Seed(4))
    let bins = critic.artifact.bins
    let fresh = GaugeWorld.rollouts(tasks: 1000..<1200, each: 4, seed: Seed(98))
    let states = fresh.flatMap { $0.observedPrefixes + [$0.observedAnswer].compactMap(\.self) }
    let beliefs = try critic.predict(states.map(\.state))
    var byTask: [String: Double] = [:]
    for (state, belief) in zip(states, beliefs) {
      byTask[state.state.request, default: 0] -= belief.logProbability(of: bins.bin(of: state.returnToGo))
    }
    let losses = byTask.values.map { $0 * Double(byTask.count) / Double(states.count) }
    let mean = losses.reduce(0, +) / Double(losses.count)
    let variance = losses.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(losses.count - 1)
    // The held-out figure is over 80 tasks and this one over at most 200: three standard errors of the difference.
    let error = (variance / 80 + variance / Double(losses.count)).squareRoot()
    #expect(abs(critic.record.heldOutLogLoss - mean) < 3 * error)
  }

  @Test("Values for the targets of a fold do not depend on the returns of that fold")
  func pairValues() throws {
    let rollouts = GaugeWorld.rollouts(tasks: 0..<20, each: 3, seed: Seed(4))
    let own = try work(rollouts)
    let fold = 2
    let tasks = Set(own.foldOfState.indices.filter { own.foldOfState[$0] == fold }.map { own.set.states[$0].task })
    // The same rollouts with other returns of the tasks of that fold.
    let turned = rollouts.map { rollout -> Trajectory in
      guard let task = own.set.tasks.firstIndex(of: rollout.task.id), tasks.contains(task) else { return rollout }
      var steps = Array(rollout.steps)
      steps[6].outcome.reward = 1 - steps[6].outcome.reward
      return Trajectory(task: rollout.task, opening: rollout.opening, steps: steps)
    }
    let features = FeatureMap(hashBuckets: own.settings.hashBuckets)
    let other = CrossFitWork(
      try TrainingSet(turned, features: features), bins: own.bins, features: features, settings: own.settings,
      seed: own.seed)
    let (values, again) = (try own.pairValues(rounds: 20)[fold], try other.pairValues(rounds: 20)[fold])
    let states = own.foldOfState.indices.filter { own.foldOfState[$0] != fold }
    #expect(states.allSatisfy { values[$0] == again[$0] })
    // Control: the values for another fold do depend on them.
    let (first, second) = (try own.pairValues(rounds: 20)[0], try other.pairValues(rounds: 20)[0])
    #expect(states.contains { own.foldOfState[$0] != 0 && first[$0] != second[$0] })
  }

  @Test("Noise keeps no trees in most fits, and then every belief is the marginal of the other folds")
  func noise() throws {
    var kept = 0
    for seed in 1...8 as ClosedRange<UInt64> {
      let rollouts = NoiseWorld.rollouts(tasks: 40, each: 4, steps: 5, returns: 5, seed: Seed(seed))
      let fit = try CrossFit(work(rollouts, .quick, seed: Seed(seed)))
      kept += fit.choice.isEarned ? 1 : 0
      if !fit.choice.isEarned { #expect(fit.logLoss == fit.marginalLogLoss) }
    }
    // With a threshold of one standard error a sixth of noises look like a gain.
    #expect(kept <= 4)
  }

  @Test("λ-returns by hand")
  func lambdaReturns() throws {
    let task = AgentTask(id: "a", request: "pay", stepLimit: 3)
    func rollout(_ rewards: [Double], _ word: String) -> Trajectory {
      Trajectory(
        task: task, opening: Observation(""),
        steps: rewards.enumerated().map { step, reward in
          Step(
            response: "", action: .act(step == 0 ? word : "go"),
            outcome: Outcome(Observation(word), reward: reward, isDone: step == rewards.count - 1))
        })
    }
    let work = try work([rollout([0, 1, 2], "left"), rollout([0, 0, 0], "right")])
    // Returns 0...3. The states: start, left 1, left 2, the end of left, right 1, right 2, the end of right.
    #expect(work.set.states.map(\.returns) == [[3, 0], [3], [2], [2], [0], [0], [0]])
    let values = [0.5, 0.4, 0.9, 0, 0.1, 0.2, 0]
    let (targets, weights) = work.targets(lambda: 0.5) { values[$0] }
    #expect(weights == [2, 1, 1, 1, 1, 1, 1])
    // left 2: its reward, 2. left 1: 1 + (½·0.9·3 + ½·2) = 3.35, limited to 3.
    // start over left: 0 + ½·0.4·3 + ½·3.35 = 2.275; over right: ½·0.1·3 + ½·(½·0.2·3) = 0.3.
    let expected = [(2.275 + 0.3) / 2 / 3, 1, 2.0 / 3, 2.0 / 3, 0.1, 0, 0]
    for (target, wanted) in zip(targets, expected) { #expect(abs(target - wanted) < 1e-12) }
    let (monteCarlo, _) = work.targets(lambda: 1) { values[$0] }
    #expect(zip(monteCarlo, work.shares).allSatisfy { abs($0 - $1) < 1e-12 })
  }

  @Test("Steps of steered runs count with their one-step return and change no Monte Carlo return")
  func steered() throws {
    let base = CoinWorld.trajectory(task: 1, [true, false, false, false, false, true])
    let other = CoinWorld.trajectory(task: 1, [true, true, true, true, true, true])
    let steps = (0..<6).map { SteeredStep(from: other.prefix($0), to: other.prefix($0 + 1)) }
    let set = try TrainingSet(
      [base, CoinWorld.trajectory(task: 2, [false, false, false, false, false, false])],
      steered: steps, features: FeatureMap())
    #expect(set.transitions.count == 6)
    #expect(set.transitions.last?.to == nil && set.transitions.last?.reward == 1)
    // The start and the state after one "one" are shared with the rollout; four more are new, without a return.
    #expect(set.states.count { $0.returns.isEmpty } == 4)
    let work = CrossFitWork(
      set, bins: ReturnBins(set.states.flatMap(\.returns)), features: FeatureMap(), settings: .init(), seed: Seed(1))
    let (targets, weights) = work.targets(lambda: 0) { _ in 0.25 }
    let start = try #require(set.transitions.first).from
    #expect(weights[start] == 2)
    #expect(abs(targets[start] - 0.25) < 1e-12)
    #expect(work.visits[start] == 1)
  }

  @Test("The Bellman error of exact values is 0 within its standard error, and that of a constant is exact")
  func bellman() throws {
    let rollouts = CoinWorld.rollouts(tasks: 0..<1, each: 4_000, seed: Seed(5))
    let set = try TrainingSet(rollouts, features: FeatureMap(hashBuckets: 64))
    func values(_ value: (CriticState) -> Double) -> [Double] {
      var values = Array(repeating: 0.0, count: set.states.count)
      for (path, rollout) in zip(set.paths, rollouts) {
        for step in 0..<rollout.count { values[path.states[step]] = value(CriticState(rollout.prefix(step))) }
      }
      return values
    }
    let exact = values { state in
      CoinWorld.returnToGo(step: state.step, ones: state.actions.count { $0 == "one" }).mean
    }
    // The error of one step has variance .3·.7/36; products of two have its square, over at least 24,000 visits.
    #expect(abs(try #require(CrossFit.squaredBellmanError(exact, on: set))) < 4 * 0.0058 / 150)
    // A constant value is wrong only before the last step, where the return is (ones so far + .3)/6.
    let constant = 0.3
    var wanted = 0.0
    for ones in 0...5 {
      let chance = choose(5, ones) * power(0.3, ones) * power(0.7, 5 - ones)
      let error = (Double(ones) + 0.3) / 6 - constant
      wanted += chance * error * error / 6
    }
    let found = try #require(CrossFit.squaredBellmanError(values { _ in constant }, on: set))
    #expect(abs(found - wanted) < 0.0004)
  }

  private func choose(_ n: Int, _ k: Int) -> Double {
    (0..<k).reduce(1.0) { $0 * Double(n - $1) / Double($1 + 1) }
  }

  private func power(_ base: Double, _ exponent: Int) -> Double {
    (0..<exponent).reduce(1.0) { product, _ in product * base }
  }

  @Test("What a critic rests on is named: the overlap of choices and request, or the words of the observation")
  func groups() throws {
    let coins = try CrossFit(
      work(CoinWorld.rollouts(tasks: 0..<60, each: 4, seed: Seed(3)), .quick), judgesGroups: true)
    // The request says "one", so that the number of ones is the overlap.
    #expect(coins.groups.first?.group == .overlap)
    let gauges = try CrossFit(
      work(GaugeWorld.rollouts(tasks: 0..<80, each: 4, seed: Seed(1))), judgesGroups: true)
    let observation = try #require(gauges.groups.first { $0.group == .observation })
    #expect(observation.share > 0.05)
    #expect(gauges.groups.allSatisfy { $0.share <= 1 })
  }
}

extension ReturnDistribution {
  fileprivate func logProbability(of bin: Int) -> Double { log(max(probabilities[bin], 1e-12)) }
}
