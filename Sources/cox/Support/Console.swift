import Foundation

/// The two streams: results on standard output, everything else on standard error.
enum Console {
  static func print(_ text: String) { write(text + "\n", to: .standardOutput) }
  static func note(_ text: String) { write(text + "\n", to: .standardError) }
  static func raw(_ text: String) { write(text, to: .standardError) }

  static var errorIsTerminal: Bool { isatty(STDERR_FILENO) == 1 }

  private static func write(_ text: String, to handle: FileHandle) {
    // A stream that nobody reads any more cannot be written to; the run goes on, since its results are stored.
    try? handle.write(contentsOf: Data(text.utf8))
  }

  /// Writes JSON where `--json` says: a file, or "-" for standard output.
  static func write(json value: some Encodable, to destination: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    let data = try encoder.encode(value)
    if destination == "-" {
      print(String(decoding: data, as: UTF8.self))
    } else {
      try write(data + Data("\n".utf8), toFile: destination)
    }
  }

  static func write(_ data: Data, toFile path: String) throws {
    let url = URL(fileURLWithPath: path)
    do {
      try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
      try data.write(to: url, options: .atomic)
    } catch {
      throw ConfigurationError("Could not write \(path): \(error.localizedDescription)")
    }
  }
}
