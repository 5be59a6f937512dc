import Foundation

/// JSON as servers and programs write it, repaired before it is decoded.
///
/// Python's `json.dumps` writes a byte that it could not decode as a lone surrogate (`\udce9`). Other writers leave
/// control characters, invalid UTF-8 or a byte-order mark in. Such a text is sound except for that character, which
/// becomes U+FFFD; everything else is unchanged.
package enum OutsideJSON {
  /// Decodes a value.
  ///
  /// - Parameter nonFinite: reads Python's `NaN` and `Infinity` literals as numbers. Only for readers that treat a
  ///   number that is not finite as missing.
  package static func decode<T: Decodable>(
    _ type: T.Type, from data: Data, nonFinite: Bool = false
  ) throws -> T {
    let (mended, namesNonFinite) = mend(data)
    return try (nonFinite && namesNonFinite ? tolerant : strict).decode(type, from: mended)
  }

  // Shared, because creating a decoder takes as long as using it.
  private static let strict = JSONDecoder()
  private static let tolerant = {
    let decoder = JSONDecoder()
    decoder.allowsJSON5 = true
    return decoder
  }()

  package static func decode<T: Decodable>(_ type: T.Type, from text: String, nonFinite: Bool = false) throws -> T {
    try decode(type, from: Data(text.utf8), nonFinite: nonFinite)
  }

  /// The same JSON, with whatever a strict reader rejects in strings replaced.
  package static func mended(_ data: Data) -> Data { mend(data).data }

  static func mended(_ text: String) -> String { String(decoding: mended(Data(text.utf8)), as: UTF8.self) }

  /// - Returns: the repaired data, and whether `NaN` or `Infinity` occurs outside of strings.
  private static func mend(_ data: Data) -> (data: Data, namesNonFinite: Bool) {
    let found = data.withUnsafeBytes { Flaws(in: $0) }
    guard found.isBroken || !found.edits.isEmpty else { return (data, found.namesNonFinite) }
    let whole = found.isBroken ? Data(String(decoding: data, as: UTF8.self).utf8) : data
    // Repairing UTF-8 moves the offsets, so the flaws are located again.
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

  /// The parts of the bytes that a strict reader would reject.
  private struct Flaws {
    /// Replacements of `length` bytes each.
    var edits: [(start: Int, length: Int, text: String)] = []
    /// Whether the bytes are invalid UTF-8.
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
          // Outside of strings, only `NaN` and `Infinity` contain these letters.
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

    /// Records the escape at a place if it is a lone surrogate.
    ///
    /// - Returns: the length of the escape, or of the surrogate pair that it begins.
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

    /// The UTF-16 unit of the `\uXXXX` at a place, or nil if there is no such escape.
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
