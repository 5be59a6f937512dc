import Foundation

/// A file that is written completely or not at all.
package final class CassetteFile: @unchecked Sendable {
  // Written by one thread at a time: the store's while it reads, the caller's before and after.
  private let path: String
  private let partial: String
  private let handle: FileHandle
  private var lines = 0

  package init(_ path: String) throws {
    self.path = path
    partial = path + ".partial"
    try OutputFile.check(path)
    try OutputFile.write(Data(), to: partial)
    guard let handle = FileHandle(forWritingAtPath: partial) else {
      throw ConfigurationError("Could not write \(partial). Check that its folder is writable.")
    }
    self.handle = handle
  }

  package func write(_ line: Data) throws {
    try handle.write(contentsOf: line)
    lines += 1
  }

  /// - Returns: the number of lines.
  package func finish() throws -> Int {
    try handle.close()
    guard rename(partial, path) == 0 else {
      throw ConfigurationError("Could not write \(path): \(String(cString: strerror(errno)))")
    }
    return lines
  }
}
