import ParticleFilter
import Steering

/// Methods, each with every combination of the settings that it heeds.
///
/// ```swift
/// let variants = Variants(
///   methods: [.single, .bestOf, .amc], particles: [4, 8], temperatures: [0.03, 0.1], schedules: [.steps([1, 2])])
/// variants.settings(from: SteeringSettings()).count   // 1 + 2 + 4
/// ```
public struct Variants: Sendable, Hashable {
  public var methods: [Method]
  /// Values of N.
  public var particles: [Int]
  /// Values of β, in reward units.
  public var temperatures: [Double]
  public var schedules: [Schedule]

  public init(methods: [Method], particles: [Int], temperatures: [Double], schedules: [Schedule]) {
    self.methods = methods
    self.particles = particles
    self.temperatures = temperatures
    self.schedules = schedules
  }

  /// One method after the other, within it by N, schedule and β. Settings that come to the same stand once: single once,
  /// best-of once for each N, with the first β.
  ///
  /// - Parameter base: what all have in common.
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
            // Independent attempts are the same at every β; of amc's, only the weights differ.
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

  /// The places of `settings` in the order in which they are best run: the steered ones of an N before its independent ones,
  /// which are given what those took, and the largest N first, since fewer attempts are the first of more.
  public static func order(of settings: [SteeringSettings]) -> [Int] {
    settings.indices.sorted { a, b in
      let (x, y) = (settings[a], settings[b])
      if x.particles != y.particles { return x.particles > y.particles }
      return x.method.turn == y.method.turn ? a < b : x.method.turn.rawValue < y.method.turn.rawValue
    }
  }
}
