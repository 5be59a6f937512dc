import Foundation

/// A range of numbers and the round ones in it to label.
struct Axis: Sendable {
  let low: Double
  let high: Double
  let ticks: [Double]
  /// Decimals of the labels.
  let digits: Int

  /// 0 to 1 where all values are, else from 0 or below to 0 or above, in round numbers. What no chart could show is left out.
  init(covering values: [Double]) {
    let sane = values.filter { abs($0) < 1e15 }
    let (least, most) = (min(sane.min() ?? 0, 0), max(sane.max() ?? 1, 0))
    // Rewards are sums of decimals, which need not be exact.
    if least > -1e-9, most < 1 + 1e-9 {
      self.init(low: 0, high: 1, step: 0.2)
    } else {
      self.init(from: least, to: most)
    }
  }

  /// - Precondition: a positive width.
  private init(from least: Double, to most: Double) {
    let step = Self.roundStep((most - least) / 5)
    // What is round but for its last digits needs no further step.
    let (lower, upper) = ((least / step + 1e-9).rounded(.down), (most / step - 1e-9).rounded(.up))
    self.init(low: lower * step, high: upper * step, step: step)
  }

  /// 0 to 1 where the values fill at least half of that, else as far as they go from 0, in round numbers.
  init(fitting values: [Double]) {
    let sane = values.filter { abs($0) < 1e15 }
    let (least, most) = (min(sane.min() ?? 0, 0), max(sane.max() ?? 0, 0))
    // Rewards are sums of decimals, which need not be exact.
    if most - least < 1e-12 || (least > -1e-9 && most >= 0.5 && most < 1 + 1e-9) {
      self.init(low: 0, high: 1, step: 0.2)
    } else {
      self.init(from: least, to: most)
    }
  }

  /// Steps from 0 to `steps`, labelled at whole numbers.
  init(steps: Int) {
    let step = max(Self.roundStep(Double(steps) / 12), 1)
    self.init(low: 0, high: Double(max(steps, 1)), step: step)
  }

  private init(low: Double, high: Double, step: Double) {
    self.low = low
    self.high = high
    // A millionth of a step more, since sums of steps are not exact.
    ticks = Array(stride(from: low, through: high + step * 1e-6, by: step))
    digits = max(0, Int((-log10(step) - 1e-9).rounded(.up)))
  }

  /// Where a value is, 0 to 1 inside the range.
  func share(of value: Double) -> Double { (value - low) / (high - low) }

  func label(_ tick: Double) -> String {
    digits == 0 && abs(tick) < 1e15 ? Format.count(Int(tick.rounded())) : Format.number(tick, digits: digits)
  }

  /// The least of 1, 2 and 5 times a power of ten that is no less.
  private static func roundStep(_ rough: Double) -> Double {
    guard rough > 0, rough.isFinite else { return 1 }
    let power = pow(10, log10(rough).rounded(.down))
    let factor = [1.0, 2, 5].first { $0 * power >= rough * (1 - 1e-9) } ?? 10
    return factor * power
  }
}
