import ChildProcess
import Foundation

/// Receives the bytes of one exported file in order.
protocol ByteSink: Sendable {
  func write(_ bytes: [UInt8]) async throws
}

extension ByteSink {
  func write(_ text: String) async throws { try await write(Array(text.utf8)) }
}

/// A file beside its final name, or standard output. Small writes are put together.
actor FileSink: ByteSink {
  private let path: String
  private let partial: String?
  private let handle: FileHandle
  private var pending: [UInt8] = []
  private(set) var count = 0

  /// - Parameter path: `-` for standard output.
  init(_ path: String) throws {
    self.path = path
    guard path != "-" else {
      (partial, handle) = (nil, .standardOutput)
      return
    }
    let partial = path + ".partial"
    try OutputFile.write(Data(), to: partial)
    guard let handle = FileHandle(forWritingAtPath: partial) else {
      throw ConfigurationError("Could not write \(partial). Check that its folder is writable.")
    }
    (self.partial, self.handle) = (partial, handle)
  }

  func write(_ bytes: [UInt8]) throws {
    pending += bytes
    count += bytes.count
    if pending.count >= 1 << 18 { try flush() }
  }

  /// Where the next byte goes.
  var offset: Int { count }

  private func flush() throws {
    do { try handle.write(contentsOf: pending) } catch {
      throw ExportError("Could not write \(path == "-" ? "to standard output" : path): \(error.localizedDescription)")
    }
    pending = []
  }

  /// Gives the file its name.
  func finish() throws {
    try flush()
    guard let partial else { return }
    try handle.close()
    guard rename(partial, path) == 0 else {
      throw ExportError("Could not write \(path): \(String(cString: strerror(errno)))")
    }
  }

  /// Removes what was written.
  func abandon() {
    guard let partial else { return }
    try? handle.close()
    unlink(partial)
  }
}

/// Standard input of a program.
struct ChildSink: ByteSink {
  let child: Child

  func write(_ bytes: [UInt8]) async throws { try await child.write(bytes) }
}

/// Why an export or import could not be finished. Ends the command with exit code 1.
package struct ExportError: Error, Sendable, CustomStringConvertible {
  package let message: String

  init(_ message: String) { self.message = message }

  package var description: String { message }
}
