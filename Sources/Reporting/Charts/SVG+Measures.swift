import Foundation

extension SVG {
  /// The text on one line, cut to approximately this width in pixels.
  static func fitted(_ text: String, width: Double, fontSize: Double) -> String {
    let line = visible(text.split(whereSeparator: \.isWhitespace).joined(separator: " "))
    var room = width / fontSize
    var end = line.startIndex
    while end < line.endIndex {
      room -= advance(of: line[end])
      if room < 0 { return line[..<end].dropLast().trimmingCharacters(in: .whitespaces) + "…" }
      end = line.index(after: end)
    }
    return line
  }

  /// The approximate width of a text in pixels.
  static func width(of text: String, fontSize: Double) -> Double {
    text.reduce(0) { $0 + advance(of: $1) } * fontSize
  }

  /// In ems, for a wide sans-serif font, since the reader's font is unknown.
  private static func advance(of character: Character) -> Double {
    if " iljtfr.,:;'|!()[]".contains(character) { return 0.37 }
    if character.isASCII { return character.isUppercase || "mw@%".contains(character) ? 0.75 : 0.62 }
    return character.unicodeScalars.first.map { $0.value < 0x1100 } == true ? 0.65 : 1.05
  }
}
