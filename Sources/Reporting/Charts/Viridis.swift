/// Viridis (van der Walt and Smith, 2015): perceptually uniform, also for colour-blind readers and in print.
enum Viridis {
  private static let anchors: [(Double, Double, Double)] = [
    (0x44, 0x01, 0x54), (0x48, 0x25, 0x76), (0x41, 0x44, 0x87), (0x35, 0x60, 0x8D), (0x2A, 0x78, 0x8E),
    (0x21, 0x90, 0x8C), (0x22, 0xA8, 0x84), (0x43, 0xBF, 0x71), (0x7A, 0xD1, 0x51), (0xBB, 0xDF, 0x27),
    (0xFD, 0xE7, 0x25),
  ]

  /// The number of distinct colours.
  static let levels = 12

  /// The colour level of a share of the range, 0 to 1.
  static func level(of share: Double) -> Int {
    guard share.isFinite else { return 0 }
    return min(max(Int(share * Double(levels)), 0), levels - 1)
  }

  /// Higher values contrast more with the background: dark in light mode, bright in dark mode. The end of the scale
  /// that would be invisible is left out.
  static func onLight(_ level: Int) -> String { colour(0.7 * (1 - share(level))) }
  static func onDark(_ level: Int) -> String { colour(0.35 + 0.65 * share(level)) }

  private static func share(_ level: Int) -> Double { Double(level) / Double(levels - 1) }

  private static func colour(_ position: Double) -> String {
    let scaled = min(max(position, 0), 1) * Double(anchors.count - 1)
    let lower = min(Int(scaled), anchors.count - 2)
    let (a, b, part) = (anchors[lower], anchors[lower + 1], scaled - Double(lower))
    func hex(_ from: Double, _ to: Double) -> String {
      let digits = String(Int((from + (to - from) * part).rounded()), radix: 16)
      return digits.count == 1 ? "0" + digits : digits
    }
    return "#" + hex(a.0, b.0) + hex(a.1, b.1) + hex(a.2, b.2)
  }
}
