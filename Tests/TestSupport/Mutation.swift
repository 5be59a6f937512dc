import Foundation

/// Random changes of an input, like damage or an attack: flipped bits, changed bytes, removed and repeated pieces,
/// absurd numbers, words of the format in wrong places, and pieces of other inputs.
public struct Mutation {
  private var state: UInt64
  private let words: [[UInt8]]

  /// Texts that many readers misread.
  private static let words = [
    "null", "true", "-1", "0", "1e999", "-1e999", "1e-999", "9223372036854775807", "9223372036854775808", "1000000000",
    "0.1", "NaN", "-Infinity", "\"\"", "[]", "{}", "[", "]", "{", "}", ",", ":", "\"", "\\", "'", "\\udce9", "\\ud83d",
    "\\u0000", "é", "e\u{301}", "\u{1F469}\u{200D}\u{1F52C}", "\u{FEFF}", "\u{2028}", "\n", "\r\n", "\t", " ", "\u{0}",
    "-",
    "<think>", "</think>", "<<", "&a", "*a", "!!binary", "|", ">", "#", "%",
  ].map { Array($0.utf8) }
  private static let bytes: [UInt8] = [
    0, 1, 9, 10, 13, 32, 34, 39, 44, 48, 57, 58, 91, 92, 93, 123, 125, 127, 128, 192, 255,
  ]

  /// - Parameters:
  ///   - seed: The same seed gives the same mutations.
  ///   - words: Words of the reader's format.
  public init(seed: UInt64, words: [String] = []) {
    state = seed
    self.words = Self.words + words.map { Array($0.utf8) }
  }

  /// Applies a few changes in sequence.
  ///
  /// - Parameter others: Inputs that pieces are copied from.
  public mutating func mutated(_ data: Data, others: [Data]) -> Data {
    var bytes = Array(data)
    for _ in 0...number(below: 4) {
      mutate(&bytes, others: others)
      if bytes.isEmpty { break }
    }
    return Data(bytes)
  }

  private mutating func mutate(_ bytes: inout [UInt8], others: [Data]) {
    let place = number(below: bytes.count + 1)
    let inside = min(place, max(bytes.count - 1, 0))
    switch number(below: 11) {
    case 0 where !bytes.isEmpty: bytes[inside] ^= 1 << UInt8(number(below: 8))
    case 1 where !bytes.isEmpty: bytes[inside] = Self.bytes[number(below: Self.bytes.count)]
    case 2 where !bytes.isEmpty: bytes.removeSubrange(piece(of: bytes, from: inside))
    case 3 where !bytes.isEmpty: bytes.insert(contentsOf: Array(bytes[piece(of: bytes, from: inside)]), at: place)
    case 4 where !others.isEmpty:
      let other = Array(others[number(below: others.count)])
      if !other.isEmpty {
        bytes.insert(contentsOf: other[piece(of: other, from: number(below: other.count))], at: place)
      }
    case 5: bytes.removeSubrange(place...)
    case 6, 7: replaceNumber(&bytes, from: inside)
    case 8 where number(below: 8) == 0 && !bytes.isEmpty:
      let piece = Array(bytes[inside..<min(inside + 1 + number(below: 6), bytes.count)])
      bytes.insert(contentsOf: repeatElement(piece, count: 20_000 / piece.count).joined(), at: place)
    default: bytes.insert(contentsOf: words[number(below: words.count)], at: place)
    }
  }

  /// A piece of a few bytes, sometimes of many.
  private mutating func piece(of bytes: [UInt8], from place: Int) -> Range<Int> {
    place..<min(place + 1 + number(below: number(below: 4) == 0 ? 400 : 12), bytes.count)
  }

  /// Replaces the next number after a position by a word.
  private mutating func replaceNumber(_ bytes: inout [UInt8], from place: Int) {
    let isDigit: (UInt8) -> Bool = { (48...57).contains($0) }
    guard let start = bytes[place...].firstIndex(where: isDigit) else { return }
    let end = bytes[start...].firstIndex { !isDigit($0) } ?? bytes.endIndex
    bytes.replaceSubrange(start..<end, with: words[number(below: words.count)])
  }

  private mutating func number(below bound: Int) -> Int {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return Int((z ^ (z >> 31)) % UInt64(max(bound, 1)))
  }
}
