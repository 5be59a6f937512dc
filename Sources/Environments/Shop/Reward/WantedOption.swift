/// A value of an option that a customer wants.
struct WantedOption: Sendable, Hashable {
  /// The option's name in synthetic goals. nil in human goals, which want a value of any option.
  var name: String?
  let value: String

  /// The text that a chosen value is compared with.
  ///
  /// WebShop's synthetic goals hold pairs of a name and a value. Its colour rule leaves a pair unchanged unless the
  /// name or the value is a colour. Its word comparison then reads both texts, so that "size x-large" differs from
  /// "x-large".
  var compared: String {
    guard let name else { return colourNormalised(value) }
    return exactColour(name, value) ?? "(\(pythonText(name)), \(pythonText(value)))"
  }
}

extension WantedOption: ExpressibleByStringLiteral {
  init(stringLiteral value: String) { self.init(name: nil, value: value) }
}

/// A text as Python prints it in a list, as far as letters and digits are concerned. Unprintable characters are written
/// by their numbers.
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
