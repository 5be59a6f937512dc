import Foundation

extension SafetensorsFile {
  /// Writes `tensors` as F32, in their order. The write is atomic: a partial file is synced to the disk and then
  /// renamed.
  ///
  /// - Parameters:
  ///   - tensors: distinct names, shapes in row-major order, and as many values as the shape requires.
  ///   - metadata: stored in the header's `__metadata__`.
  package static func write(
    _ tensors: [(name: String, shape: [Int], values: [Float])], metadata: [String: String], to path: String
  ) throws(ModelFileError) {
    let header = try header(of: tensors, metadata: metadata, path: path)
    let folder = URL(fileURLWithPath: path).deletingLastPathComponent()
    let partial = folder.appendingPathComponent(".\(UUID().uuidString).partial").path
    do {
      guard FileManager.default.createFile(atPath: partial, contents: nil),
        let handle = FileHandle(forWritingAtPath: partial)
      else { throw CocoaError(.fileWriteNoPermission) }
      do {
        try handle.write(contentsOf: header)
        for tensor in tensors { try write(tensor.values, to: handle) }
        try handle.synchronize()
        try handle.close()
      } catch {
        try? handle.close()
        throw error
      }
      // Unlike FileManager's moves, rename(2) replaces an existing file atomically.
      guard rename(partial, path) == 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
    } catch {
      try? FileManager.default.removeItem(atPath: partial)
      throw ModelFileError(
        .unwritable, path,
        "Could not be written: \(error.localizedDescription). Check that the folder exists, is writable and has room.")
    }
  }

  private static func write(_ values: [Float], to handle: FileHandle) throws {
    let chunk = 1 << 20
    for start in stride(from: 0, to: values.count, by: chunk) {
      let bits = values[start..<min(start + chunk, values.count)].map { $0.bitPattern.littleEndian }
      try handle.write(contentsOf: bits.withUnsafeBytes { Data($0) })
    }
  }

  private static func header(
    of tensors: [(name: String, shape: [Int], values: [Float])], metadata: [String: String], path: String
  ) throws(ModelFileError) -> Data {
    var members: [String] = []
    if !metadata.isEmpty {
      let pairs = metadata.sorted { $0.key < $1.key }.map { "\(literal($0.key)):\(literal($0.value))" }
      members.append("\"__metadata__\":{\(pairs.joined(separator: ","))}")
    }
    var seen: Set<String> = ["__metadata__"]
    var offset = 0
    for (name, shape, values) in tensors {
      guard elementCount(shape) == values.count, seen.insert(name).inserted else {
        throw ModelFileError(
          .inconsistent, path,
          "\(quoted(name)) has \(values.count) values for the shape \(shape), or is there twice. Nothing was written.")
      }
      let sizes = shape.map(String.init).joined(separator: ",")
      let end = offset + 4 * values.count
      members.append("\(literal(name)):{\"dtype\":\"F32\",\"shape\":[\(sizes)],\"data_offsets\":[\(offset),\(end)]}")
      offset = end
    }
    var json = Data("{\(members.joined(separator: ","))}".utf8)
    // Padding aligns the values to eight bytes.
    json.append(contentsOf: repeatElement(UInt8(ascii: " "), count: -json.count & 7))
    return withUnsafeBytes(of: UInt64(json.count).littleEndian) { Data($0) } + json
  }

  private static func literal(_ text: String) -> String {
    var literal = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "\\": literal += "\\\(scalar)"
      case "\0"..<" ": literal += String(format: "\\u%04x", scalar.value)
      default: literal.unicodeScalars.append(scalar)
      }
    }
    return literal + "\""
  }
}
