import Agents
import Foundation
import Policies
import Testing

@testable import Workbench
@testable import cox

@Suite("How a server is reached and sampled from, in the configuration")
struct ServerConfigurationTests {
  static let start = ConfigurationTests.openai + "url: \"https://a.example.com/v1\", "

  static func policy(_ keys: String, _ start: String = start) throws -> PolicySettings {
    try Configuration(yaml: start + keys + " }", file: "c.yaml").policy
  }

  @Test func settingsMayBeNone() async throws {
    let none = try Self.policy("temperature: none, topP: none")
    #expect(none.temperature == nil && none.topP == nil)
    let source = try await none.kind.init(none)
    #expect(source.identity == "m chat react T none max 1024 auto")
    let claude = try Self.policy(
      "temperature: none, thinkingTokens: none, reasoningEffort: none", ConfigurationTests.anthropic)
    #expect(claude.thinking == nil && claude.reasoningEffort == nil)
    let adaptive = try Self.policy(
      "thinkingTokens: adaptive, reasoningEffort: high, format: tools", ConfigurationTests.anthropic)
    #expect(adaptive.thinking == .adaptive && adaptive.reasoningEffort == "high")
    let named = try await adaptive.kind.init(adaptive)
    #expect(named.identity == "m messages tools T 1.0 thinking adaptive effort high max 1024")
    // OpenAI's value for no thoughts is sent.
    #expect(try Self.policy("reasoningEffort: none").reasoningEffort == "none")
    let judge = try Configuration(
      yaml: ConfigurationTests.least
        + "critic: { kind: judge, url: \"https://a.example.com\", model: j, temperature: none }",
      file: "c.yaml")
    #expect(judge.critic.judge?.policy.temperature == nil)
  }

  @Test func responses() async throws {
    let settings = try Self.policy(
      "api: responses, format: tools, temperature: 0.5, topP: 0.9, reasoningEffort: low, logprobs: true")
    let source = try #require(try await settings.kind.init(settings) as? OpenAIKind)
    let (responses, server) = (source.responses, settings.server)
    #expect(responses.reasoningEffort == "low" && responses.logProbabilities && responses.temperature == 0.5)
    #expect(server.url == "https://a.example.com/v1")
    #expect(source.identity == "m responses tools T 0.5 topP 0.9 effort low max 1024 auto")
  }

  @Test func accessIsReadFromVariables() throws {
    let home = try #require(ProcessInfo.processInfo.environment["HOME"])
    let server = try Self.policy(
      "apiKeyVariable: HOME, apiKeyHeader: api-key, query: { api-version: 2024-10-21, b: \"${HOME}\" }, "
        + "headers: { X-B: \"Token ${HOME}!\", X-A: \"costs $5\" }"
    ).server
    #expect(server.variables == ["HOME", "HOME", "HOME"])
    let access = try server.access()
    #expect(access.key == home && access.keyHeader == "api-key")
    #expect(access.query.map(\.name) == ["api-version", "b"] && access.query.map(\.value) == ["2024-10-21", home])
    #expect(access.headers.map(\.value) == ["costs $5", "Token \(home)!"])
    #expect(access.secrets == [home, home])
    let pooling = try Configuration(
      yaml: ConfigurationTests.least
        + "critic: { kind: pooling, url: \"https://a.example.com\", model: m, headers: { X-A: b } }", file: "c.yaml")
    #expect(try pooling.critic.pooling?.server.access().headers.map(\.value) == ["b"])
  }

  @Test(
    "What makes no sense is refused, and no secret is quoted",
    arguments: [
      ("temperature: nothing", "temperature is not a number or none"), ("topP: 0", "topP is 0"),
      ("headers: { Authorization: Bearer planted-secret }", "policy.headers.Authorization looks like a secret"),
      ("headers: { X-Api-Key: planted-secret-of-mine }", "looks like a secret"),
      ("query: { key: planted-secret-of-mine }", "policy.query.key looks like a secret"),
      ("headers: { Content-Length: 5 }", "set by cox itself"), ("headers: { \"a b\": 5 }", "not the name of a header"),
      ("apiKeyHeader: \"x y\"", "not the name of a header"), ("headers: [a]", "a mapping of names to texts"),
      ("headers: { X-A: \"a\\nb: c\" }", "control characters"), ("query: 5", "a mapping of names to texts"),
      ("api: responses, choices: grammar", "Responses API takes schema"), ("api: completions", "chat, responses, text"),
    ])
  func refused(keys: String, words: String) {
    let failure = ConfigurationTests.failure(Self.start + keys + " }")
    #expect(failure?.contains(words) == true, "\(failure ?? "")")
    #expect(failure?.contains("planted") != true)
  }

  @Test(
    "Keys of another kind are refused",
    arguments: [
      ("environment: { kind: orders }\npolicy: { kind: local, api: responses }", "goes with kind openai"),
      ("environment: { kind: orders }\npolicy: { kind: local, headers: { X-A: b } }", "unknown key policy.headers"),
      (ConfigurationTests.openai + "url: \"https://a.example.com/v1?api-version=1\" }", "policy.query"),
    ])
  func misplaced(yaml: String, words: String) {
    let failure = ConfigurationTests.failure(yaml)
    #expect(failure?.contains(words) == true, "\(failure ?? "")")
  }
}
