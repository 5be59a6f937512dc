import Foundation
import Subprocess

/// A running child process. Valid only in the body to which it is passed.
package struct Child: Sendable {
  /// The process number, which is also the number of the child's own process group and session.
  package let process: pid_t
  /// The last lines of standard error.
  package let complaints: Complaints
  let input: StandardInputWriter
  let output: ChildOutput

  package func write(_ bytes: [UInt8]) async throws { _ = try await input.write(bytes) }

  /// Closes the child's standard input, which asks it to end.
  package func endInput() async { try? await input.finish() }

  /// Reads standard output to its end. Unread output would fill the pipe and block the child.
  ///
  /// - Parameter take: called with every piece. If it returns false, reading stops; a later call continues from there.
  package func read(_ take: ([UInt8]) async throws -> Bool) async throws {
    while let bytes = try await output.next() {
      guard try await take(bytes) else { return }
    }
  }

  /// Kills the child and every process in its group.
  package func kill() { ChildProgram.kill(group: process) }
}

/// Standard output of a program, for one reader at a time.
actor ChildOutput {
  private var iterator: SubprocessOutputSequence.Iterator

  init(_ sequence: SubprocessOutputSequence) { iterator = sequence.makeAsyncIterator() }

  func next() async throws -> [UInt8]? {
    var iterator = iterator
    let buffer = try await iterator.next(isolation: self)
    self.iterator = iterator
    return buffer?.withUnsafeBytes { Array($0) }
  }
}

/// Why a program could not be run.
package struct ChildError: Error, Sendable, Hashable, CustomStringConvertible {
  package let message: String

  init(_ message: String) { self.message = message }

  package var description: String { message }
}
