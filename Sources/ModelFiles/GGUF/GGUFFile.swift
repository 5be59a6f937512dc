import Foundation

/// A GGUF file (versions 2 and 3): its metadata, and its tensors under GGUF's own names.
///
/// The file stays mapped into memory and must not be truncated meanwhile. Every offset is checked once, here. Source:
/// ggml's `docs/gguf.md`.
package struct GGUFFile: Sendable {
  package let path: String
  package let metadata: [String: GGUFValue]
  /// By GGUF's name.
  package let tensors: [String: GGUFTensor]
  private let data: Data

  package init(contentsOf path: String) throws(ModelFileError) {
    try self.init(data: try MappedFile.open(path), path: path)
  }

  init(data: Data, path: String) throws(ModelFileError) {
    self.path = path
    self.data = data
    (metadata, tensors) = try data.withBytes { bytes throws(ModelFileError) in
      var reader = GGUFReader(bytes: bytes, path: path)
      return try GGUFFile.header(&reader, size: bytes.count)
    }
  }

  /// The values of `tensor` in row-major order, widened to 32 bits.
  package func floats(of tensor: GGUFTensor) throws(ModelFileError) -> [Float] {
    guard let block = tensor.type.block, let dequantize = tensor.type.dequantizer else {
      throw ModelFileError(
        .unsupported, path,
        """
        \(quoted(tensor.name)) is stored as \(tensor.type.name), which is not supported. Supported are F32, F16, BF16, \
        Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q4_K, Q5_K and Q6_K: take another quantisation of the model.
        """)
    }
    let blocks = tensor.count / block.values
    try check(tensor)
    return data.withUnsafeBytes { bytes in
      let source = UnsafeRawBufferPointer(rebasing: bytes[tensor.range])
      return [Float](unsafeUninitializedCapacity: tensor.count) { values, count in
        dequantize(source, values, blocks)
        count = tensor.count
      }
    }
  }

  /// The bytes of `tensor` as they are in the file.
  func bytes(of tensor: GGUFTensor) throws(ModelFileError) -> [UInt8] {
    try check(tensor)
    return data.withUnsafeBytes { [UInt8]($0[tensor.range]) }
  }

  /// A tensor of another file could cause reads out of bounds.
  private func check(_ tensor: GGUFTensor) throws(ModelFileError) {
    guard tensors[tensor.name] == tensor else {
      throw ModelFileError(.inconsistent, path, "\(quoted(tensor.name)) is not a tensor of this file.")
    }
  }

  private static func header(
    _ reader: inout GGUFReader, size: Int
  ) throws(ModelFileError) -> (metadata: [String: GGUFValue], tensors: [String: GGUFTensor]) {
    guard reader.remaining >= 4, try reader.integer(UInt32.self) == 0x4655_4747 else {
      throw reader.error("it does not begin with GGUF", at: 0)
    }
    let version = try reader.integer(UInt32.self)
    guard version == 2 || version == 3 else {
      let problem =
        version.byteSwapped <= 3 ? "it is big-endian" : "it is of version \(version), not 2 or 3"
      throw reader.error(problem, at: 4)
    }
    // The least size of a tensor's entry: the length of its name, the number of its dimensions, its type and its
    // offset.
    let tensorCount = try reader.count(of: "tensors", each: 24)
    let valueCount = try reader.count(of: "metadata values", each: 13)
    var metadata: [String: GGUFValue] = [:]
    for _ in 0..<valueCount {
      let start = reader.position
      let key = try reader.string()
      let value = try reader.value(ofType: try reader.integer(UInt32.self))
      guard metadata.updateValue(value, forKey: key) == nil else {
        throw reader.error("the metadata has \(quoted(key)) twice", at: start)
      }
    }
    return (metadata, try tensors(&reader, count: tensorCount, alignment: metadata["general.alignment"], size: size))
  }

  private static func tensors(
    _ reader: inout GGUFReader, count: Int, alignment: GGUFValue?, size: Int
  ) throws(ModelFileError) -> [String: GGUFTensor] {
    let alignment = alignment.map { $0.integer ?? 0 } ?? 32
    guard alignment > 0, alignment <= 1 << 20, alignment.nonzeroBitCount == 1 else {
      throw reader.error("its alignment is not a power of two", at: reader.position)
    }
    var described: [(place: Int, name: String, shape: [Int], type: GGUFElementType, offset: Int)] = []
    for _ in 0..<count {
      let place = reader.position
      let name = try reader.string()
      let dimensions = try reader.integer(UInt32.self)
      guard (1...4).contains(dimensions) else {
        throw reader.error("\(quoted(name)) has \(dimensions) dimensions, not 1 to 4", at: place)
      }
      var shape: [Int] = []
      for _ in 0..<dimensions { shape.append(Int(exactly: try reader.integer(UInt64.self)) ?? -1) }
      let type = GGUFElementType(number: try reader.integer(UInt32.self))
      described.append((place, name, shape.reversed(), type, Int(exactly: try reader.integer(UInt64.self)) ?? -1))
    }
    // Padding may be missing if there is no data after it.
    let start = (reader.position + alignment - 1) & ~(alignment - 1)
    var tensors: [String: GGUFTensor] = [:]
    for (place, name, shape, type, offset) in described {
      guard let range = range(of: shape, type, at: offset, from: start, alignment: alignment, size: size) else {
        throw reader.error(
          """
          the data of \(quoted(name)) (\(type.name), shape \(shape), offset \(offset)) do not lie in it: it is truncated \
          or damaged, download it again
          """, at: place)
      }
      let tensor = GGUFTensor(name: name, shape: shape, type: type, range: range)
      guard tensors.updateValue(tensor, forKey: name) == nil else {
        throw reader.error("\(quoted(name)) is there twice", at: place)
      }
    }
    try checkOverlaps(tensors.values.filter { !$0.range.isEmpty }, reader)
    return tensors
  }

  /// The byte range of a tensor's blocks, or nil if they do not fit into the file.
  private static func range(
    of shape: [Int], _ type: GGUFElementType, at offset: Int, from start: Int, alignment: Int, size: Int
  ) -> Range<Int>? {
    // Tensors of unknown types are never read, so their size is not checked.
    guard offset >= 0, offset <= size, offset % alignment == 0, let count = elementCount(shape) else { return nil }
    guard let block = type.block else { return start + offset <= size ? start + offset..<start + offset : nil }
    guard let row = shape.last, row % block.values == 0 else { return nil }
    let (bytes, overflow) = (count / block.values).multipliedReportingOverflow(by: block.bytes)
    guard !overflow, bytes <= size, start + offset <= size - bytes else { return nil }
    return start + offset..<start + offset + bytes
  }

  private static func checkOverlaps(_ tensors: [GGUFTensor], _ reader: GGUFReader) throws(ModelFileError) {
    let sorted = tensors.sorted { $0.range.lowerBound < $1.range.lowerBound }
    for (one, next) in zip(sorted, sorted.dropFirst()) where one.range.upperBound > next.range.lowerBound {
      throw reader.error("\(quoted(one.name)) and \(quoted(next.name)) overlap", at: next.range.lowerBound)
    }
  }
}
