import Agents
import Foundation
import ParticleFilter

/// Simulates a population, or independent attempts, on stored rollouts.
struct Simulation: Sendable {
  /// A setting that a plan can choose.
  struct Setting: Sendable, Hashable {
    let particles: Int
    /// The index of β among the plan's temperatures.
    let temperature: Int
    let schedule: Schedule
  }

  /// The result, in reward units.
  struct Result: Sendable {
    var best = 0.0
    /// The mean under the final weights.
    var weighted = 0.0
    var calls = 0
    /// The number of clones.
    var forks = 0
  }

  private(set) var space: ValueSpace
  let temperatures: [Double]
  /// V_β of the critic to steer by, by temperature, path and step; nil where it gave no value.
  let values: [[[Double?]]]
  let resampler: Resampler
  /// The upper bound of a simulated trajectory's reward, in reward units.
  let maximum: Double

  /// - Parameter maximum: the largest reward that the world can pay for a trajectory. If nil, the largest stored return
  ///   is used.
  init(_ rollouts: [ValuedRollout], temperatures: [Double], resampler: Resampler, maximum: Double? = nil) {
    self.maximum = maximum ?? rollouts.map(\.trajectory.reward).max() ?? .infinity
    space = ValueSpace(rollouts)
    self.temperatures = temperatures
    values = temperatures.map { temperature in
      rollouts.map { $0.beliefs.map { $0?.softValue(temperature: temperature) } }
    }
    self.resampler = resampler
    calibrateStart()
  }

  /// A particle: the path it follows, and its reward so far minus that of the path.
  private struct Walker {
    var path: Int
    var offset: Double
    var step = 0
  }

  /// Independent attempts at a task, drawn on demand, each with its reward and its calls. The first N are the first
  /// particles of every population with the same seed.
  struct Attempts {
    private let space: ValueSpace
    private let task: Int
    private var continuations: Continuations
    private var generator: SplitMix64
    private var drawn: [(reward: Double, calls: Int)] = []

    init(_ space: ValueSpace, at task: Int, seed: Seed) {
      (self.space, self.task) = (space, task)
      continuations = Continuations(space, task: task)
      generator = seed.split("attempts").generator()
    }

    subscript(place: Int) -> (reward: Double, calls: Int) {
      mutating get {
        while drawn.count <= place {
          let path = space.paths[continuations.attempt(using: &generator)]
          let length = min(path.length, space.stepLimits[task])
          drawn.append((path.rewards[length], length))
        }
        return drawn[place]
      }
    }
  }

  func attempts(at task: Int, seed: Seed) -> Attempts { Attempts(space, at: task, seed: seed) }

  /// Sets α of the start so that the simulated best of k equals the unbiased estimate from the same rollouts. The
  /// correlation within a task determines how good the best of several attempts is, and a fit to means says little
  /// about it. k is the median number of rollouts of a task.
  private mutating func calibrateStart() {
    let counts = space.pathsOfTask.map(\.count).sorted()
    let draws = counts[counts.count / 2]
    let tasks = space.pathsOfTask.indices.filter { space.pathsOfTask[$0].count >= draws }
    guard draws > 1, !space.ofState.isEmpty, !space.isUniform else { return }
    var target = 0.0
    for task in tasks {
      let rewards = space.pathsOfTask[task].map { space.paths[$0].rewards[space.paths[$0].length] }
      target += Diagnosis.Headroom.best(of: rewards, draws: draws)
    }
    // The exponents of 10 between which α is searched.
    var (low, high) = (-2.0, 3.0)
    for _ in 0..<12 {
      let middle = (low + high) / 2
      space.ofState[0] = pow(10, middle)
      var sum = 0.0
      for task in tasks {
        for replicate in 0..<16 {
          var attempts = Attempts(space, at: task, seed: Seed(1).split("start").split(task).split(replicate))
          var best = -Double.infinity
          for place in 0..<draws { best = max(best, attempts[place].reward) }
          sum += best / 16
        }
      }
      if sum < target { low = middle } else { high = middle }
    }
    space.ofState[0] = pow(10, (low + high) / 2)
  }

  /// A steered population, simulated like a real `Population`.
  func population(_ setting: Setting, at task: Int, seed: Seed) -> Result {
    var continuations = Continuations(space, task: task)
    return filtered(setting, at: task, seed: seed, &continuations)
  }

