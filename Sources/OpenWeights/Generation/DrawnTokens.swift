import Agents
import Foundation
import Synchronization

/// The tokens in which answers were drawn. A text can be tokenised in several ways. Training needs the tokens that
/// were drawn, with their probabilities at that time.
///
/// Stored in a file line by line, so that a training that was stopped can resume with the same tokens.
package final class DrawnTokens: Sendable {
  package struct Answer: Sendable, Hashable, Codable {
    /// A digest of the question's tokens.
    let prompt: String
    package let text: String
    /// All tokens, including the one that ended the answer.
    package let tokens: [Int32]
    /// The log-probability of each token in the distribution it was drawn from, in nats.
    package let logProbabilities: [Float]
  }

  private struct Key: Hashable {
    let prompt, text: String
  }

  private struct State {
    var answers: [Key: [Answer]] = [:]
    var file: FileHandle?
  }

  private let state: Mutex<State>

  /// - Parameter path: the file, whose contents are read first. nil stores the answers in memory only.
  package init(_ path: String? = nil) throws {
    var state = State()
    if let path {
      let files = FileManager.default
      try files.createDirectory(
        at: URL(fileURLWithPath: path).deletingLastPathComponent(), withIntermediateDirectories: true)
      let decoder = JSONDecoder()
      // Truncated lines are skipped; their answers will be drawn again.
      for line in (files.contents(atPath: path) ?? Data()).split(separator: UInt8(ascii: "\n")) {
        guard let answer = try? decoder.decode(Answer.self, from: line) else { continue }
        state.answers[Key(prompt: answer.prompt, text: answer.text), default: []].append(answer)
      }
      if !files.fileExists(atPath: path) { files.createFile(atPath: path, contents: nil) }
      guard let file = FileHandle(forWritingAtPath: path) else { throw ModelError("\(path) cannot be written.") }
      try file.seekToEnd()
      // The newline ends a line that may have been truncated.
      try file.write(contentsOf: Data("\n".utf8))
      state.file = file
    }
    self.state = Mutex(state)
  }

  deinit { state.withLock { try? $0.file?.close() } }

  private static func digest(_ prompt: [Int32]) -> String {
    var digest = Digest()
    digest.add(prompt.map(String.init).joined(separator: " "))
    return digest.text
  }

  func add(_ generation: Generation, to prompt: [Int32], as text: String) throws {
    let answer = Answer(
      prompt: Self.digest(prompt), text: text, tokens: generation.tokens,
      logProbabilities: generation.logProbabilities)
    let line = try JSONEncoder().encode(answer) + Data("\n".utf8)
    try state.withLock { state in
      state.answers[Key(prompt: answer.prompt, text: text), default: []].append(answer)
      try state.file?.write(contentsOf: line)
    }
  }

  /// Removes and returns an answer with that text, so that each of several equal answers is taken once.
  func take(_ text: String, to prompt: [Int32]) -> Answer? {
    let key = Key(prompt: Self.digest(prompt), text: text)
    return state.withLock { state in
      guard let first = state.answers[key]?.first else { return nil }
      state.answers[key]?.removeFirst()
      return first
    }
  }
}
