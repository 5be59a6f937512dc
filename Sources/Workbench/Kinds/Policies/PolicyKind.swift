import Agents
import Foundation
import Policies

/// A kind of policy: its name, the keys that it reads, and how it is used. A new kind needs one file with such a type,
/// and one line in ``policyKinds``.
package protocol PolicyKind: Sendable {
  /// The name in `policy.kind`.
  static var name: String { get }

  /// One line for help and documentation.
  static var summary: String { get }

  /// Whether answers come from a server, so that the keys of retries and of shared prompts apply.
  static var hasWire: Bool { get }

  /// Whether each call in flight holds a connection, so that the limit of open files bounds the concurrency.
  static var opensConnections: Bool { get }

  /// Whether this process starts the server. Such a server is not restarted by others, so an outage is not waited out.
  static var startsServer: Bool { get }

  /// Whether a judge may use it.
  static var canJudge: Bool { get }

  /// The endpoints that it has.
  static var apis: Set<PolicySettings.API> { get }

  /// The meaning of the key `api` for this kind.
  static var apiWords: KeyWords { get }

  /// The meaning of the key `model` for this kind.
  static var modelWords: KeyWords { get }

  /// Reads the keys of this kind. The keys that all kinds share are read elsewhere.
  static func read(_ yaml: inout YAMLMapping, into settings: inout PolicySettings) throws

  /// Refuses settings of this kind that cannot be used.
  static func check(_ settings: PolicySettings) throws

  /// The software that it needs on this machine.
  static func needs(_ settings: PolicySettings) -> Set<Need>

  /// Creates the policy's source without starting anything.
  init(_ settings: PolicySettings) async throws

  /// The policy's identity.
  var identity: String { get }

  /// Runs `body` with the policy. Its server is started before and stopped after.
  func with<T: Sendable>(_ body: (any Policy) async throws -> T) async throws -> T

  /// The prompt that it would send.
  func written(_ request: PolicyRequest) throws -> WrittenPrompt

  /// Makes a few small calls and reports the abilities of the server.
  func probe() async throws -> [PolicyProbe.Finding]
}

/// Every kind of policy, in the order in which they are listed.
package let policyKinds: [any PolicyKind.Type] = [
  OpenAIKind.self, AnthropicKind.self, LocalKind.self, MLXKind.self, RecordedKind.self,
]

extension PolicyKind {
  package static var hasWire: Bool { true }
  package static var opensConnections: Bool { true }
  package static var startsServer: Bool { false }
  package static var canJudge: Bool { false }
  package static var apis: Set<PolicySettings.API> { [.chat, .text] }
  package static var apiWords: KeyWords { KeyWords(default: "none", "not used by this kind") }
  package static var modelWords: KeyWords { KeyWords(default: "required", "name of the model at the server") }

  package static func read(_ yaml: inout YAMLMapping, into settings: inout PolicySettings) throws {}
  package static func check(_ settings: PolicySettings) throws {}
  package static func needs(_ settings: PolicySettings) -> Set<Need> { [] }

  package func written(_ request: PolicyRequest) throws -> WrittenPrompt { .transcript(request.transcript) }
  package func probe() async throws -> [PolicyProbe.Finding] { try await with { try await PolicyProbe.basics($0) } }
}
