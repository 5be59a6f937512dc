import Foundation

enum Words {
  /// The words of a text: runs of letters, marks and digits of any script, lower-cased and canonically composed.
  ///
  /// In scripts without spaces a whole sentence would be one word. So each ideograph or kana is a word of its own, and
  /// pairs of neighbouring words capture longer words.
  static func split(_ text: String) -> [String] {
    var words: [String] = []
    var word = String.UnicodeScalarView()
    func close() {
      guard !word.isEmpty else { return }
      words.append(String(word))
      word = String.UnicodeScalarView()
    }
    var lowered = text.lowercased()
    if !lowered.utf8.allSatisfy({ $0 < 0x80 }) { lowered = lowered.precomposedStringWithCanonicalMapping }
    for scalar in lowered.unicodeScalars {
      switch kind(of: scalar) {
      case .part: word.append(scalar)
      case .whole:
        close()
        words.append(String(scalar))
      case .separator: close()
      }
    }
    close()
    return words
  }

  private enum Kind {
    case part, whole, separator
  }

  private static func kind(of scalar: Unicode.Scalar) -> Kind {
    switch scalar.value {
    case 0x30...0x39, 0x61...0x7a: return .part
    case 0..<0x80: return .separator
    // Hiragana and katakana.
    case 0x3041...0x3096, 0x30a1...0x30fa: return .whole
    default: break
    }
    if scalar.properties.isIdeographic { return .whole }
    switch scalar.properties.generalCategory {
    case .lowercaseLetter, .uppercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter,
      .nonspacingMark, .spacingMark, .enclosingMark, .decimalNumber, .letterNumber, .otherNumber:
      return .part
    default: return .separator
    }
  }
}

/// FNV-1a, 64 bits: a stable hash for columns and names, not for security.
struct FNV1a {
  private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

  mutating func add(byte: UInt8) { value = (value ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }

  /// Adds a text and a terminator that occurs in no UTF-8 text, so that different lists of texts never hash the same
  /// bytes.
  mutating func add(_ text: String) {
    for byte in text.utf8 { add(byte: byte) }
    add(byte: 0xff)
  }

  /// The bucket, with the high bits folded in, since FNV-1a mixes the low bits least.
  func bucket(of count: Int) -> Int { Int((value ^ (value >> 32)) % UInt64(count)) }

  /// 16 hexadecimal digits.
  var text: String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}
