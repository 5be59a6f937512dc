import ParticleFilter
import Steering

extension Plan {
  /// Whether all values are in range. A plan read from a damaged file may not be.
  public var isSound: Bool {
    Self.isSound(particles: particles, temperature: 1, resample: "none") && scale.isFinite
      && (methods ?? []).allSatisfy(\.isSound) && (choices + byTemperature).allSatisfy(\.isSound)
      && rows.allSatisfy(\.isSound)
  }

  fileprivate static func isSound(particles: Int, temperature: Double, resample: String) -> Bool {
    (1...SteeringSettings.mostParticles).contains(particles) && temperature > 0 && temperature.isFinite
      && Schedule(resample) != nil
  }
}

extension Plan.Row {
  fileprivate var isSound: Bool { Plan.isSound(particles: particles, temperature: temperature, resample: resample) }
}

extension Plan.Choice {
  fileprivate var isSound: Bool {
    Plan.isSound(particles: particles, temperature: temperature, resample: resample) && interval.count == 2
      && candidate.isSound
  }
}

extension Plan.MethodChoice {
  fileprivate var isSound: Bool {
    Method(rawValue: method) != nil && interval.count == 2 && calls >= 0 && calls.isFinite
      && forecasts.allSatisfy { Method(rawValue: $0.method) != nil }
  }
}
