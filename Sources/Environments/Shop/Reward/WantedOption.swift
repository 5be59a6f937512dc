/// A value of an option that a customer wants.
struct WantedOption: Sendable, Hashable {
  /// Of the option, in synthetic goals; nil in what people wrote, who want a value whatever its name.
  var name: String?
  let value: String

  /// What a chosen value is compared with.
  ///
  /// WebShop's synthetic goals have pairs of a name and a value, which its rule for colours takes as they are unless one of the
  /// two is a colour, and which its comparison of words reads as both: "size x-large" is another text than "x-large".
  var compared: String {
    guard let name else { return colourNormalised(value) }
    return exactColour(name, value) ?? "(\(pythonText(name)), \(pythonText(value)))"
  }
}

extension WantedOption: ExpressibleByStringLiteral {
  init(stringLiteral value: String) { self.init(name: nil, value: value) }
}

/// A text as Python writes it in a list, as far as its letters and digits: what cannot be printed is written by its number.
private func pythonText(_ text: String) -> String {
  let scalars = text.unicodeScalars.map { scalar -> String in
    switch scalar.properties.generalCategory {
    case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator: break
    case .spaceSeparator where scalar != " ": break
    default: return String(scalar)
    }
    let named: [Unicode.Scalar: String] = ["\t": "\\t", "\n": "\\n", "\r": "\\r"]
    if let name = named[scalar] { return name }
    let digits = String(scalar.value, radix: 16)
    let (letter, width) = scalar.value < 0x100 ? ("x", 2) : scalar.value < 0x10000 ? ("u", 4) : ("U", 8)
    return "\\" + letter + String(repeating: "0", count: max(0, width - digits.count)) + digits
  }
  return "'\(scalars.joined())'"
}
