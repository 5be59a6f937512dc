import ParticleFilter
import Steering

/// Methods, each with every combination of the settings that affect it.
///
/// ```swift
/// let variants = Variants(
///   methods: [.single, .bestOf, .amc], particles: [4, 8], temperatures: [0.03, 0.1], schedules: [.steps([1, 2])])
/// variants.settings(from: SteeringSettings()).count   // 1 + 2 + 4
/// ```
public struct Variants: Sendable, Hashable {
  /// The methods to compare, in the order of the result.
  public var methods: [Method]
  /// Values of N.
  public var particles: [Int]
  /// Values of β, in reward units.
  public var temperatures: [Double]
  /// The schedules of methods that resample; the others ignore them.
  public var schedules: [Schedule]

  /// Every method with every value that affects it. Each list needs at least one element.
  public init(methods: [Method], particles: [Int], temperatures: [Double], schedules: [Schedule]) {
    self.methods = methods
    self.particles = particles
    self.temperatures = temperatures
    self.schedules = schedules
  }

  /// One method after the other, within it by N, schedule and β. Equivalent settings occur once: single once, best-of
  /// once for each N, with the first β.
  ///
  /// - Parameter base: the settings that all have in common.
  public func settings(from base: SteeringSettings) -> [SteeringSettings] {
    var seen: Set<SteeringSettings> = []
    var all: [SteeringSettings] = []
    for method in methods {
      for count in particles {
        for schedule in schedules {
          for temperature in temperatures {
            var settings = base
            (settings.method, settings.particles) = (method, count)
            (settings.schedule, settings.temperature) = (schedule, temperature)
            settings = settings.effective
            // Independent attempts are the same at every β. For amc, β still changes the weights.
            if settings.schedule == .never && !method.samplesPosterior {
              settings.temperature = temperatures[0]
            }
            if seen.insert(settings).inserted { all.append(settings) }
          }
        }
      }
    }
    return all
  }

  /// The indices of `settings` in the order in which to run them: for each N the steered ones before the baselines,
  /// which then receive as many calls, and the largest N first, since its attempts include those of smaller N.
  public static func order(of settings: [SteeringSettings]) -> [Int] {
    settings.indices.sorted { a, b in
      let (x, y) = (settings[a], settings[b])
      if x.particles != y.particles { return x.particles > y.particles }
      return x.method.turn == y.method.turn ? a < b : x.method.turn.rawValue < y.method.turn.rawValue
    }
  }
}
