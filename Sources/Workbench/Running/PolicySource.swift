import Agents
import Foundation
import HTTP
import ModelServers
import Policies
import RolloutStore

/// Where answers come from, as the configuration says it: one place for asking the policy and for naming it.
package enum PolicySource {
  case completions(ChatCompletionsPolicy.Settings, ServerSettings)
  case responses(ResponsesPolicy.Settings, ServerSettings)
  case anthropic(AnthropicPolicy.Settings, ServerSettings)
  case local(ChatCompletionsPolicy.Settings, LocalServer.Settings)
  case open(OpenPolicy)
  case recorded(RecordedPolicy)
  /// A policy that the caller has made.
  case given(any Policy)

  package init(_ settings: PolicySettings) async throws {
    let rules = settings.rules
    switch settings.kind {
    case .openai where settings.api == .responses:
      var responses = ResponsesPolicy.Settings(
        model: settings.model ?? "", format: settings.format, temperature: settings.temperature, topP: settings.topP,
        maxTokens: settings.maxTokens, constraint: settings.choices, rules: rules)
      responses.reasoningEffort = settings.reasoningEffort
      responses.logProbabilities = settings.logprobs
      self = .responses(responses, settings.server)
    case .openai:
      self = .completions(Self.completions(settings, model: settings.model ?? "", rules: rules), settings.server)
    case .anthropic:
      var anthropic = AnthropicPolicy.Settings(
        model: settings.model ?? "", format: settings.format, temperature: settings.temperature, topP: settings.topP,
        maxTokens: settings.maxTokens, rules: rules)
      anthropic.thinking = settings.thinking
      anthropic.effort = settings.reasoningEffort
      anthropic.cachesPrompts = settings.promptCache
      self = .anthropic(anthropic, settings.server)
    case .local:
      var completions = Self.completions(settings, model: LocalServer.modelName(settings.model), rules: rules)
      if settings.choices == .auto { completions.constraint = .grammar }
      completions.reportsFirstAnswerOnly = true
      var server = LocalServer.Settings(
        python: settings.python ?? Installation.current.serverPython,
        model: settings.model ?? Installation.current.bundledModel, port: settings.port,
        slots: settings.slots ?? settings.concurrency, context: settings.context)
      if let threads = settings.threads { server.threads = threads }
      server.environment = settings.children
      self = .local(completions, server)
    case .mlx: self = .open(try OpenPolicy(settings))
    case .recorded: self = .recorded(try await Self.recording(settings))
    }
  }

  /// The identity that the policy has, without starting anything.
  package var identity: String {
    switch self {
    case .completions(let settings, _), .local(let settings, _):
      ChatCompletionsPolicy(url: "", settings: settings).identity
    case .responses(let settings, _): ResponsesPolicy(url: "", settings: settings).identity
    case .anthropic(let settings, _): AnthropicPolicy(url: "", key: nil, settings: settings).identity
    case .open(let policy): policy.identity
    case .recorded(let policy): policy.identity
    case .given(let policy): policy.identity
    }
  }

  private static func completions(
    _ settings: PolicySettings, model: String, rules: CallRules
  ) -> ChatCompletionsPolicy.Settings {
    var completions = ChatCompletionsPolicy.Settings(
      model: model, api: settings.api == .text ? .text : .chat, format: settings.format,
      temperature: settings.temperature,
      topP: settings.topP, maxTokens: settings.maxTokens, constraint: settings.choices, rules: rules)
    completions.tokenParameter = settings.maxTokensParameter
    completions.reasoningEffort = settings.reasoningEffort
    completions.logProbabilities = settings.logprobs
    return completions
  }

  private static func recording(_ settings: PolicySettings) async throws -> RecordedPolicy {
    let path = settings.recording ?? ""
    guard try isStore(path) else {
      let cassette = try Cassette(contentsOf: path)
      if let identity = settings.identity, identity != cassette.policy {
        throw ConfigurationError("The recording \(path) is of \"\(cassette.policy)\", not of policy.identity.")
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
      throw ConfigurationError("There is no readable recording \(path): give a store, or a cassette of cox export.")
    }
    defer { try? file.close() }
    let start = try file.read(upToCount: 64) ?? Data()
    if let form = FileForm(start) { throw ConfigurationError("\(path) \(form.explanation)") }
    return start.starts(with: Data("SQLite format 3".utf8))
  }
}

extension PolicySettings {
  package var rules: CallRules {
    CallRules(
      // Nobody starts our own server again.
      retry: RetryRule(attempts: attempts, waitsOutOutages: kind != .local), timeout: timeout, deadline: deadline,
      concurrency: OpenFiles.connections(concurrency),
      isAdaptive: adaptiveConcurrency && kind != .local, hedge: hedge, allowsPlainHTTP: allowPlainHTTP, section: section
    )
  }
}

extension AnswerRecord {
  /// As a recording has it.
  package var recorded: RecordedPolicy.Entry {
    RecordedPolicy.Entry(question: promptDigest, response: response, isRefusal: isRefusal)
  }
}

extension PolicySource {
  /// Runs `body` with the policy, its server started and stopped around it.
  ///
  /// - Parameter configured: what the source was made from.
  package func withPolicy<T: Sendable>(
    _ configured: PolicySettings, observer: any WorkObserver, _ body: (any Policy) async throws -> T
  ) async throws -> T {
    let concurrency = configured.concurrency
    // As many as may be in flight never come together in one prompt; a server that draws fewer says so.
    let samples = configured.samplesPerCall ?? concurrency
    if usesConnections, let remark = OpenFiles.remark(on: concurrency, key: "\(configured.section).concurrency") {
      observer.warn(remark)
    }
    switch self {
    case .completions(let settings, let server):
      let access = try server.access()
      return try await withHTTPClient(connections: concurrency, for: access.url) { client in
        let policy = ChatCompletionsPolicy(access, settings: settings, client: client)
        return try await body(SharedPrompts(policy, most: min(samples, 128)))
      }
    case .responses(let settings, let server):
      let access = try server.access()
      return try await withHTTPClient(connections: concurrency, for: access.url) { client in
        try await body(ResponsesPolicy(access, settings: settings, client: client))
      }
    case .anthropic(let settings, let server):
      let access = try server.access()
      return try await withHTTPClient(connections: concurrency, for: access.url) { client in
        try await body(AnthropicPolicy(access, settings: settings, client: client))
      }
    case .local(let settings, let server):
      return try await LocalServer.with(server) { server in
        try await withHTTPClient(connections: concurrency) { client in
          let policy = ChatCompletionsPolicy(url: server.url, settings: settings, client: client)
          return try await body(SharedPrompts(policy, most: min(samples, server.slots)))
        }
      }
    case .open(let policy): return try await policy.with(body)
    case .recorded(let policy): return try await body(policy)
    case .given(let policy): return try await body(policy)
    }
  }

  private var usesConnections: Bool {
    switch self {
    case .completions, .responses, .anthropic, .local: true
    case .open, .recorded, .given: false
    }
  }
}
