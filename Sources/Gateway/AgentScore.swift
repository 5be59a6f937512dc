import Agents
import ChildProcess
import Foundation
import Synchronization

/// Where an attempt's reward comes from.
package enum AgentScore: Sendable, Hashable {
  /// The last JSON line with `reward` that the program prints. Lines with `"partial": true` pay at once.
  case stdout
  /// 1 if the program ends with status 0, else 0.
  case exit
  /// A JSON file with `reward` that the program writes in its folder.
  case file(String)
  /// A command that is run in the folder afterwards: its last JSON line with `reward`, or else 1 for status 0 and 0 for
  /// others.
  case command([String])

  /// The form in identities.
  var text: String {
    switch self {
    case .stdout: "stdout"
    case .exit: "exit"
    case .file(let path): "file \(path)"
    case .command(let command): "command \(command.joined(separator: " "))"
    }
  }
}

/// What a program has printed of rewards.
final class PrintedScore: Sendable {
  private struct State {
    var lines = Lines(longest: 1 << 20)
    var partial = 0.0
    var final: Double?
    /// A line with `reward` that cannot be read.
    var unreadable: String?
  }

  private let state = Mutex(State())

  /// Takes output as it arrives. Whatever is no JSON object with `reward` is left alone.
  func take(_ bytes: [UInt8]) {
    state.withLock { state in
      guard let lines = state.lines.take(bytes) else {
        // A line that is too long holds no score.
        state.lines = Lines(longest: 1 << 20)
        return
      }
      for line in lines { Self.read(String(decoding: line, as: UTF8.self), &state) }
    }
  }

  /// Reads what follows the last line feed.
  func end() { take([UInt8(ascii: "\n")]) }

  /// The sum of the partial rewards so far.
  var partial: Double { state.withLock(\.partial) }

  /// The final reward; nil if none was printed.
  var final: Double? { state.withLock(\.final) }

  /// A line that looks like a score and is none.
  var unreadable: String? { state.withLock(\.unreadable) }

  private static func read(_ line: String, _ state: inout State) {
    let text = line.trimmed
    guard text.hasPrefix("{"), text.hasSuffix("}"), text.contains("\"reward\"") else { return }
    guard let json = JSONValue(parsing: String(text)), let reward = json["reward"]?.amount else {
      state.unreadable = String(text)
      return
    }
    if json["partial"] == .flag(true) {
      state.partial += reward
    } else {
      state.final = reward
      state.unreadable = nil
    }
  }
}

extension JSONValue {
  /// The value of a number, or of a truth value as 1 or 0.
  var amount: Double? {
    switch self {
    case .number(let number): number.double
    case .flag(let flag): flag ? 1 : 0
    default: nil
    }
  }
}
