import Foundation

/// Unicode's normalisation form C.
enum NormalForm {
  /// The most combining marks that are normalised together. Foundation's time grows with the square of their number,
  /// and real texts have few (Unicode's stream-safe format allows 30). Longer runs are normalised in parts.
  private static let mostMarks = 512

  static func composed(_ text: String) -> String {
    if text.utf8.allSatisfy({ $0 < 0x80 }) { return text }
    var composed = ""
    var start = text.startIndex
    var marks = 0
    for (index, scalar) in zip(text.unicodeScalars.indices, text.unicodeScalars) {
      marks = scalar.properties.canonicalCombiningClass == .notReordered ? 0 : marks + 1
      if marks > mostMarks {
        composed.unicodeScalars += normalised(text[start..<index]).unicodeScalars
        start = index
        marks = 1
      }
    }
    return start == text.startIndex ? normalised(text[...]) : composed + normalised(text[start...])
  }

  /// Decomposes before composing, as the form is defined. Without this, Swift 6.3 does not compose a Hangul syllable
  /// with a final consonant that follows it.
  private static func normalised(_ text: Substring) -> String {
    text.decomposedStringWithCanonicalMapping.precomposedStringWithCanonicalMapping
  }
}
