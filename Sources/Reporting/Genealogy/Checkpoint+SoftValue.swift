import ParticleFilter

extension Checkpoint {
  /// The soft value V of the particle at `place`; nil if it is missing or not finite.
  func softValue(at place: Int) -> Double? {
    guard softValues.indices.contains(place), softValues[place].isFinite else { return nil }
    return softValues[place]
  }
}
