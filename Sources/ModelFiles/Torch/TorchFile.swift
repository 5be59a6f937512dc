import Foundation

/// The tensors of a file written by `torch.save` (`.bin`, `.pt`): a zip file with a pickle that describes the tensors,
/// and their values. Nothing in it is executed.
package struct TorchFile: WeightFile {
  package let path: String
  package let names: [String]
  private let zip: ZipFile
  private let folder: String
  private let entries: [String: TensorPickle.Entry]

  /// The longest pickle, in bytes. A dictionary of tensors takes a few hundred per tensor.
  private static let longestPickle = 1 << 25

  private static func type(_ name: String) -> (size: Int, widen: Dequantizer)? {
    switch name {
    case "FloatStorage": (4, dequantizeF32)
    case "HalfStorage": (2, dequantizeF16)
    case "BFloat16Storage": (2, dequantizeBF16)
    default: nil
    }
  }

  package init(contentsOf path: String) throws(ModelFileError) {
    try self.init(data: try MappedFile.open(path), path: path)
  }

  init(data: Data, path: String) throws(ModelFileError) {
    self.path = path
    zip = try ZipFile(data: data, path: path)
    guard let pickle = zip.names.first(where: { $0.hasSuffix("/data.pkl") }) else {
      throw ModelFileError(.malformed, path, "There is no data.pkl in it: it was not written by torch.save.")
    }
    guard (zip.size(of: pickle) ?? 0) <= Self.longestPickle else {
      throw ModelFileError(.malformed, path, "Its pickle is longer than \(Self.longestPickle) bytes.")
    }
    folder = String(pickle.dropLast("data.pkl".count))
    if zip.names.contains("\(folder)byteorder") {
      let order = try zip.withBytes(of: "\(folder)byteorder") { bytes throws(ModelFileError) in
        String(decoding: bytes.prefix(16), as: UTF8.self)
      }
      guard order == "little" else {
        throw ModelFileError(.unsupported, path, "Its values have the byte order \(quoted(order)).")
      }
    }
    entries = try zip.withBytes(of: pickle) { bytes throws(ModelFileError) in
      try TensorPickle.entries(bytes, path: path)
    }
    names = entries.keys.sorted()
    for name in names { _ = try check(name) }
  }

  package func shape(of name: String) -> [Int]? { entries[name]?.shape }

  package func floats(of name: String) throws(ModelFileError) -> [Float] {
    let (entry, type, count) = try check(name)
    return try zip.withBytes(of: "\(folder)data/\(entry.storage)") { bytes throws(ModelFileError) in
      let all = bytes.count / type.size
      let values = [Float](unsafeUninitializedCapacity: all) { values, filled in
        type.widen(UnsafeRawBufferPointer(rebasing: bytes[..<(all * type.size)]), values, all)
        filled = all
      }
      // Converts any strides to row-major order.
      var result: [Float] = []
      result.reserveCapacity(count)
      var index = [Int](repeating: 0, count: entry.shape.count)
      for _ in 0..<count {
        result.append(values[entry.offset + place(of: index, entry.strides)])
        for axis in index.indices.reversed() {
          index[axis] += 1
          if index[axis] < entry.shape[axis] { break }
          index[axis] = 0
        }
      }
      return result
    }
  }

  private func place(of index: [Int], _ strides: [Int]) -> Int {
    var sum = 0
    for axis in index.indices { sum += index[axis] * strides[axis] }
    return sum
  }

  /// Checks that every value of a tensor lies in its storage.
  private func check(
    _ name: String
  ) throws(ModelFileError) -> (entry: TensorPickle.Entry, type: (size: Int, widen: Dequantizer), count: Int) {
    guard let entry = entries[name] else {
      throw ModelFileError(.inconsistent, path, "There is no tensor \(quoted(name)) in this file.")
    }
    guard let type = Self.type(entry.type), let bytes = zip.size(of: "\(folder)data/\(entry.storage)") else {
      throw ModelFileError(
        .malformed, path, "The values of \(quoted(name)) are missing, or of a type that is not supported.")
    }
    let limit = bytes / type.size
    var last = entry.offset
    for (size, stride) in Swift.zip(entry.shape, entry.strides) where size > 0 {
      let (step, overflow) = (size - 1).multipliedReportingOverflow(by: stride)
      guard !overflow, step <= limit, last <= limit else {
        last = .max
        break
      }
      last += step
    }
    // With a stride of 0 the shape could have any number of values, so the count is bounded, too.
    guard let count = elementCount(entry.shape), count == 0 || last < limit, count <= max(limit, 0) else {
      throw ModelFileError(.malformed, path, "\(quoted(name)) lies outside of its values: the file may be truncated.")
    }
    return (entry, type, count)
  }
}
