/// A mean over tasks, with its standard error.
public struct MeanEstimate: Sendable, Hashable {
  /// NaN where there was nothing to take the mean of, which is written as null and printed as a dash.
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

  /// The mean of what is there; NaN where nothing is.
  ///
  /// - Parameter sample: one number per task; nil for a task that has none, which is left out.
  public init(present sample: [Double?]) {
    let present = sample.compactMap(\.self)
    guard !present.isEmpty else {
      self.init(mean: .nan, se: .nan)
      return
    }
    self.init(present)
  }

  /// The 95 % interval of a normal mean, mean ± 1.96·SE. With few tasks it is too narrow, since the SE is an estimate too.
  public var interval: Interval { Interval(low: mean - 1.96 * se, high: mean + 1.96 * se) }

  public struct Interval: Sendable, Hashable, Codable {
    public let low: Double
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
