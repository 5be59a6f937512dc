import Foundation

/// JSON as servers and programs write it, read in one place.
///
/// Python's `json.dumps` writes a byte it could not decode as a lone surrogate (`\udce9`), and other writers leave control
/// characters, broken UTF-8 or a byte-order mark in. A text with one of these in it is sound apart from that character, which
/// becomes U+FFFD; everything else stays as it is.
package enum OutsideJSON {
  /// Decodes a value.
  ///
  /// - Parameter nonFinite: reads Python's `NaN` and `Infinity` literals as the numbers they name. Only for readers that
  ///   take a number that is not finite for a missing one.
  package static func decode<T: Decodable>(
    _ type: T.Type, from data: Data, nonFinite: Bool = false
  ) throws -> T {
    let (mended, namesNonFinite) = mend(data)
    return try (nonFinite && namesNonFinite ? tolerant : strict).decode(type, from: mended)
  }

  // Making a decoder takes as long as using it.
  private static let strict = JSONDecoder()
  private static let tolerant = {
    let decoder = JSONDecoder()
    decoder.allowsJSON5 = true
    return decoder
  }()

  package static func decode<T: Decodable>(_ type: T.Type, from text: String, nonFinite: Bool = false) throws -> T {
    try decode(type, from: Data(text.utf8), nonFinite: nonFinite)
  }

  /// The same JSON without what a strict reader refuses in texts.
  package static func mended(_ data: Data) -> Data { mend(data).data }

  /// - Returns: also whether `NaN` or `Infinity` stands outside of texts.
  private static func mend(_ data: Data) -> (data: Data, namesNonFinite: Bool) {
    let found = data.withUnsafeBytes { Flaws(in: $0) }
    guard found.isBroken || !found.edits.isEmpty else { return (data, found.namesNonFinite) }
    let whole = found.isBroken ? Data(String(decoding: data, as: UTF8.self).utf8) : data
    // Repaired bytes have other places.
    let edits = found.isBroken ? whole.withUnsafeBytes { Flaws(in: $0).edits } : found.edits
    var mended = Data(capacity: whole.count + 8 * edits.count)
    var start = whole.startIndex
    for edit in edits {
      let place = whole.startIndex + edit.start
      mended += whole[start..<place]
      mended += Data(edit.text.utf8)
      start = place + edit.length
    }
    mended += whole[start...]
    return (mended, found.namesNonFinite)
  }

  /// What a strict reader would refuse.
  private struct Flaws {
    /// `length` bytes to be replaced.
    var edits: [(start: Int, length: Int, text: String)] = []
    /// The bytes are no UTF-8.
    var isBroken = false
    var namesNonFinite = false

    init(in bytes: UnsafeRawBufferPointer) {
      var place = 0
      if bytes.starts(with: [0xEF, 0xBB, 0xBF]) {
        edits.append((0, 3, ""))
        place = 3
      }
      var isInText = false
      var hasHighBytes = false
      while place < bytes.count {
        let byte = bytes[place]
        if byte >= 0x80 { hasHighBytes = true }
        guard isInText else {
          if byte == UInt8(ascii: "\"") { isInText = true }
          // No other word of JSON has these letters.
          if byte == UInt8(ascii: "N") || byte == UInt8(ascii: "I") { namesNonFinite = true }
          place += 1
          continue
        }
        switch byte {
        case UInt8(ascii: "\""):
          isInText = false
          place += 1
        case UInt8(ascii: "\\"): place += escape(at: place, in: bytes)
        case ..<0x20:
          edits.append((place, 1, String(format: "\\u%04x", Int(byte))))
          place += 1
        default: place += 1
        }
      }
      if hasHighBytes { isBroken = String(validating: bytes, as: UTF8.self) == nil }
    }

    /// Notes a lone surrogate.
    /// - Returns: the length of the escape, or of the pair that it begins.
    private mutating func escape(at place: Int, in bytes: UnsafeRawBufferPointer) -> Int {
      guard let unit = Self.unit(at: place, in: bytes) else { return 2 }
      switch unit {
      case 0xD800..<0xDC00:
        if let next = Self.unit(at: place + 6, in: bytes), (0xDC00..<0xE000).contains(next) { return 12 }
      case 0xDC00..<0xE000: break
      default: return 6
      }
      edits.append((place, 6, "\\ufffd"))
      return 6
    }

    /// The UTF-16 unit that `\uXXXX` at a place names, or nil where there is none.
    private static func unit(at place: Int, in bytes: UnsafeRawBufferPointer) -> UInt32? {
      guard place + 6 <= bytes.count, bytes[place] == UInt8(ascii: "\\"), bytes[place + 1] == UInt8(ascii: "u") else {
        return nil
      }
      var unit: UInt32 = 0
      for offset in 2..<6 {
        guard let digit = Character(Unicode.Scalar(bytes[place + offset])).hexDigitValue else { return nil }
        unit = unit << 4 | UInt32(digit)
      }
      return unit
    }
  }
}
