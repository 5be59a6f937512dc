import Foundation
import Subprocess

/// A child process while it runs. Valid in the body that it was given to.
package struct Child: Sendable {
  /// It leads a process group and a session of its own, with this number.
  package let process: pid_t
  /// What it wrote to standard error.
  package let complaints: Complaints
  let input: StandardInputWriter
  let output: ChildOutput

  package func write(_ bytes: [UInt8]) async throws { _ = try await input.write(bytes) }

  /// Closes its standard input, which tells it to end.
  package func endInput() async { try? await input.finish() }

  /// Reads what it prints, to the end: a full pipe would stop it.
  ///
  /// - Parameter take: called with every piece; false ends the reading, which may be taken up again.
  package func read(_ take: ([UInt8]) async throws -> Bool) async throws {
    while let bytes = try await output.next() {
      guard try await take(bytes) else { return }
    }
  }

  /// Ends it on the spot, with everything that it has started.
  package func kill() { ChildProgram.kill(group: process) }
}

/// What a program prints, for one reader at a time.
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
