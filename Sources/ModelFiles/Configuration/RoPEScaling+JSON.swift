import Foundation

extension ModelConfiguration.RoPEScaling {
  /// Reads `rope_scaling` or `rope_parameters`; nil without scaling.
  init?(_ fields: ModelFields?, positions: Int) throws(ModelFileError) {
    guard let fields else { return nil }
    let (newer, older) = (try fields.string("rope_type"), try fields.string("type"))
    guard let type = newer ?? older else { return nil }
    switch type {
    case "default": return nil
    case "linear": self = .linear(factor: try fields.positive("factor"))
    case "llama3":
      self = .llama3(
        factor: try fields.positive("factor"), low: try fields.positive("low_freq_factor"),
        high: try fields.positive("high_freq_factor"),
        originalPositions: try fields.integer(
          "original_max_position_embeddings", in: 1...ModelConfiguration.Limits.positions))
    default:
      throw fields.unsupported(
        "RoPE's scaling \(quoted(type)) (others than “default”, “linear” and “llama3”)")
    }
  }

  /// Recovers Llama 3's rule from its factors, which GGUF stores instead: one for each of headDimension / 2
  /// frequencies.
  ///
  /// A factor f is 1 for short wavelengths and F for long ones. Between them, 1/f = (1 − s)/F + s with s = (P/λ −
  /// low)/(high − low). For any value of low, s = (P'/λ − 1)/(high' − 1) with P' = P/low and high' = high/low is the
  /// same rule. So two points of the ramp determine the rule, and all other points must agree with it.
  ///
  /// - Returns: nil if all factors are 1 or no such rule yields them.
  init?(factors: [Float], base: Double) {
    let wavelengths = factors.indices.map { 2 * Double.pi * pow(base, Double($0) / Double(factors.count)) }
    let factors = factors.map(Double.init)
    guard let top = factors.max(), top > 1, top <= 1e4 else { return nil }
    let ramp = factors.indices.filter { factors[$0] > 1.0001 && factors[$0] < top * 0.9999 }
    guard let first = ramp.first, let last = ramp.last, first < last else { return nil }
    let share = { (index: Int) in (1 / factors[index] - 1 / top) / (1 - 1 / top) }
    let slope = (share(first) - share(last)) / (1 / wavelengths[first] - 1 / wavelengths[last])
    let offset = slope / wavelengths[first] - share(first)
    guard slope > 0, offset > 0, slope / offset < 1e9 else { return nil }
    let positions = slope / offset
    let high = ((1 + 1 / offset) * 1000).rounded() / 1000
    self = .llama3(factor: top, low: 1, high: high, originalPositions: max(Int(positions.rounded()), 1))
    for (wavelength, factor) in zip(wavelengths, factors) {
      let smooth = min(max((positions.rounded() / wavelength - 1) / (high - 1), 0), 1)
      guard abs((1 - smooth) / top + smooth - 1 / factor) < 1e-3 else { return nil }
    }
  }
}
