import Agents
import AsyncHTTPClient
import Foundation
import Synchronization

/// A model behind an OpenAI-compatible server: OpenAI, vLLM, llama.cpp, and most others.
public final class ChatCompletionsPolicy: SamplingPolicy {
  /// Which endpoint is asked.
  public enum API: String, CaseIterable, Sendable, Codable {
    /// `/chat/completions`: examples and history are turns.
    case chat
    /// `/completions`: the transcript is one text, for base models and for very small ones.
    case text
  }

  public struct Settings: Sendable, Hashable {
    public var model: String
    public var api: API
    public var format: ActionFormat
    public var temperature: Double
    public var topP: Double?
    /// The most tokens of one answer.
    public var maxTokens: Int
    public var constraint: ChoiceConstraint
    public var retry: RetryRule
    /// The longest one attempt may take, in seconds.
    public var timeout: Double
    /// The server reports the output tokens of the first of several answers alone, as llama.cpp does. The others are then
    /// taken to be as long.
    public var reportsFirstAnswerOnly = false

    public init(
      model: String, api: API = .chat, format: ActionFormat = .react, temperature: Double = 1, topP: Double? = nil,
      maxTokens: Int = 1024, constraint: ChoiceConstraint = .auto, retry: RetryRule = RetryRule(), timeout: Double = 120
    ) {
      self.model = model
      self.api = api
      self.format = format
      self.temperature = temperature
      self.topP = topP
      self.maxTokens = maxTokens
      self.constraint = constraint
      self.retry = retry
      self.timeout = timeout
    }
  }

  public let settings: Settings
  private let transport: HTTPTransport
  /// The server has refused a JSON schema once; it is not sent again.
  private let hasRefusedSchema = Mutex(false)

  /// - Parameters:
  ///   - url: the base URL, such as `http://127.0.0.1:8080/v1`.
  ///   - key: the API key, or nil. It is sent as a header and appears nowhere else.
  ///   - client: see ``withHTTPClient(connections:_:)``; the standard one opens at most eight connections to a host.
  public init(url: String, key: String? = nil, settings: Settings, client: HTTPClient = .standard) {
    self.settings = settings
    let base = url.hasSuffix("/") ? String(url.dropLast()) : url
    transport = HTTPTransport(client: client, base: base, key: key, timeout: settings.timeout)
  }

  public var identity: String {
    let topP = settings.topP.map { " topP \($0)" } ?? ""
    return
      "\(settings.model) \(settings.api) \(settings.format) T \(settings.temperature)\(topP) max \(settings.maxTokens) \(settings.constraint)"
  }

  public var format: ActionFormat { settings.format }

  public func respond(to request: PolicyRequest) async throws(PolicyError) -> PolicyResponse {
    try await respond(to: request, samples: 1)[0]
  }

  public func respond(to request: PolicyRequest, samples: Int) async throws(PolicyError) -> [PolicyResponse] {
    try await settings.retry.run(seed: request.seed) { () async throws(PolicyError) -> [PolicyResponse] in
      try await self.ask(request, samples: samples)
    }
  }

  private func ask(_ request: PolicyRequest, samples: Int) async throws(PolicyError) -> [PolicyResponse] {
    let wire = CompletionsRequest(request, samples: samples, settings: settings, constraint: constraint)
    let body: Data
    do { body = try JSONEncoder().encode(wire) } catch {
      throw PolicyError(.badRequest, "The request could not be written as JSON: \(error)")
    }
    let answer: Data
    do throws(PolicyError) {
      answer = try await transport.post(settings.api == .chat ? "/chat/completions" : "/completions", body)
    } catch {
      guard error.kind == .badRequest, settings.constraint == .auto, wire.response_format != nil else { throw error }
      hasRefusedSchema.withLock { $0 = true }
      return try await ask(request, samples: samples)
    }
    var responses =
      (try? JSONDecoder().decode(CompletionsAnswer.self, from: answer))?.responses(
        reportsFirstOnly: settings.reportsFirstAnswerOnly) ?? []
    guard !responses.isEmpty else {
      throw PolicyError(
        .malformedAnswer,
        "\(transport.base) sent no completion: \(String(decoding: answer.prefix(200), as: UTF8.self))")
    }
    if wire.response_format != nil {
      for index in responses.indices { responses[index].text = ChoiceConstraint.choice(in: responses[index].text) }
    }
    return responses
  }

  /// What `auto` comes to here.
  private var constraint: ChoiceConstraint {
    guard settings.constraint == .auto else { return settings.constraint }
    return settings.api == .chat && !hasRefusedSchema.withLock(\.self) ? .schema : .validate
  }
}
