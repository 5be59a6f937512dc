/// A bound of numbers, with all its digits.
struct NumberBound {
  /// What the bound allows, named as the keyword.
  enum Side: String, CaseIterable {
    case minimum, maximum, exclusiveMinimum, exclusiveMaximum

    /// - Parameter order: The sign of the number minus the bound.
    func allows(_ order: Int) -> Bool {
      switch self {
      case .minimum: order >= 0
      case .maximum: order <= 0
      case .exclusiveMinimum: order > 0
      case .exclusiveMaximum: order < 0
      }
    }
  }

  /// The largest number of digits before or after the point.
  static let mostDigits = 400

  let side: Side
  /// False for zero.
  let isNegative: Bool
  /// The digits before the point, without leading zeros; one zero if there are none.
  fileprivate let whole: [UInt8]
  /// The digits after the point, without trailing zeros.
  fileprivate let fraction: [UInt8]

  /// - Parameter text: A JSON number. Nil if it has too many digits.
  init?(_ text: String, _ side: Side) {
    let parts = text.split { $0 == "e" || $0 == "E" }
    let digits = parts.first?.split(separator: ".", omittingEmptySubsequences: false) ?? []
    guard let exponent = parts.count > 1 ? Int(parts[1]) : 0, exponent.magnitude <= Self.mostDigits, !digits.isEmpty
    else { return nil }
    var whole = digits[0].utf8.filter { $0 != UInt8(ascii: "-") }.map { $0 - UInt8(ascii: "0") }
    var fraction = digits.count > 1 ? digits[1].utf8.map { $0 - UInt8(ascii: "0") } : []
    guard whole.count + fraction.count <= Self.mostDigits else { return nil }
    for _ in 0..<max(exponent, 0) { whole.append(fraction.isEmpty ? 0 : fraction.removeFirst()) }
    for _ in 0..<max(-exponent, 0) { fraction.insert(whole.popLast() ?? 0, at: 0) }
    whole = Array(whole.drop { $0 == 0 })
    while fraction.last == 0 { fraction.removeLast() }
    isNegative = text.hasPrefix("-") && !(whole.isEmpty && fraction.isEmpty)
    self.whole = whole.isEmpty ? [0] : whole
    (self.fraction, self.side) = (fraction, side)
  }

  /// The comparison of a number with the bound, both without their signs, while the number's digits are read.
  struct Comparison: Hashable {
    private var order = 0
    private var isDecided = false
    private var isFraction = false
    /// The number of digits that were read before the point, or after it.
    private var count = 0

    mutating func read(_ digit: UInt8, _ bound: NumberBound) {
      guard !isDecided else { return }
      if isFraction {
        compare(digit, count < bound.fraction.count ? bound.fraction[count] : 0)
        // Digits beyond the bound's can only make the number larger.
        count = min(count + 1, bound.fraction.count)
        if order != 0 { decide(order) }
      } else {
        if order == 0, count < bound.whole.count { compare(digit, bound.whole[count]) }
        count += 1
        if count > bound.whole.count { decide(1) }
      }
    }

    mutating func point(_ bound: NumberBound) {
      guard !isDecided else { return }
      if count < bound.whole.count { decide(-1) } else if order != 0 { decide(order) }
      if !isDecided { (isFraction, count) = (true, 0) }
    }

    /// The sign of the number minus the bound.
    func order(_ bound: NumberBound) -> Int {
      var whole = self
      if !isFraction { whole.point(bound) }
      return whole.isDecided ? whole.order : whole.count < bound.fraction.count ? -1 : 0
    }

    private mutating func compare(_ digit: UInt8, _ other: UInt8) {
      order = digit < other ? -1 : digit > other ? 1 : 0
    }

    private mutating func decide(_ order: Int) {
      self = Comparison()
      (self.order, isDecided) = (order, true)
    }
  }
}
