import Agents
import Testing

@Suite("A calibration curve") struct CalibrationCurveTests {
  @Test("has groups of equal count, with the standard error over tasks")
  func groups() throws {
    let rows: [(task: TaskID, prediction: Double, outcome: Double)] = [
      ("a", 0.1, 0), ("a", 0.2, 1), ("b", 0.3, 0), ("b", 0.2, 0), ("c", 0.8, 1), ("c", 0.7, 1), ("d", 0.9, 0),
      ("d", 0.6, 1),
    ]
    let points = CalibrationCurve(rows, groups: 2).points
    #expect(points.map(\.count) == [4, 4])
    #expect(zip(points.map(\.predicted), [0.2, 0.75]).allSatisfy { abs($0 - $1) < 1e-12 })
    #expect(points.map(\.realised) == [0.25, 0.75])
    // Residuals by task are ±0.5 in both: √(2 · 0.25 · 2/1)/4.
    for point in points { #expect(abs(point.standardError - 0.25) < 1e-12) }
  }

  @Test("keeps equal predictions together, and nothing is no curve")
  func ties() {
    let same = (0..<9).map { (task: TaskID("\($0)"), prediction: $0 < 8 ? 0.5 : 0.9, outcome: 1.0) }
    #expect(CalibrationCurve(same, groups: 3).points.map(\.count) == [8, 1])
    #expect(CalibrationCurve([]).points.isEmpty)
    #expect(CalibrationCurve([("a", 0.5, 1)]).points.map(\.standardError) == [0])
  }
}
