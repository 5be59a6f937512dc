/// A mean over tasks, with its standard error.
public struct MeanEstimate: Sendable, Hashable {
  /// The mean over tasks; NaN for an empty sample (see ``init(present:)``), which is written as null and printed as a
  /// dash.
  public let mean: Double
  /// The standard error, the sample's standard deviation over √n; 0 for a single task, where it is unknown.
  public let se: Double

  /// An estimate computed elsewhere, such as a ratio with its own standard error.
  public init(mean: Double, se: Double) {
    self.mean = mean
    self.se = se
  }

  /// - Parameter sample: one value for each task; an empty sample has the mean 0.
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

  /// The mean over the tasks that have a value; NaN if none has.
  ///
  /// - Parameter sample: one value for each task; nil for a task without one, which is left out.
  public init(present sample: [Double?]) {
    let present = sample.compactMap(\.self)
    guard !present.isEmpty else {
      self.init(mean: .nan, se: .nan)
      return
    }
    self.init(present)
  }

  /// The 95 % interval of a normal mean, mean ± 1.96·SE. With few tasks it is too narrow, since the SE is an estimate
  /// too.
  public var interval: Interval { Interval(low: mean - 1.96 * se, high: mean + 1.96 * se) }

  /// A 95 % confidence interval, in the unit of the estimate.
  public struct Interval: Sendable, Hashable, Codable {
    /// mean − 1.96·SE.
    public let low: Double
    /// mean + 1.96·SE.
    public let high: Double
  }
}

extension MeanEstimate: Codable {
  private enum CodingKeys: CodingKey { case mean, se }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      mean: try container.decode(Double?.self, forKey: .mean) ?? .nan,
      se: try container.decode(Double?.self, forKey: .se) ?? .nan)
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(mean.isFinite ? mean : nil, forKey: .mean)
    try container.encode(se.isFinite ? se : nil, forKey: .se)
  }
}
