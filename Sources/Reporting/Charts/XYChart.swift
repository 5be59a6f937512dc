import Foundation

/// A chart of one number against another, for example of rewards against particles or cost, or of realised against
/// predicted values.
package struct XYChart: Sendable {
  /// A mean with one standard error, both in the unit of the vertical axis.
  package struct Point: Sendable, Hashable {
    package let x: Double
    package let mean: Double
    /// 0 if there is no standard error.
    package let se: Double

    package init(x: Double, mean: Double, se: Double = 0) {
      self.x = x
      self.mean = mean
      self.se = se
    }
  }

  package struct Series: Sendable, Hashable {
    package let name: String
    package let points: [Point]
    /// Whether the points are joined in order of x.
    package let isLine: Bool

    package init(name: String, points: [Point], isLine: Bool = true) {
      self.name = name
      self.points = points
      self.isLine = isLine
    }
  }

  package enum Scale: Sendable, Hashable {
    case linear
    /// Logarithmic, labelled at powers of two. Points with x ≤ 0 are left out.
    case log2
  }

  package let title: String
  /// The title of the horizontal axis, with its unit.
  package let xTitle: String
  /// The title of the vertical axis, with its unit.
  package let yTitle: String
  package let series: [Series]
  package let scale: Scale
  /// Draws y = x and uses one range for both axes. Not for logarithmic scales.
  package let hasDiagonal: Bool

  package init(
    title: String, xTitle: String, yTitle: String, series: [Series], scale: Scale = .linear, hasDiagonal: Bool = false
  ) {
    self.title = title
    self.xTitle = xTitle
    self.yTitle = yTitle
    self.series = series
    self.scale = scale
    self.hasDiagonal = hasDiagonal && scale == .linear
  }

  /// A standalone SVG, 720 wide, for light and dark pages. Values that are not finite are left out.
  package var svg: String { XYDrawing(self).svg }
}

/// The horizontal axis.
enum XScale: Sendable {
  case linear(Axis)
  /// Exponents of the first and the last power of two.
  case powers(ClosedRange<Int>)

  init(_ values: [Double], _ scale: XYChart.Scale) {
    switch scale {
    case .linear: self = .linear(Axis(fitting: values))
    case .log2:
      let exponents = values.map { $0.exponent }
      let (low, high) = (exponents.min() ?? 0, exponents.max() ?? 0)
      let isExact = values.allSatisfy { $0.exponent < high || $0.significand == 1 }
      self = .powers(Int(low)...max(Int(high) + (isExact ? 0 : 1), Int(low) + 1))
    }
  }

  /// The position of a value, from 0 to 1 inside the range.
  func share(of value: Double) -> Double {
    switch self {
    case .linear(let axis): axis.share(of: value)
    case .powers(let range):
      (Self.logarithm(value) - Double(range.lowerBound)) / Double(range.upperBound - range.lowerBound)
    }
  }

  /// The tick labels and their positions, from 0 to 1.
  var ticks: [(share: Double, label: String)] {
    switch self {
    case .linear(let axis): return axis.ticks.map { (axis.share(of: $0), axis.label($0)) }
    case .powers(let range):
      let step = max(1, (range.count + 11) / 12)
      return stride(from: range.lowerBound, through: range.upperBound, by: step).map { power in
        let value = Double(sign: .plus, exponent: power, significand: 1)
        let label = value >= 1 && value < 1e15 ? Format.count(Int(value)) : power < 0 ? "2^−\(-power)" : "2^\(power)"
        return (Double(power - range.lowerBound) / Double(range.upperBound - range.lowerBound), label)
      }
    }
  }

  /// Exact at powers of two.
  private static func logarithm(_ value: Double) -> Double {
    Double(value.exponent) + (value.significand == 1 ? 0 : log2(value.significand))
  }
}
