import Foundation

/// Files that commands write for people and for other programs. Each is written completely or not at all.
package enum OutputFile {
  /// Writes a file and creates its folder if necessary.
  package static func write(_ data: Data, to path: String) throws {
    let url = URL(fileURLWithPath: path)
    do {
      try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
      try data.write(to: url, options: .atomic)
    } catch {
      throw ConfigurationError("Could not write \(path): \(error.localizedDescription)")
    }
  }

  /// Refuses what is no file, such as a device or a pipe, which a file that is renamed would replace.
  static func check(_ path: String) throws {
    let resolved = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
    guard let attributes = try? FileManager.default.attributesOfItem(atPath: resolved),
      attributes[.type] as? FileAttributeType != .typeRegular
    else { return }
    throw ConfigurationError("\(path) is no regular file: give another one.")
  }

  package static func write(json value: some Encodable, to path: String) throws {
    try write(try json(value) + Data("\n".utf8), to: path)
  }

  /// JSON on several lines with sorted keys. Numbers without a JSON literal are the texts `inf`, `-inf` and `nan`.
  package static func json(_ value: some Encodable) throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return try encoder.encode(value)
  }
}
