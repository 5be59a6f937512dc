/// A metadata value. Integers are widened to 64 bits; floats keep their width.
package enum GGUFValue: Sendable, Hashable {
  case unsigned(UInt64)
  case signed(Int64)
  case float32(Float)
  case float64(Double)
  case bool(Bool)
  case string(String)
  case array([GGUFValue])

  /// The value if it is an integer that fits an `Int`, whatever its width and sign in the file.
  package var integer: Int? {
    switch self {
    case .unsigned(let value): Int(exactly: value)
    case .signed(let value): Int(exactly: value)
    default: nil
    }
  }

  /// The value as a `Double`. A 32-bit float is read as its shortest decimal, so that 1e-5 equals the 1e-5 of
  /// config.json.
  package var number: Double? {
    switch self {
    case .unsigned(let value): Double(value)
    case .signed(let value): Double(value)
    case .float32(let value): value.isFinite ? Double(value.description) : Double(value)
    case .float64(let value): value
    default: nil
    }
  }

  package var bool: Bool? {
    if case .bool(let value) = self { return value }
    return nil
  }

  package var string: String? {
    if case .string(let value) = self { return value }
    return nil
  }

  package var array: [GGUFValue]? {
    if case .array(let values) = self { return values }
    return nil
  }
}
