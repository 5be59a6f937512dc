/// What was predicted against what came, in groups of equal count: on the diagonal, predictions mean what they say.
package struct CalibrationCurve: Sendable, Hashable, Codable {
  package struct Point: Sendable, Hashable, Codable {
    /// The mean of the predictions.
    package let predicted: Double
    /// The mean of the outcomes.
    package let realised: Double
    /// Of the outcomes' mean, over tasks: outcomes of one task are no independent ones.
    package let standardError: Double
    package let count: Int
  }

  /// From the lowest predictions to the highest.
  package let points: [Point]

  /// - Parameters:
  ///   - rows: a task, a prediction and an outcome each.
  ///   - groups: how many points at most; equal predictions stay together.
  package init(_ rows: [(task: TaskID, prediction: Double, outcome: Double)], groups: Int = 10) {
    let sorted = rows.sorted { $0.prediction < $1.prediction }
    var points: [Point] = []
    var start = 0
    while start < sorted.count, groups > 0 {
      // The next border after which predictions differ.
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
    // A ratio of sums over tasks (Cochran, Sampling Techniques, §6): residuals are summed within a task first.
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
