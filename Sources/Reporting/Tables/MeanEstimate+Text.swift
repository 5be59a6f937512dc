import Findings

extension MeanEstimate {
  /// "0.738 ± 0.039", or "0.738" if the standard error is 0.
  package var text: String { text(overTasks: se == 0 ? 1 : 2) }

  /// The mean and its standard error. A single task has no standard error; without tasks there is no mean.
  package func text(overTasks tasks: Int, digits: Int = 3, signed: Bool = false) -> String {
    guard tasks > 0, !mean.isNaN else { return "–" }
    let mean = Format.number(mean, digits: digits, signed: signed)
    return tasks > 1 ? "\(mean) ± \(Format.number(se, digits: digits))" : mean
  }
}
