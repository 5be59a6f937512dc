import ChildProcess
import Foundation

/// Logs of inspect_ai that are compressed by Zstandard, which neither Swift nor zlib reads.
enum EvalArchive {
  /// The path of a copy that can be read here; nil if the file itself can be.
  ///
  /// - Parameter scratch: a folder for the copy.
  static func readable(_ path: String, scratch: String) async throws -> String? {
    guard let data = try? Data(contentsOf: URL(fileURLWithPath: path), options: .alwaysMapped),
      data.starts(with: [0x50, 0x4B]), let zip = try? ZipReader(data), zip.needsPython
    else { return nil }
    let installation = Installation.current
    let python = installation.python(with: ParquetFile.package)
    let remedy = ParquetFile.remedy(python)
    guard FileManager.default.isExecutableFile(atPath: python) else {
      throw ConfigurationError(
        "\(path) is compressed by Zstandard, which Python reads, and there is none at \(python): \(remedy).")
    }
    try FileManager.default.createDirectory(atPath: scratch, withIntermediateDirectories: true)
    let copy = "\(scratch)/\(UUID().uuidString).eval"
    let script = String(decoding: PackageResources.eval_py, as: UTF8.self)
    let program = ChildProgram(path: python, arguments: PythonScript.arguments(script, path, copy))
    let said = try await program.run { child in
      await child.endInput()
      var text: [UInt8] = []
      try await child.read { bytes in
        text += bytes.prefix(64)
        return true
      }
      return String(decoding: text, as: UTF8.self).contains("copied") ? nil : child.complaints.lines.last ?? "it ended"
    }
    guard let said else { return copy }
    if said.contains("no package that reads Zstandard") {
      throw ConfigurationError(
        "\(path) is compressed by Zstandard, and \(python) has no package that reads it (\(ParquetFile.package)): \(remedy). "
          + "Or convert it: inspect log convert FILE --to json --output-dir FOLDER.")
    }
    throw ConfigurationError("\(path) cannot be read: \(said.clipped(to: 300)).")
  }
}
