import Foundation

/// Reads little-endian fields in sequence and never past the end.
struct GGUFReader {
  private let bytes: UnsafeRawBufferPointer
  private let path: String
  private(set) var position = 0
  /// The number of array elements that may still be read from the file. It bounds memory.
  private var elementsLeft = 1 << 22

  init(bytes: UnsafeRawBufferPointer, path: String) {
    self.bytes = bytes
    self.path = path
  }

  var remaining: Int { bytes.count - position }

  mutating func integer<Value: FixedWidthInteger>(_ type: Value.Type) throws(ModelFileError) -> Value {
    let size = MemoryLayout<Value>.size
    guard remaining >= size else { throw truncated() }
    defer { position += size }
    return Value(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: Value.self))
  }

  /// - Parameter size: the least number of bytes of each counted item. Counts that exceed the rest of the file are
  ///   rejected.
  mutating func count(of things: String, each size: Int) throws(ModelFileError) -> Int {
    let start = position
    guard let count = Int(exactly: try integer(UInt64.self)), count <= remaining / size else {
      throw error("more \(things) than the file can hold", at: start)
    }
    return count
  }

  mutating func string() throws(ModelFileError) -> String {
    let start = position
    let count = try count(of: "bytes of a string", each: 1)
    defer { position += count }
    guard let string = String(validating: bytes[position..<position + count], as: UTF8.self) else {
      throw error("a string that is not UTF-8", at: start)
    }
    return string
  }

  /// A value whose type is given by its number in the file.
  mutating func value(ofType type: UInt32, depth: Int = 0) throws(ModelFileError) -> GGUFValue {
    switch type {
    case 0: return .unsigned(UInt64(try integer(UInt8.self)))
    case 1: return .signed(Int64(try integer(Int8.self)))
    case 2: return .unsigned(UInt64(try integer(UInt16.self)))
    case 3: return .signed(Int64(try integer(Int16.self)))
    case 4: return .unsigned(UInt64(try integer(UInt32.self)))
    case 5: return .signed(Int64(try integer(Int32.self)))
    case 6: return .float32(Float(bitPattern: try integer(UInt32.self)))
    case 7: return .bool(try integer(UInt8.self) != 0)
    case 8: return .string(try string())
    case 9: return .array(try array(depth: depth))
    case 10: return .unsigned(try integer(UInt64.self))
    case 11: return .signed(try integer(Int64.self))
    case 12: return .float64(Double(bitPattern: try integer(UInt64.self)))
    default: throw error("a value of the unknown type \(type)", at: position)
    }
  }

  private mutating func array(depth: Int) throws(ModelFileError) -> [GGUFValue] {
    let start = position
    guard depth < 4 else { throw error("arrays nested more than 4 deep", at: start) }
    let type = try integer(UInt32.self)
    let sizes = [1, 1, 2, 2, 4, 4, 4, 1, 8, 12, 8, 8, 8]
    guard type < sizes.count else { throw error("an array of the unknown type \(type)", at: start) }
    let count = try count(of: "elements of an array", each: sizes[Int(type)])
    guard count <= elementsLeft else { throw error("arrays of more than 4194304 elements", at: start) }
    elementsLeft -= count
    var values: [GGUFValue] = []
    values.reserveCapacity(count)
    for _ in 0..<count { values.append(try value(ofType: type, depth: depth + 1)) }
    return values
  }

  func truncated() -> ModelFileError {
    error("the file ends too early: it is truncated, download it again", at: position)
  }

  func error(_ problem: String, at place: Int) -> ModelFileError {
    ModelFileError(.malformed, path, "Not a valid GGUF file: \(problem) (byte \(place) of \(bytes.count)).")
  }
}
