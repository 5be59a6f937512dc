import ParticleFilter

extension Checkpoint {
  /// V of the particle at a place, or nil where there is no number.
  func softValue(at place: Int) -> Double? {
    guard softValues.indices.contains(place), softValues[place].isFinite else { return nil }
    return softValues[place]
  }
}
