/// The generator of Python's `random`, with which WebShop orders its goals: MT19937 (Matsumoto and Nishimura, 1998). It
/// is seeded by an array of one number, and draws below a bound as Python does.
struct MersenneTwister {
  private var state = [UInt32](repeating: 0, count: 624)
  private var place = 624

  /// Equivalent to `random.seed(seed)`.
  init(seed: UInt32) {
    state[0] = 19_650_218
    for i in 1..<624 { state[i] = 1_812_433_253 &* (state[i - 1] ^ state[i - 1] >> 30) &+ UInt32(i) }
    var i = 1
    for _ in 0..<624 {
      state[i] = (state[i] ^ (state[i - 1] ^ state[i - 1] >> 30) &* 1_664_525) &+ seed
      advance(&i)
    }
    for _ in 0..<623 {
      state[i] = (state[i] ^ (state[i - 1] ^ state[i - 1] >> 30) &* 1_566_083_941) &- UInt32(i)
      advance(&i)
    }
    state[0] = 0x8000_0000
  }

  private mutating func advance(_ i: inout Int) {
    i += 1
    if i == 624 {
      state[0] = state[623]
      i = 1
    }
  }

  mutating func next() -> UInt32 {
    if place == 624 { twist() }
    var y = state[place]
    place += 1
    y ^= y >> 11
    y ^= y << 7 & 0x9d2c_5680
    y ^= y << 15 & 0xefc6_0000
    return y ^ y >> 18
  }

  private mutating func twist() {
    for i in 0..<624 {
      let y = state[i] & 0x8000_0000 | state[(i + 1) % 624] & 0x7fff_ffff
      state[i] = state[(i + 397) % 624] ^ y >> 1 ^ (y & 1 == 0 ? 0 : 0x9908_b0df)
    }
    place = 0
  }

  /// A number in 0 ..< bound, with `bound` in 1 ..< 2³².
  mutating func number(below bound: Int) -> Int {
    let bits = Int.bitWidth - bound.leadingZeroBitCount
    while true {
      let number = Int(next() >> UInt32(32 - bits))
      if number < bound { return number }
    }
  }

  /// Equivalent to `random.shuffle`.
  mutating func shuffle(_ numbers: inout [Int32]) {
    for i in stride(from: numbers.count - 1, to: 0, by: -1) { numbers.swapAt(i, number(below: i + 1)) }
  }

  /// Equivalent to `random.sample` of a population of at most 21.
  mutating func sample(_ count: Int, of population: [Double]) -> [Double] {
    var pool = population
    return (0..<count).map { drawn in
      let place = number(below: pool.count - drawn)
      defer { pool[place] = pool[pool.count - drawn - 1] }
      return pool[place]
    }
  }
}
