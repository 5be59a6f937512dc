import ParticleFilter

/// The settings that a plan simulates.
enum PlanGrid {
  /// The thresholds of adaptive schedules: a population is resampled if its effective sample size is below this share
  /// of N.
  static let thresholds = [0.25, 0.5, 0.75, 1]
  /// The largest number of checkpoint positions. Up to three of 8 positions give 92 combinations.
  private static let mostPlaces = 8

  /// The candidate schedules for episodes that mostly run at least `steps` steps: adaptive ones, every combination of
  /// one to three checkpoints at evenly spread positions before the last step, and checkpoints at all these positions.
  static func schedules(steps: Int) -> [Schedule] {
    let places = places(steps: steps)
    let choices = (1...3).flatMap { combinations(of: $0, from: places[...]) } + (places.count > 3 ? [places] : [])
    return thresholds.map { .effectiveSampleSize(below: $0) } + choices.map(Schedule.steps)
  }

  private static func places(steps: Int) -> [Int] {
    let last = max(steps - 1, 0)
    guard last > mostPlaces else { return Array(1..<(last + 1)) }
    return (1...mostPlaces).map { Int((Double($0 * last) / Double(mostPlaces)).rounded()) }
  }

  private static func combinations(of count: Int, from places: ArraySlice<Int>) -> [[Int]] {
    guard count > 0 else { return [[]] }
    return places.indices.flatMap { index in
      combinations(of: count - 1, from: places[(index + 1)...]).map { [places[index]] + $0 }
    }
  }

  /// Temperatures as fractions of the range of returns, and the configured one.
  static func temperatures(scale: Double, configured: Double) -> [Double] {
    let shares = [0.01, 0.03, 0.1, 0.3].map { ($0 * scale * 1e6).rounded() / 1e6 }
    return Set(shares + [configured]).filter { $0 > 0 }.sorted()
  }

  /// The numbers of particles to simulate, the configured one included.
  static func particles(configured: Int) -> [Int] { Set([2, 4, 8, 16, 32, configured]).filter { $0 > 1 }.sorted() }
}
