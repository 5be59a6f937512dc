import Foundation

/// A JSON number with all its digits.
///
/// A world's state may hold integers of any length (numpy's generator has 128 bits) and decimals that no `Double`
/// represents. The text is therefore kept and converted on request. Two numbers are equal if their values are, however
/// they are written: 1, 1.0 and 10e-1.
public struct JSONNumber: Sendable {
  /// A JSON number, or `NaN`, `Infinity` or `-Infinity`, as Python writes them.
  public let text: String

  /// An integer, exactly.
  public init(_ value: Int) { text = String(value) }

  /// The shortest text that reads back as the value; with a decimal point or an exponent.
  public init(_ value: Double) {
    text = value.isNaN ? "NaN" : value.isInfinite ? (value < 0 ? "-Infinity" : "Infinity") : "\(value)"
  }

  /// Nil if the text is not a JSON number (RFC 8259, section 6).
  public init?(_ text: some StringProtocol) {
    guard Self.isNumber(text.utf8) else { return nil }
    self.text = String(text)
  }

  /// Skips validation: the text must be a valid number.
  init(verified text: String) { self.text = text }

  /// The nearest `Double`; infinite beyond the largest one. Python's `NaN` and `Infinity` literals give NaN and ±∞.
  public var double: Double {
    switch text {
    case "NaN": .nan
    case "Infinity": .infinity
    case "-Infinity": -.infinity
    default: Double(text) ?? .nan
    }
  }

  /// False for Python's `NaN`, `Infinity` and `-Infinity` literals alone: 1e400 is finite.
  public var isFinite: Bool { text.utf8.first.map { $0 < UInt8(ascii: "A") } == true && text != "-Infinity" }

  /// The value if it is whole and fits an `Int`, however it is written; else nil.
  public var integer: Int? {
    if let value = Int(text) { return value }
    guard let value = Value(text), value.isWhole, value.exponent < 20 else { return nil }
    return Int((value.isNegative ? "-" : "") + "0" + value.digits + String(repeating: "0", count: value.exponent))
  }

  /// Whether the value is whole, at any length and in any notation.
  public var isWhole: Bool { Value(text)?.isWhole ?? false }

  /// Whether the text is a number by RFC 8259, section 6.
  private static func isNumber(_ text: some Collection<UInt8>) -> Bool {
    var rest = text[...]
    func isDigit(_ byte: UInt8?) -> Bool { byte.map { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 } ?? false }
    /// Consumes leading digits; false if there are none.
    func digits() -> Bool {
      guard isDigit(rest.first) else { return false }
      rest = rest.drop(while: isDigit)
      return true
    }
    func take(_ bytes: String) -> Bool {
      guard let byte = rest.first, bytes.utf8.contains(byte) else { return false }
      rest = rest.dropFirst()
      return true
    }
    _ = take("-")
    if take("0") {
      if isDigit(rest.first) { return false }
    } else if !digits() {
      return false
    }
    if take("."), !digits() { return false }
    if take("eE") {
      _ = take("+-")
      if !digits() { return false }
    }
    return rest.isEmpty
  }
}

extension JSONNumber: Hashable {
  /// The value ±0.d₁d₂… × 10^(exponent + number of digits), with neither leading nor trailing zeros. 0 has no digits.
  private struct Value: Hashable {
    var isNegative = false
    var digits = ""
    var exponent = 0

    var isWhole: Bool { exponent >= 0 }

    /// Nil for numbers that are not finite and for exponents that exceed `Int`.
    init?(_ text: String) {
      var rest = text[...]
      if rest.first == "-" {
        isNegative = true
        rest = rest.dropFirst()
      }
      guard rest.first?.isNumber == true else { return nil }
      if let place = rest.firstIndex(where: { $0 == "e" || $0 == "E" }) {
        guard let value = Int(rest[rest.index(after: place)...]), value.magnitude < Int.max / 2 else { return nil }
        exponent = value
        rest = rest[..<place]
      }
      let parts = rest.split(separator: ".", omittingEmptySubsequences: false)
      digits = parts.joined()
      exponent -= parts.count > 1 ? parts[1].utf8.count : 0
      let trailing = digits.reversed().prefix { $0 == "0" }.count
      digits = String(digits.dropLast(trailing).drop { $0 == "0" })
      exponent += trailing
      if digits.isEmpty { (isNegative, exponent) = (false, 0) }
    }
  }

  public static func == (a: JSONNumber, b: JSONNumber) -> Bool {
    if a.text == b.text { return a.text != "NaN" }
    guard let a = Value(a.text), let b = Value(b.text) else { return false }
    return a == b
  }

  public func hash(into hasher: inout Hasher) {
    if let value = Value(text) { hasher.combine(value) } else { hasher.combine(text) }
  }
}

extension JSONNumber: Codable {
  /// Decodes through Foundation, which does not give the text: exact for integers of up to 128 bits and decimals of up
  /// to 38 digits.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let value = try? container.decode(Int.self) {
      self.init(value)
    } else if let value = try? container.decode(Int128.self) {
      self.init(verified: String(value))
    } else if let value = try? container.decode(UInt128.self) {
      self.init(verified: String(value))
    } else if let value = try? container.decode(Decimal.self), value.isFinite, let number = JSONNumber("\(value)") {
      self = number
    } else {
      self.init(try container.decode(Double.self))
    }
  }

  /// - Throws: `EncodingError` if Foundation would write another value.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    if let value = integer {
      try container.encode(value)
    } else if let value = Int128(text) {
      try container.encode(value)
    } else if let value = UInt128(text) {
      try container.encode(value)
    } else if let value = Decimal(string: text), value.isFinite, JSONNumber("\(value)") == self {
      try container.encode(value)
    } else if JSONNumber(double) == self {
      try container.encode(double)
    } else {
      throw EncodingError.invalidValue(
        text,
        .init(codingPath: encoder.codingPath, debugDescription: "\(text) has more digits than can be written here."))
    }
  }
}
