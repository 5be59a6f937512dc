import Synchronization

/// The last lines that a program wrote to standard error, to say why it ended.
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

  /// Takes bytes as they come. Of a line without end only its beginning is kept.
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

  /// Nothing more comes.
  func end() { state.withLock { $0.isWhole = true } }

  package var lines: [String] {
    state.withLock { $0.lines + ($0.rest.isEmpty ? [] : [String(decoding: $0.rest, as: UTF8.self)]) }
  }

  /// ": what it said", or a full stop.
  package var text: String {
    let said = lines.joined(separator: " | ")
    return said.isEmpty ? "." : ": \(said)"
  }

  /// The same once the program has ended; what it said last may still be on its way.
  ///
  /// - Parameter patience: how long to wait for it, since a program may close its output and live on.
  package func lastWords(patience: Duration = .seconds(1)) async -> String {
    let deadline = ContinuousClock.now + patience
    while !state.withLock(\.isWhole), ContinuousClock.now < deadline {
      do { try await Task.sleep(for: .milliseconds(5)) } catch { break }
    }
    return text
  }
}
