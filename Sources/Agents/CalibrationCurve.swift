/// Mean prediction against mean outcome, in groups of equal count. A calibrated critic lies on the diagonal.
package struct CalibrationCurve: Sendable, Hashable, Codable {
  package struct Point: Sendable, Hashable, Codable {
    /// The mean of the predictions.
    package let predicted: Double
    /// The mean of the outcomes.
    package let realised: Double
    /// Standard error of the mean outcome, clustered by task, since outcomes of one task are not independent.
    package let standardError: Double
    package let count: Int
  }

  /// In ascending order of prediction.
  package let points: [Point]

  /// - Parameters:
  ///   - rows: a task, a prediction and an outcome each.
  ///   - groups: the largest number of points; equal predictions stay in one group.
  package init(_ rows: [(task: TaskID, prediction: Double, outcome: Double)], groups: Int = 10) {
    let sorted = rows.sorted { $0.prediction < $1.prediction }
    var points: [Point] = []
    var start = 0
    while start < sorted.count, groups > 0 {
      // A group ends only where the prediction changes.
      var end = max(start + 1, (points.count + 1) * sorted.count / groups)
      while end < sorted.count, sorted[end].prediction == sorted[end - 1].prediction { end += 1 }
      let group = sorted[start..<min(end, sorted.count)]
      points.append(Self.point(Array(group)))
      start = group.endIndex
    }
    self.points = points
  }

  private static func point(_ rows: [(task: TaskID, prediction: Double, outcome: Double)]) -> Point {
    let count = Double(rows.count)
    let mean = rows.reduce(0) { $0 + $1.outcome } / count
    // The variance of a ratio of sums over tasks (Cochran, Sampling Techniques, §6). Residuals are summed within a task
    // first.
    let residuals = Dictionary(grouping: rows, by: \.task).values.map { task in
      task.reduce(0) { $0 + $1.outcome - mean }
    }
    let tasks = Double(residuals.count)
    let variance = tasks > 1 ? residuals.reduce(0) { $0 + $1 * $1 } * tasks / (tasks - 1) / (count * count) : 0
    return Point(
      predicted: rows.reduce(0) { $0 + $1.prediction } / count, realised: mean, standardError: variance.squareRoot(),
      count: rows.count)
  }
}
