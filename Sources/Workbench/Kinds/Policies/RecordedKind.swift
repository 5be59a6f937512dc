import Agents
import Foundation
import Policies
import RolloutStore

/// The answers of a store or a cassette, replayed without a model.
package struct RecordedKind: PolicyKind {
  package static let name = "recorded"
  package static let summary = "The answers of a store or of a cassette, replayed without a model."
  package static let opensConnections = false

  package static let modelWords = RecordedKind.apiWords

  private let policy: RecordedPolicy

  package init(_ settings: PolicySettings) async throws { policy = try await Self.recording(settings) }

  package static func read(_ yaml: inout YAMLMapping, into settings: inout PolicySettings) throws {
    settings.recording = try yaml.text(
      "recording", default: .required, "a store, or a cassette written by `cox export --cassette`")
    settings.identity = try yaml.text(
      "identity", default: "the only one", "whose answers are replayed, if a store has answers of several policies")
  }

  package static func check(_ settings: PolicySettings) throws {
    if settings.recording == nil {
      throw ConfigurationError.missing(
        "\(settings.section).recording", "the store or cassette whose answers are replayed.")
    }
  }

  package var identity: String { policy.identity }

  package func with<T: Sendable>(_ body: (any Policy) async throws -> T) async throws -> T { try await body(policy) }

  package func probe() -> [PolicyProbe.Finding] { [] }

  private static func recording(_ settings: PolicySettings) async throws -> RecordedPolicy {
    let path = settings.recording ?? ""
    guard try isStore(path) else {
      let cassette = try Cassette(contentsOf: path)
      if let identity = settings.identity, identity != cassette.policy {
        throw ConfigurationError(
          "The recording \(path) is of \"\(cassette.policy)\", not of the policy in policy.identity.")
      }
      return RecordedPolicy(cassette, name: path)
    }
    let store = try RolloutStore(path: path, creating: false)
    let policies = try await store.policies()
    let policy =
      if let identity = settings.identity { policies.first { $0.identity == identity } } else {
        policies.count == 1 ? policies.first : nil
      }
    guard let policy else {
      let known = policies.map { "\"\($0.identity)\"" }.joined(separator: ", ")
      throw ConfigurationError(
        policies.isEmpty
          ? "The recording \(path) is a store without a run."
          : "The recording \(path) has runs of \(known): name one of them by policy.identity.")
    }
    return RecordedPolicy(identity: policy.identity, format: policy.format ?? settings.format, name: path) {
      key throws(PolicyError) in
      do throws(StoreError) {
        return try await store.answer(for: key)?.recorded
      } catch { throw PolicyError(.storeFailed, error.message) }
    }
  }

  private static func isStore(_ path: String) throws -> Bool {
    guard let file = FileHandle(forReadingAtPath: path) else {
      throw ConfigurationError(
        "There is no readable recording \(path): give a store, or a cassette written by cox export.")
    }
    defer { try? file.close() }
    let start = try file.read(upToCount: 64) ?? Data()
    if let form = FileForm(start) { throw ConfigurationError("\(path) \(form.explanation)") }
    return start.starts(with: Data("SQLite format 3".utf8))
  }
}

extension AnswerRecord {
  /// The answer in the format of a recording.
  package var recorded: RecordedPolicy.Entry {
    RecordedPolicy.Entry(question: promptDigest, response: response, isRefusal: isRefusal)
  }
}
