/// The steps at which particles are weighed, and when they are then resampled.
public enum Schedule: Sendable, Hashable, Codable {
  /// Never before the end: best-of-N.
  case never
  /// After each of these steps, counted from 1, resample.
  case steps([Int])
  /// Weigh every `every` steps, and resample if the effective sample size is below this share of the particles.
  case effectiveSampleSize(below: Double, every: Int = 1)

  /// The next step after `step` at which particles are weighed; nil if there is none.
  public func nextCheckpoint(after step: Int) -> Int? {
    switch self {
    case .never: nil
    case .steps(let steps): steps.filter { $0 > step }.min()
    case .effectiveSampleSize(_, let every): (step / max(every, 1) + 1) * max(every, 1)
    }
  }

  /// Whether particles of these weights are resampled at a checkpoint. Equal weights never are.
  public func resamples(_ weights: LogWeights) -> Bool {
    guard !weights.areEqual else { return false }
    switch self {
    case .never: return false
    case .steps: return true
    case .effectiveSampleSize(let share, _): return weights.effectiveSampleSize < share * Double(weights.count)
    }
  }

  /// Why this schedule does not fit episodes of at most `stepLimit` steps, in words; nil if it fits.
  public func problem(stepLimit: Int) -> String? {
    switch self {
    case .never: return nil
    case .steps(let steps):
      guard let first = steps.min(), let last = steps.max() else {
        return "names no step; to never resample, write none"
      }
      if first < 1 { return "names step \(first); steps count from 1" }
      if last > stepLimit { return "names step \(last), past the last step: an episode has at most \(stepLimit) steps" }
      return nil
    case .effectiveSampleSize(let share, let every):
      if !(share > 0 && share <= 1) {
        return "has the threshold \(share); it must be a share of the particles, above 0 and at most 1"
      }
      return every >= 1 ? nil : "weighs every \(every) steps; at least 1 is required"
    }
  }
}

extension Schedule: CustomStringConvertible {
  /// As the command line takes it: `none`, `steps:4,8`, `ess:0.5`.
  public var description: String {
    switch self {
    case .never: "none"
    case .steps(let steps): "steps:" + steps.map(String.init).joined(separator: ",")
    case .effectiveSampleSize(let share, 1): "ess:\(share)"
    case .effectiveSampleSize(let share, let every): "ess:\(share)/\(every)"
    }
  }

  /// Reads the format of ``description``; nil if `text` is not a schedule.
  public init?(_ text: String) {
    if text == "none" {
      self = .never
      return
    }
    let parts = text.split(separator: ":", maxSplits: 1).map(String.init)
    guard parts.count == 2 else { return nil }
    switch parts[0] {
    case "steps":
      let steps = parts[1].split(separator: ",").map { Int($0.filter { $0 != " " }) }
      guard !steps.isEmpty, !steps.contains(nil) else { return nil }
      self = .steps(Array(Set(steps.compactMap(\.self))).sorted())
    case "ess":
      let numbers = parts[1].split(separator: "/").map(String.init)
      guard let first = numbers.first, let share = Double(first), numbers.count <= 2 else { return nil }
      guard numbers.count == 2 else {
        self = .effectiveSampleSize(below: share)
        return
      }
      guard let every = Int(numbers[1]) else { return nil }
      self = .effectiveSampleSize(below: share, every: every)
    default: return nil
    }
  }
}
