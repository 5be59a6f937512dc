/// Makes text of a model or an environment safe to show. Characters that would move the cursor, change colours, ring
/// the bell, or hide or reorder other text are replaced by visible signs.
///
/// ```swift
/// visible("\u{1B}[2Jdone\n")   // "␛[2Jdone␊"
/// ```
///
/// - Parameter keepingLayout: leaves line feeds and tabs unchanged.
package func visible(_ text: String, keepingLayout: Bool = false) -> String {
  var result = String.UnicodeScalarView()
  for scalar in text.unicodeScalars {
    if keepingLayout, scalar == "\n" || scalar == "\t" {
      result.append(scalar)
    } else if let picture = controlPicture(of: scalar) {
      result.append(picture)
    } else if isHidden(scalar) {
      let digits = String(scalar.value, radix: 16, uppercase: true)
      result.append(contentsOf: "\\u{\(digits)}".unicodeScalars)
    } else {
      result.append(scalar)
    }
  }
  return String(result)
}

/// The Unicode control picture of a C0 control or of delete.
private func controlPicture(of scalar: Unicode.Scalar) -> Unicode.Scalar? {
  switch scalar.value {
  case 0...0x1F: Unicode.Scalar(0x2400 + scalar.value)
  case 0x7F: Unicode.Scalar(0x2421 as UInt32)
  default: nil
  }
}

/// Whether a scalar affects the text around it, is invisible, or is not a character.
private func isHidden(_ scalar: Unicode.Scalar) -> Bool {
  // Joiners are harmless and needed for emoji and Persian.
  if scalar == "\u{200C}" || scalar == "\u{200D}" { return false }
  switch scalar.properties.generalCategory {
  case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate: return true
  default: return scalar.properties.isNoncharacterCodePoint
  }
}
