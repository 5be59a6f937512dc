/// A tensor's entry in the header.
struct SafetensorsEntry: Sendable {
  let type: String
  let shape: [Int]
  /// Number of values.
  let count: Int
  /// The byte range in the file.
  let range: Range<Int>
}

/// The header: its length in eight bytes, then JSON. All of it is checked against the size of the file.
struct SafetensorsHeader {
  private(set) var entries: [String: SafetensorsEntry] = [:]
  private(set) var metadata: [String: String] = [:]

  /// The longest header, in bytes. A model's header has a few hundred thousand.
  private static let longest = 1 << 25

  /// Bits per value. The size of an unknown type is not checked; reading such a tensor is an error.
  private static let bits = [
    "F64": 64, "F32": 32, "F16": 16, "BF16": 16, "F8_E5M2": 8, "F8_E4M3": 8, "I64": 64, "I32": 32, "I16": 16, "I8": 8,
    "U64": 64, "U32": 32, "U16": 16, "U8": 8, "BOOL": 8,
  ]

  init(parsing bytes: UnsafeRawBufferPointer, path: String) throws(ModelFileError) {
    func error(_ problem: String) -> ModelFileError {
      ModelFileError(.malformed, path, "Not a valid safetensors file: \(problem).")
    }
    guard bytes.count >= 8 else { throw error("it is too short") }
    let length = UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))
    guard length <= SafetensorsHeader.longest, length <= bytes.count - 8 else {
      throw error("its header should have \(length) bytes, but the file has \(bytes.count): it is truncated or damaged")
    }
    let start = 8 + Int(length)
    let header = try JSON(parsing: UnsafeRawBufferPointer(rebasing: bytes[8..<start]), path: path)
    guard let members = header.object else { throw error("its header is \(header.kind), not an object") }
    for (name, value) in members where name != "__metadata__" {
      guard let entry = SafetensorsHeader.entry(value, from: start, size: bytes.count) else {
        throw error(
          "type, shape or place of \(quoted(name)) is wrong, or its data lie outside of the file: it may be truncated"
        )
      }
      guard entries.updateValue(entry, forKey: name) == nil else { throw error("\(quoted(name)) is there twice") }
    }
    let sorted = entries.filter { !$0.value.range.isEmpty }.sorted {
      $0.value.range.lowerBound < $1.value.range.lowerBound
    }
    for (one, next) in zip(sorted, sorted.dropFirst()) where one.value.range.upperBound > next.value.range.lowerBound {
      throw error("\(quoted(one.key)) and \(quoted(next.key)) overlap")
    }
    for (key, value) in header["__metadata__"]?.object ?? [] { metadata[key] = value.string }
  }

  private static func entry(_ value: JSON, from start: Int, size: Int) -> SafetensorsEntry? {
    guard let type = value["dtype"]?.string, let dimensions = value["shape"]?.array, dimensions.count <= 8,
      let offsets = value["data_offsets"]?.array, offsets.count == 2, let begin = offsets[0].integer,
      let end = offsets[1].integer, 0 <= begin, begin <= end, end <= size - start
    else { return nil }
    let shape = dimensions.map { $0.integer ?? -1 }
    guard let count = elementCount(shape) else { return nil }
    if let bits = bits[type] {
      let (total, overflow) = count.multipliedReportingOverflow(by: bits / 8)
      guard !overflow, total == end - begin else { return nil }
    }
    return SafetensorsEntry(type: type, shape: shape, count: count, range: start + begin..<start + end)
  }
}
