import Agents
import ArgumentParser
import Foundation
import Policies
import RolloutStore

struct Export: Verb {
  static let configuration = CommandConfiguration(
    abstract: "Write recorded answers to a file that can be replayed.",
    discussion: """
      A cassette holds every answer that the store has of the configured policy, as JSON lines. A policy of the kind \
      recorded replays it: `policy: { kind: recorded, recording: FILE }`.
      """)

  @OptionGroup var common: CommonOptions

  @Option(help: ArgumentHelp("The cassette to write.", valueName: "file"))
  var cassette: String

  func run() async throws {
    let store = try RolloutStore(path: common.store, creating: false)
    let policies = try await store.policies()
    let identity = try await wanted(of: policies.map(\.identity))
    guard let policy = policies.first(where: { $0.identity == identity }) else {
      throw ConfigurationError(
        """
        The store \(common.store) has no answers of "\(identity)"\
        \(policies.isEmpty ? "." : "; it has those of " + policies.map { "\"\($0.identity)\"" }.joined(separator: ", ") + ".")
        """)
    }
    let format = try policy.format ?? common.configuration().policy.format
    let file = try CassetteFile(cassette)
    try file.write(Cassette.header(policy: policy.identity, format: format))
    try await store.eachAnswer(policy: policy.identity) { answer in
      try file.write(Cassette.line(answer.key, answer.recorded))
    }
    let report = ExportReport(cassette: cassette, policy: policy.identity, answers: try file.finish() - 1)
    if let json = common.json { try Console.write(json: report, to: json) }
    if common.json != "-" {
      Console.print("\(report.answers) answers of \"\(report.policy)\" written to \(report.cassette).")
    }
  }

  /// The configured policy where there is a configuration, else the only one the store has.
  private func wanted(of identities: [String]) async throws -> String {
    guard common.config == nil, identities.count == 1 else {
      return try await PolicySource(common.configuration().policy).identity
    }
    return identities[0]
  }
}

private struct ExportReport: Encodable {
  let cassette: String
  let policy: String
  let answers: Int
}

/// A file that is there whole or not at all.
private final class CassetteFile: @unchecked Sendable {
  // Written to from one thread at a time: the store's while it reads, the caller's before and after.
  private let path: String
  private let partial: String
  private let handle: FileHandle
  private var lines = 0

  init(_ path: String) throws {
    self.path = path
    partial = path + ".partial"
    try Console.write(Data(), toFile: partial)
    guard let handle = FileHandle(forWritingAtPath: partial) else {
      throw ConfigurationError("Could not write \(partial).")
    }
    self.handle = handle
  }

  func write(_ line: Data) throws {
    try handle.write(contentsOf: line)
    lines += 1
  }

  /// - Returns: how many lines it has.
  func finish() throws -> Int {
    try handle.close()
    guard rename(partial, path) == 0 else {
      throw ConfigurationError("Could not write \(path): \(String(cString: strerror(errno)))")
    }
    return lines
  }
}