  /// Successive populations of one task, as a campaign with a budget runs them.
  ///
  /// - Parameters:
  ///   - keep: for a beam, the number of particles that each checkpoint keeps; nil for the particle filter.
  ///   - calls: the largest number of simulated calls.
  /// - Returns: the best reward against calls.
  func waves(_ setting: Setting, keep: Int? = nil, at task: Int, calls: Int, seed: Seed) -> SearchCurve {
    var continuations = Continuations(space, task: task)
    var curve = SearchCurve()
    var (made, number) = (0, 0)
    while made < calls {
      let seed = number == 0 ? seed : seed.split("wave").split(number)
      let result =
        if let keep {
          population(setting, at: task, seed: seed, &continuations) {
            BeamSearch(count: setting.particles, keep: keep, schedule: setting.schedule, initialValue: $0)
          }
        } else {
          filtered(setting, at: task, seed: seed, &continuations)
        }
      made += max(result.calls, 1)
      number += 1
      curve.note(result.best, after: made)
      if result.best >= maximum - 1e-9 {
        curve.end = made
        break
      }
    }
    return curve
  }

  /// A population under the particle filter.
  private func filtered(
    _ setting: Setting, at task: Int, seed: Seed, _ continuations: inout Continuations
  ) -> Result {
    population(setting, at: task, seed: seed, &continuations) {
      ParticleFilter(
        count: setting.particles, temperature: temperatures[setting.temperature], schedule: setting.schedule,
        resampler: resampler, initialValue: $0)
    }
  }

  private func population<Filter: PopulationFilter>(
    _ setting: Setting, at task: Int, seed: Seed, _ continuations: inout Continuations,
    filter make: (_ initialValue: Double) -> Filter
  ) -> Result {
    var generator = seed.split("attempts").generator()
    var walkers = (0..<setting.particles).map { _ in
      Walker(path: continuations.attempt(using: &generator), offset: 0)
    }
    var resampling = seed.split("resampling").generator()
    var result = Result(best: -.infinity)
    let limit = space.stepLimits[task]
    var filter = make(values[setting.temperature][walkers[0].path].first.flatMap(\.self) ?? 0)
    var paid = Array(repeating: 0.0, count: walkers.count)
    func payment() -> Payment {
      let rewards = walkers.map(reward)
      defer { paid = rewards }
      return Payment(rewards: zip(rewards, paid).map { $0 - $1 })
    }
    var step = 0
    while step < limit {
      step = min(setting.schedule.nextCheckpoint(after: step) ?? limit, limit)
      for place in walkers.indices {
        let end = min(space.paths[walkers[place].path].length, step)
        result.calls += max(end - walkers[place].step, 0)
        walkers[place].step = max(end, walkers[place].step)
      }
      if walkers.allSatisfy({ isOver($0, limit: limit) }) { break }
      let guidance = Guidance(
        softValues: walkers.map { isOver($0, limit: limit) ? 0 : values[setting.temperature][$0.path][$0.step] })
      let checkpoint = filter.weigh(step: step, paid: payment(), guidance: guidance, using: &resampling)
      guard let ancestors = checkpoint.ancestors else { continue }
      result.forks += checkpoint.forks
      let before = walkers
      for place in checkpoint.culled where isOver(before[place], limit: limit) {
        result.best = max(result.best, reward(of: before[place]))
      }
      for (place, ancestor) in checkpoint.copies {
        var clone = before[ancestor]
        if !isOver(clone, limit: limit) {
          let total = reward(of: clone)
          clone.path = continuations.continuation(of: clone.path, after: clone.step, using: &generator)
          clone.offset = total - space.paths[clone.path].rewards[clone.step]
        }
        walkers[place] = clone
      }
      paid = ancestors.map { paid[$0] }
    }
    filter.finish(paid: payment())
    let rewards = walkers.map(reward)
    result.best = max(result.best, rewards.max() ?? 0)
    result.weighted = zip(filter.weights, rewards).reduce(0) { $0 + $1.0 * $1.1 }
    return result
  }

  private func isOver(_ walker: Walker, limit: Int) -> Bool {
    walker.step >= min(space.paths[walker.path].length, limit)
  }

  private func reward(of walker: Walker) -> Double {
    min(walker.offset + space.paths[walker.path].rewards[walker.step], maximum)
  }
}
