/// A text decomposed once for the scanners: its scalars, their classes, and their UTF-8 offsets.
struct ScalarText {
  /// The character classes of the pre-tokenisers' patterns.
  enum Class: UInt8 {
    /// \p{L}
    case letter
    /// \p{N}
    case number
    case space
    /// Carriage return or line feed.
    case newline
    /// \s other than a space and a newline.
    case otherSpace
    case other

    var isSpace: Bool { self == .space || self == .newline || self == .otherSpace }
  }

  let scalars: [Unicode.Scalar]
  let classes: [Class]
  /// The UTF-8 offset of each scalar, followed by the length of the text.
  let offsets: [Int]
  let utf8: [UInt8]

  init(_ text: String) {
    utf8 = Array(text.utf8)
    var scalars: [Unicode.Scalar] = []
    var classes: [Class] = []
    var offsets: [Int] = []
    scalars.reserveCapacity(utf8.count)
    classes.reserveCapacity(utf8.count)
    offsets.reserveCapacity(utf8.count + 1)
    var offset = 0
    for scalar in text.unicodeScalars {
      scalars.append(scalar)
      classes.append(scalar.value < 128 ? ScalarText.ascii[Int(scalar.value)] : ScalarText.classify(scalar))
      offsets.append(offset)
      offset += UTF8.width(scalar)
    }
    offsets.append(offset)
    self.scalars = scalars
    self.classes = classes
    self.offsets = offsets
  }

  private static let ascii: [Class] = (0..<128).map { classify(Unicode.Scalar(UInt8($0))) }

  private static func classify(_ scalar: Unicode.Scalar) -> Class {
    switch scalar {
    case " ": return .space
    case "\n", "\r": return .newline
    default: break
    }
    let properties = scalar.properties
    switch properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: return .letter
    case .decimalNumber, .letterNumber, .otherNumber: return .number
    default: return properties.isWhitespace ? .otherSpace : .other
    }
  }
}
