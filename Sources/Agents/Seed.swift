/// A seed that is split by name, so that a random number depends on its purpose and not on the order of requests.
///
/// Splitting hashes the label into the seed with the finaliser of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
public struct Seed: Sendable, Hashable, Codable {
  /// The seed as a number, as `--seed` takes it.
  public let rawValue: UInt64

  /// The root of all randomness of a run. Any number will do.
  public init(_ rawValue: UInt64) { self.rawValue = rawValue }

  /// The seed of the part named `label`.
  public func split(_ label: String) -> Seed {
    // FNV-1a over the label's bytes.
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in label.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
    return Seed(SplitMix64.mix(SplitMix64.mix(rawValue) ^ hash))
  }

  /// The seed of the part of number `index`.
  public func split(_ index: Int) -> Seed {
    Seed(SplitMix64.mix(SplitMix64.mix(rawValue &+ 0x9e37_79b9_7f4a_7c15) ^ UInt64(bitPattern: Int64(index))))
  }

  /// A generator that starts from this seed. Every call returns the same one.
  public func generator() -> SplitMix64 { SplitMix64(state: rawValue) }
}

/// SplitMix64: a small, fast generator of 64-bit numbers for Monte Carlo. Not for cryptography.
public struct SplitMix64: RandomNumberGenerator, Sendable {
  private var state: UInt64

  init(state: UInt64) { self.state = state }

  /// The next 64 random bits.
  public mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    return Self.mix(state)
  }

  /// A number in [0, 1) with 53 random bits.
  public mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }

  /// A number in 0 ..< bound.
  public mutating func number(below bound: Int) -> Int {
    Int(next().multipliedFullWidth(by: UInt64(bound)).high)
  }

  /// Up to `count` elements in random order, without replacement (Fisher and Yates).
  ///
  /// Written out because the standard library does not promise the same shuffle in every release.
  public mutating func drawn<Element>(_ count: Int, from elements: [Element]) -> [Element] {
    var pool = elements
    let count = min(count, pool.count)
    for place in 0..<count {
      pool.swapAt(place, place + number(below: pool.count - place))
    }
    return Array(pool.prefix(count))
  }

  /// The finaliser: every bit of the result depends on all bits of the value.
  package static func mix(_ value: UInt64) -> UInt64 {
    var z = value
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}
