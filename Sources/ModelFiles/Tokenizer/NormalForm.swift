import Foundation

/// Unicode's normalisation form C.
enum NormalForm {
  /// Marks on one letter that are put in order together. Foundation takes a time that grows with their number squared,
  /// and no text has more than a few (Unicode's stream-safe format allows 30): of longer runs, each part is normalised.
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

  /// Taken apart first, as the form is defined: Swift 6.3 leaves a syllable of Hangul and a final consonant that follows
  /// it apart where it is given them so.
  private static func normalised(_ text: Substring) -> String {
    text.decomposedStringWithCanonicalMapping.precomposedStringWithCanonicalMapping
  }
}
