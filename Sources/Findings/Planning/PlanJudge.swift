import Agents
import Foundation
import Steering

/// Turns trials into a choice: the best setting, or best-of-N if the gain is not significantly above zero.
struct PlanJudge {
  let tasks: Int
  let rollouts: Int
  /// The largest possible reward of a trajectory, or the largest seen if the world declares none.
  let maximum: Double
  let obstacle: Obstacle?
  /// The largest return less the smallest.
  let scale: Double
  let seed: Seed
  let row: (Trial) -> Plan.Row

  /// A reason not to plan, independent of the figures.
  enum Obstacle {
    /// Too few tasks have more than one rollout.
    case tooFew
    /// All rollouts of each task have the same return.
    case uniform
    /// The critic's values never differed enough to cause a resampling.
    case constant
  }

  /// The margin for a gain, as a fraction of the range of returns. The interval over tasks does not include the error
  /// of the simulation. That error was about 0.02 of the range in comparisons of predicted and measured gains.
  private static let leastGain = 0.01

  /// With fewer tasks an interval is not informative: three tasks all gain by chance with a probability of one in
  /// eight.
  static let leastTasks = 10

  /// A plan never asks for more than this many times the present number of rollouts.
  private static let mostEffort = 8.0
  private static let folds = 5

  var margin: Double { Self.leastGain * scale }
  private static let resamples = 2_000
  /// The half-width of a 99 % interval in standard errors.
  private static let errors = 2.576

  /// - Parameters:
  ///   - trials: the trials of one number of particles.
  ///   - gain: the gain to choose by, one value for each task.
  ///   - attempts: the results of independent attempts.
  func choice(
    _ answer: Answer, _ trials: [Trial], _ gain: KeyPath<Trial, [Double]>, _ attempts: KeyPath<Trial, [Double]>
  ) -> Plan.Choice? {
    let gains = trials.map { $0[keyPath: gain] }
    let costs = trials.map(\.forks)
    guard let best = Self.best(gains, costs, over: Array(0..<tasks)) else { return nil }
    let honest = heldOut(gains, costs)
    let (estimate, interval) = bootstrap(honest)
    let isGain = interval[0] > margin && obstacle == nil
    let candidate = row(trials[best])
    let bestOf = MeanEstimate(trials[best][keyPath: attempts])
    return Plan.Choice(
      answer: answer, particles: candidate.particles, temperature: candidate.temperature,
      resample: isGain ? candidate.resample : "none", gain: estimate, interval: interval, candidate: candidate,
      bestOf: bestOf, reason: reason(candidate, estimate, interval, bestOf: bestOf),
      moreRollouts: moreRollouts(estimate))
  }

  /// Of the settings within one standard error of the best, the one with the fewest clones (the one-standard-error rule
  /// of Breiman et al., 1984). The correlation between clones is the least certain part of a simulation.
  ///
  /// - Parameter forks: the number of clones of each setting.
  static func best(_ gains: [[Double]], _ forks: [Double], over tasks: [Int]) -> Int? {
    let estimates = gains.map { row in MeanEstimate(tasks.map { row[$0] }) }
    guard let most = estimates.max(by: { $0.mean < $1.mean }) else { return nil }
    return estimates.indices.filter { estimates[$0].mean >= most.mean - most.se - 1e-12 }.min {
      (forks[$0], -estimates[$0].mean) < (forks[$1], -estimates[$1].mean)
    }
  }

  /// The gain of each task under the setting that was chosen on the other folds.
  func heldOut(_ gains: [[Double]], _ forks: [Double]) -> [Double] {
    var generator = seed.split("folds").generator()
    let shuffled = generator.drawn(tasks, from: Array(0..<tasks))
    let folds = min(Self.folds, tasks)
    var result = Array(repeating: 0.0, count: tasks)
    for fold in 0..<folds {
      let held = shuffled.indices.filter { $0 % folds == fold }.map { shuffled[$0] }
      let others = shuffled.indices.filter { $0 % folds != fold }.map { shuffled[$0] }
      guard let chosen = Self.best(gains, forks, over: others) else { continue }
      for task in held { result[task] = gains[chosen][task] }
    }
    return result
  }

  /// The mean with the standard error and the 99 % interval of a bootstrap over tasks. A 95 % interval would be too
  /// narrow: tasks are simulated with each other's rollouts, so they are not quite independent. With 95 %, 2 of 24
  /// critics that return noise were accepted.
  func bootstrap(_ values: [Double]) -> (MeanEstimate, [Double]) {
    var generator = seed.split("bootstrap").generator()
    let means = (0..<Self.resamples).map { _ in
      var sum = 0.0
      for _ in values.indices { sum += values[generator.number(below: values.count)] }
      return sum / Double(values.count)
    }.sorted()
    let centre = means.reduce(0, +) / Double(means.count)
    let variance = means.reduce(0) { $0 + ($1 - centre) * ($1 - centre) } / Double(means.count - 1)
    return (
      MeanEstimate(mean: values.reduce(0, +) / Double(values.count), se: variance.squareRoot()),
      [means[Int(0.005 * Double(means.count))], means[Int(0.995 * Double(means.count))]]
    )
  }

  /// Based on a standard error that falls with the square root of the number of tasks.
  private func moreRollouts(_ gain: MeanEstimate) -> Int? {
    if let obstacle { return obstacle == .tooFew ? max(4 * Self.leastTasks - rollouts, Self.leastTasks) : nil }
    let width = Self.errors * gain.se / gain.mean
    let factor = width * width
    if factor <= 1 { return 0 }
    guard gain.mean > 0, factor < Self.mostEffort else { return nil }
    return Int((Double(rollouts) * (factor - 1)).rounded(.up))
  }

  private func reason(
    _ candidate: Plan.Row, _ gain: MeanEstimate, _ interval: [Double], bestOf: MeanEstimate
  ) -> String {
    let name = "best-of-\(candidate.particles)"
    let figures = String(format: "%+.3f ± %.3f", gain.mean, gain.se).replacing("-", with: "−")
    switch obstacle {
    case .tooFew:
      return "A plan needs \(Self.leastTasks) tasks or more with several rollouts each, and there are too few to tell."
    case .uniform: return "All rollouts of each task end alike, so there is nothing to select."
    case .constant: return "The critic does not distinguish states, so nothing would be resampled."
    case nil: break
    }
    if interval[0] > margin {
      return "Predicted to gain \(figures) over \(name) at no more calls."
    }
    if interval[1] < 0 { return "Steering is predicted to lose against \(name): \(figures)." }
    let verdict =
      interval[0] > 0
      ? "is above zero, but too small to be sure of" : "is not significantly different from zero"
    if maximum - bestOf.mean < 0.03 * abs(maximum) {
      return
        "\(name) already reaches \(String(format: "%.3f", bestOf.mean)), and the predicted gain of steering, \(figures), "
        + "\(verdict)."
    }
    return "The predicted gain over \(name), \(figures), \(verdict)."
  }
}
