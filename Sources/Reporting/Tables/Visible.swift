/// Text of a model or an environment as it may be shown: what would move the cursor, change colours, ring, hide or reorder
/// other text appears as a sign instead of acting.
///
/// ```swift
/// visible("\u{1B}[2Jdone\n")   // "␛[2Jdone␊"
/// ```
///
/// - Parameter keepingLayout: leaves line feeds and tabs as they are.
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

/// The sign Unicode has for a C0 control, delete included.
private func controlPicture(of scalar: Unicode.Scalar) -> Unicode.Scalar? {
  switch scalar.value {
  case 0...0x1F: Unicode.Scalar(0x2400 + scalar.value)
  case 0x7F: Unicode.Scalar(0x2421 as UInt32)
  default: nil
  }
}

/// Whether a scalar acts on the text around it, or is not there to see, or is no character at all.
private func isHidden(_ scalar: Unicode.Scalar) -> Bool {
  // Joiners make up emoji and Persian words, and do no harm.
  if scalar == "\u{200C}" || scalar == "\u{200D}" { return false }
  switch scalar.properties.generalCategory {
  case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate: return true
  default: return scalar.properties.isNoncharacterCodePoint
  }
}
