import ChildProcess
import Foundation

/// A Parquet file, written by PyPI's `pyarrow`: there is no Swift library for the format.
enum ParquetFile {
  /// The package, as `cox doctor` and errors name it.
  static let package = "pyarrow"

  /// How to install the package into a Python.
  static func remedy(_ python: String) -> String {
    let own = Installation.remedy("export")
    return own.hasPrefix("pip ") ? own : "\(python) -m pip install \(package)"
  }

  /// Runs `body` with a sink that takes JSON lines of trajectories.
  ///
  /// - Returns: what `body` returned, and the size of the file in bytes.
  static func write<T: Sendable>(
    to path: String, _ body: (any ByteSink) async throws -> T
  ) async throws -> (value: T, bytes: Int) {
    let python = Installation.current.python(with: package)
    guard FileManager.default.isExecutableFile(atPath: python) else {
      throw ConfigurationError(
        "There is no Python at \(python), and Parquet is written by PyPI's \(package): \(Installation.remedy("export"))."
      )
    }
    let partial = path + ".partial"
    try OutputFile.write(Data(), to: partial)
    let script = String(decoding: PackageResources.parquet_py, as: UTF8.self)
    let program = ChildProgram(path: python, arguments: PythonScript.arguments(script, partial), grace: .seconds(600))
    do {
      let (value, status) = try await program.runToStatus { child in
        do {
          let value = try await body(ChildSink(child: child))
          await child.endInput()
          var said: [UInt8] = []
          try await child.read { bytes in
            said += bytes
            return true
          }
          guard String(decoding: said, as: UTF8.self).contains("written") else { throw failure(child, python) }
          return value
        } catch let error as ExportError {
          throw error
        } catch is CancellationError {
          throw CancellationError()
        } catch {
          // The program has ended: what it said is the reason.
          throw failure(child, python, error)
        }
      }
      guard status == 0 else { throw ExportError("\(python) ended with status \(status) after it wrote \(partial).") }
      guard rename(partial, path) == 0 else {
        throw ExportError("Could not write \(path): \(String(cString: strerror(errno)))")
      }
      let size = try? FileManager.default.attributesOfItem(atPath: path)[.size] as? NSNumber
      return (value, size?.intValue ?? 0)
    } catch {
      unlink(partial)
      throw error
    }
  }

  private static func failure(_ child: Child, _ python: String, _ error: (any Error)? = nil) -> any Error {
    let said = child.complaints.lines.joined(separator: "\n")
    if said.contains("cannot be imported") {
      return ConfigurationError(
        "Parquet is written by PyPI's \(package), which \(python) cannot import: \(remedy(python)). "
          + "Or export jsonl, which pandas reads, too.")
    }
    return ExportError("\(python) could not write Parquet: \(said.isEmpty ? "\(error.map { "\($0)" } ?? "")" : said)")
  }
}
