import Foundation

/// A range of numbers with its round tick labels.
struct Axis: Sendable {
  let low: Double
  let high: Double
  let ticks: [Double]
  /// Decimals of the labels.
  let digits: Int

  /// From 0 to 1 if all values are in that range; otherwise from 0 or below to 0 or above, in round numbers. Values too
  /// large for a chart are left out.
  init(covering values: [Double]) {
    let sane = values.filter { abs($0) < 1e15 }
    let (least, most) = (min(sane.min() ?? 0, 0), max(sane.max() ?? 1, 0))
    // Rewards are sums of decimals, so that the limits may be missed by rounding errors.
    if least > -1e-9, most < 1 + 1e-9 {
      self.init(low: 0, high: 1, step: 0.2)
    } else {
      self.init(from: least, to: most)
    }
  }

  /// - Precondition: a positive width.
  private init(from least: Double, to most: Double) {
    let step = Self.roundStep((most - least) / 5)
    // The tolerance avoids a further tick for rounding errors.
    let (lower, upper) = ((least / step + 1e-9).rounded(.down), (most / step - 1e-9).rounded(.up))
    self.init(low: lower * step, high: upper * step, step: step)
  }

  /// From 0 to 1 if the values fill at least half of it; otherwise from 0 to the furthest values, in round numbers.
  init(fitting values: [Double]) {
    let sane = values.filter { abs($0) < 1e15 }
    let (least, most) = (min(sane.min() ?? 0, 0), max(sane.max() ?? 0, 0))
    // Rewards are sums of decimals, so that the limits may be missed by rounding errors.
    if most - least < 1e-12 || (least > -1e-9 && most >= 0.5 && most < 1 + 1e-9) {
      self.init(low: 0, high: 1, step: 0.2)
    } else {
      self.init(from: least, to: most)
    }
  }

  /// From a round number below `least` to 1. Points, unlike bars, need no zero.
  init(sharesFrom least: Double) {
    let step = least > 0.5 ? 0.1 : 0.2
    self.init(low: max(0, ((least / step - 1e-9).rounded(.down)) * step), high: 1, step: step)
  }

  /// An axis of steps from 0 to `steps`, labelled at whole numbers.
  init(steps: Int) {
    let step = max(Self.roundStep(Double(steps) / 12), 1)
    self.init(low: 0, high: Double(max(steps, 1)), step: step)
  }

  private init(low: Double, high: Double, step: Double) {
    self.low = low
    self.high = high
    // The tolerance, a millionth of a step, keeps rounding errors from losing the last tick.
    ticks = Array(stride(from: low, through: high + step * 1e-6, by: step))
    digits = max(0, Int((-log10(step) - 1e-9).rounded(.up)))
  }

  /// The position of a value, from 0 to 1 inside the range.
  func share(of value: Double) -> Double { (value - low) / (high - low) }

  func label(_ tick: Double) -> String {
    digits == 0 && abs(tick) < 1e15 ? Format.count(Int(tick.rounded())) : Format.number(tick, digits: digits)
  }

  /// The smallest number of the form 1, 2 or 5 times a power of ten that is not below `rough`.
  private static func roundStep(_ rough: Double) -> Double {
    guard rough > 0, rough.isFinite else { return 1 }
    let power = pow(10, log10(rough).rounded(.down))
    let factor = [1.0, 2, 5].first { $0 * power >= rough * (1 - 1e-9) } ?? 10
    return factor * power
  }
}
