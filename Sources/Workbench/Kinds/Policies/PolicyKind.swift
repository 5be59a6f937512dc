import Agents
import Foundation
import Policies

/// A kind of policy: its name, the keys that it reads, and how it is asked. A new kind is one file with one such type, and one line in
/// ``policyKinds``.
package protocol PolicyKind: Sendable {
  /// As `policy.kind` names it.
  static var name: String { get }

  /// One line for help and documentation.
  static var summary: String { get }

  /// Whether answers come through a server, so that the keys of retries and of shared prompts apply.
  static var hasWire: Bool { get }

  /// Whether each call in flight holds a connection, so that the limit of open files bounds the concurrency.
  static var opensConnections: Bool { get }

  /// Whether this process starts the server. Nobody else starts it again, so that an outage is not waited out.
  static var startsServer: Bool { get }

  /// Whether a judge may be asked through it.
  static var canJudge: Bool { get }

  /// The endpoints that it has.
  static var apis: Set<PolicySettings.API> { get }

  /// What the key `api` means to it.
  static var apiWords: KeyWords { get }

  /// What the key `model` means to it.
  static var modelWords: KeyWords { get }

  /// Reads the keys of this kind. The keys that all kinds share are read elsewhere.
  static func read(_ yaml: inout YAMLMapping, into settings: inout PolicySettings) throws

  /// Refuses settings of this kind that cannot be used.
  static func check(_ settings: PolicySettings) throws

  /// What of this machine's software it needs.
  static func needs(_ settings: PolicySettings) -> Set<Need>

  /// Makes what asks, without starting anything.
  init(_ settings: PolicySettings) async throws

  /// The identity that the policy has.
  var identity: String { get }

  /// Runs `body` with the policy, its server started and stopped around it.
  func with<T: Sendable>(_ body: (any Policy) async throws -> T) async throws -> T

  /// What it would send.
  func written(_ request: PolicyRequest) throws -> WrittenPrompt

  /// Makes a few small calls and says what the server can do.
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
