extension Seed {
  /// Maps a place to its image under a permutation of 0 ..< bound that this seed decides. Uses four Feistel rounds over
  /// the next power of four, repeated until the result is below the bound (Black and Rogaway, "Ciphers with arbitrary
  /// finite domains", 2002). Generated tasks get distinct numbers in every split, without a list of all numbers.
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
