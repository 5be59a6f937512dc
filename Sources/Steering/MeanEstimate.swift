/// A mean over tasks, with its standard error.
public struct MeanEstimate: Sendable, Hashable, Codable {
  public let mean: Double
  /// The sample's standard deviation over √n; 0 for a single task, of which it cannot be told.
  public let se: Double

  public init(mean: Double, se: Double) {
    self.mean = mean
    self.se = se
  }

  /// - Parameter sample: one number per task; an empty one has the mean 0.
  public init(_ sample: [Double]) {
    let count = Double(max(sample.count, 1))
    let mean = sample.reduce(0, +) / count
    self.mean = mean
    guard sample.count > 1 else {
      se = 0
      return
    }
    let squares = sample.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    se = (squares / (count - 1) / count).squareRoot()
  }

  /// The 95 % interval of a normal mean, mean ± 1.96·SE. With few tasks it is too narrow, since the SE is an estimate too.
  public var interval: Interval { Interval(low: mean - 1.96 * se, high: mean + 1.96 * se) }

  public struct Interval: Sendable, Hashable, Codable {
    public let low: Double
    public let high: Double
  }
}
