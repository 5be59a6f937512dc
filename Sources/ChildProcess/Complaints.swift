import Synchronization

/// The last lines that a program wrote to standard error. They explain why it ended.
package final class Complaints: Sendable {
  private static let mostLines = 5
  private static let longestLine = 300

  private struct State {
    var lines: [String] = []
    var rest: [UInt8] = []
    var isWhole = false
  }

  private let state = Mutex(State())

  package init() {}

  /// Adds bytes as they arrive. Of a very long line only the beginning is kept.
  func take(_ bytes: [UInt8]) {
    state.withLock { state in
      for byte in bytes {
        guard byte == UInt8(ascii: "\n") else {
          if state.rest.count < Self.longestLine { state.rest.append(byte) }
          continue
        }
        if !state.rest.isEmpty { state.lines.append(String(decoding: state.rest, as: UTF8.self)) }
        if state.lines.count > Self.mostLines { state.lines.removeFirst() }
        state.rest = []
      }
    }
  }

  /// Marks the end of standard error.
  func end() { state.withLock { $0.isWhole = true } }

  package var lines: [String] {
    state.withLock { $0.lines + ($0.rest.isEmpty ? [] : [String(decoding: $0.rest, as: UTF8.self)]) }
  }

  /// A colon and the lines, or a full stop if there are none.
  package var text: String {
    let said = lines.joined(separator: " | ")
    return said.isEmpty ? "." : ": \(said)"
  }

  /// The same as `text`, after the program has ended. Its last output may still be in the pipe.
  ///
  /// - Parameter patience: how long to wait for it, since a program may close its output and go on.
  package func lastWords(patience: Duration = .seconds(1)) async -> String {
    let deadline = ContinuousClock.now + patience
    while !state.withLock(\.isWhole), ContinuousClock.now < deadline {
      do { try await Task.sleep(for: .milliseconds(5)) } catch { break }
    }
    return text
  }
}
