import Agents

/// A number that stands for a value: equal values have equal digests, and two different ones have the same with a
/// probability of about 2⁻¹²⁸. It is the same in every run.
///
/// Digests of the elements of a set are added, so that their order does not matter.
struct Digest128: Hashable, Sendable {
  private var high: UInt64 = 0
  private var low: UInt64 = 0

  /// The digest of an empty set.
  init() {}

  /// The digest of numbers in order.
  init(_ numbers: UInt64...) {
    (high, low) = (0x243F_6A88_85A3_08D3, 0x1319_8A2E_0370_7344)
    for number in numbers { mix(number) }
  }

  /// The digest of a number and of what another digest stands for.
  init(_ number: UInt64, _ other: Digest128) {
    self.init(number, other.high, other.low)
  }

  mutating func add(_ other: Digest128) { (high, low) = (high &+ other.high, low &+ other.low) }

  mutating func subtract(_ other: Digest128) { (high, low) = (high &- other.high, low &- other.low) }

  private mutating func mix(_ number: UInt64) {
    high = SplitMix64.mix(high ^ number) &+ low
    low = SplitMix64.mix(low &+ number &+ 0x9E37_79B9_7F4A_7C15) ^ (high &>> 29 | high &<< 35)
  }
}
