extension Seed {
  /// A permutation of 0 ..< bound that this seed decides: four Feistel rounds over the next even power of two, walked until the
  /// result is inside (Black and Rogaway, "Ciphers with arbitrary finite domains", 2002). Numbers generated tasks without a
  /// repetition, whatever splits they serve, and without listing them.
  ///
  /// - Precondition: `place` is in 0 ..< bound.
  package func permuted(_ place: Int, below bound: Int) -> Int {
    var half = 1
    while 1 << (2 * half) < bound { half += 1 }
    let mask = (1 << half) - 1
    let keys = (0..<4).map { split("permutation").split($0) }
    var value = place
    repeat {
      var (left, right) = (value >> half, value & mask)
      for key in keys {
        (left, right) = (right, left ^ (Int(truncatingIfNeeded: key.split(right).rawValue) & mask))
      }
      value = left << half | right
    } while value >= bound
    return value
  }
}
