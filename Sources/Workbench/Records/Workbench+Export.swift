import Foundation
import Policies
import RolloutStore

/// The result of an export.
package struct ExportReport: Encodable {
  package let cassette: String
  package let policy: String
  package let answers: Int
}

extension Workbench {
  /// Writes the stored answers of a policy as a cassette that the policy kind `recorded` replays. Opens no world.
  ///
  /// - Parameters:
  ///   - options: the policy is the configured one, unless `isConfigured` is false and the store has a single one.
  ///   - path: the file to write.
  ///   - replacing: whether an existing file is replaced.
  package static func export(
    _ options: Options, isConfigured: Bool, to path: String, replacing: Bool = true
  ) async throws -> ExportReport {
    guard replacing || !FileManager.default.fileExists(atPath: path) else {
      throw ConfigurationError("\(path) exists: give another --out, or --force to replace it.")
    }
    let store = try RolloutStore(path: options.store, creating: false)
    let policies = try await store.policies()
    let identity =
      if !isConfigured, policies.count == 1 { policies[0].identity } else {
        try await options.configuration.policy.kind.init(options.configuration.policy).identity
      }
    guard let policy = policies.first(where: { $0.identity == identity }) else {
      throw ConfigurationError(
        """
        The store \(options.store) has no answers of "\(identity)"\
        \(policies.isEmpty ? "." : "; it has those of " + policies.map { "\"\($0.identity)\"" }.joined(separator: ", ") + ".")
        """)
    }
    let file = try CassetteFile(path)
    try file.write(
      Cassette.header(policy: policy.identity, format: policy.format ?? options.configuration.policy.format))
    try await store.eachAnswer(policy: policy.identity) { answer in
      try file.write(Cassette.line(answer.key, answer.recorded))
    }
    return ExportReport(cassette: path, policy: policy.identity, answers: try file.finish() - 1)
  }
}
