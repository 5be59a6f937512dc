import Agents
import Foundation

/// Recorded answers in a file of JSON lines, for reading, comparing and tests. The first line names the policy; every
/// other line is an answer.
public struct Cassette: Sendable {
  /// The identity of the recorded policy.
  public let policy: String
  /// How the recorded policy writes actions.
  public let format: ActionFormat
  /// The answers by their place in the run.
  public let entries: [CallKey: RecordedPolicy.Entry]

  private static let version = 1

  private struct Header: Codable {
    let cassette: Int
    let policy: String
    let format: ActionFormat
  }

  private struct Line: Codable {
    let run, task: String
    let particle, step: Int
    let question: String
    let response: PolicyResponse
    /// Omitted for answers.
    let isRefusal: Bool?
  }

  /// Reads a cassette.
  ///
  /// - Throws: ``PolicyError`` of kind `notRecorded` that names the first unreadable line.
  public init(contentsOf path: String) throws(PolicyError) {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw PolicyError(.notRecorded, "There is no readable recording \(path). Export one from a store.")
    }
    if let form = FileForm(data.prefix(64)) { throw PolicyError(.notRecorded, "\(path) \(form.explanation)") }
    let decoder = JSONDecoder()
    var lines = data.split(separator: UInt8(ascii: "\n")).makeIterator()
    guard let first = lines.next(), let header = try? decoder.decode(Header.self, from: first) else {
      throw PolicyError(.notRecorded, "\(path) is neither a store nor a cassette: its first line is not a header.")
    }
    guard header.cassette == Self.version else {
      throw PolicyError(
        .notRecorded, "\(path) is a cassette of version \(header.cassette); this version reads \(Self.version).")
    }
    var entries: [CallKey: RecordedPolicy.Entry] = [:]
    var number = 1
    while let text = lines.next() {
      number += 1
      guard let line = try? decoder.decode(Line.self, from: text) else {
        throw PolicyError(.notRecorded, "Line \(number) of \(path) is not a recorded answer. Was the file cut off?")
      }
      let key = CallKey(run: line.run, task: TaskID(line.task), particle: line.particle, step: line.step)
      entries[key] = RecordedPolicy.Entry(
        question: line.question, response: line.response, isRefusal: line.isRefusal ?? false)
    }
    (policy, format, self.entries) = (header.policy, header.format, entries)
  }

  /// The first line of a cassette, which names the policy.
  public static func header(policy: String, format: ActionFormat) throws -> Data {
    try encoded(Header(cassette: version, policy: policy, format: format))
  }

  /// The line of one answer.
  public static func line(_ key: CallKey, _ entry: RecordedPolicy.Entry) throws -> Data {
    try encoded(
      Line(
        run: key.run, task: key.task.rawValue, particle: key.particle, step: key.step, question: entry.question,
        response: entry.response, isRefusal: entry.isRefusal ? true : nil))
  }

  private static func encoded(_ value: some Encodable) throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return try encoder.encode(value) + Data("\n".utf8)
  }
}
