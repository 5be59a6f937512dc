import Foundation
import Steering

extension PlanJudge {
  /// The choice among methods: best-of with stopping, unless another method is significantly better on tasks that were
  /// not used to choose it.
  ///
  /// - Parameters:
  ///   - candidates: the candidates, best-of first.
  ///   - rewards: by candidate, share of the calls, and task; see ``MethodArena/rewards(of:hasVerifier:)``.
  ///   - calls: model calls per task on average.
  func methods(
    _ candidates: [MethodArena.Candidate], _ rewards: [[[Double]]], calls: Int, hasVerifier: Bool,
    temperatures: [Double]
  ) -> Plan.MethodChoice? {
    guard let here = MethodArena.shares.firstIndex(of: 1) else { return nil }
    let gains = rewards.map { own in zip(own[here], rewards[0][here]).map { $0 - $1 } }
    // Among methods within one standard error, the one listed first.
    let costs = candidates.indices.map(Double.init)
    let others = Array(gains.dropFirst())
    guard let best = Self.best(others, Array(costs.dropFirst()), over: Array(0..<tasks)) else { return nil }
    let (estimate, interval) = bootstrap(heldOut(others, Array(costs.dropFirst())))
    let isGain = interval[0] > margin && obstacle == nil
    let candidate = candidates[best + 1]
    return Plan.MethodChoice(
      hasVerifier: hasVerifier, calls: Double(calls), method: (isGain ? candidate.method : .bestOf).rawValue,
      gain: estimate, interval: interval, reason: reason(candidate.method, estimate, interval),
      forecasts: candidates.enumerated().map { place, candidate in
        Plan.Forecast(
          method: candidate.method.rawValue, particles: candidate.setting?.particles,
          temperature: candidate.setting.map { temperatures[$0.temperature] },
          resample: candidate.setting?.schedule.description, gain: MeanEstimate(gains[place]),
          points: zip(MethodArena.shares, rewards[place]).map {
            // A population that does not fit into the budget is not begun.
            let isBegun = candidate.setting == nil || $1.contains { $0 != 0 }
            return Plan.Point(
              calls: $0 * Double(calls), reward: isBegun ? MeanEstimate($1) : MeanEstimate(mean: .nan, se: .nan))
          })
      })
  }

  private func reason(_ method: Method, _ gain: MeanEstimate, _ interval: [Double]) -> String {
    let figures = String(format: "%+.3f ± %.3f", gain.mean, gain.se).replacing("-", with: "−")
    switch obstacle {
    case .tooFew: return "There are rollouts of too few tasks to compare methods."
    case .uniform: return "All rollouts of each task end alike, so there is nothing to select."
    case .constant: return "The critic does not distinguish states."
    case nil: break
    }
    if interval[0] > margin {
      return "\(method.rawValue) is predicted to gain \(figures) over best-of with stopping at equal calls."
    }
    if interval[1] < 0 { return "\(method.rawValue) is predicted to lose against best-of with stopping: \(figures)." }
    return
      "The predicted gain of \(method.rawValue) over best-of with stopping, \(figures), "
      + (interval[0] > 0 ? "is too small to be sure of." : "is not significantly different from zero.")
  }
}
