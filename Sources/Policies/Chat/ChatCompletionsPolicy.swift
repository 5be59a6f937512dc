import Agents
import AsyncHTTPClient
import Foundation
import HTTP
import ModelServers

/// A model behind an OpenAI-compatible server: OpenAI, vLLM, llama.cpp, and most others.
///
/// What servers disagree about is found out by asking: a parameter that a server refuses, and that does not change what the model
/// would say, is left out or renamed from then on.
public final class ChatCompletionsPolicy: SamplingPolicy {
  /// Which endpoint is asked.
  public enum API: String, CaseIterable, Sendable, Codable {
    /// `/chat/completions`: examples and history are turns.
    case chat
    /// `/completions`: the transcript is one text, for base models and for very small ones.
    case text
  }

  /// How the most tokens of an answer are asked for.
  public enum TokenParameter: String, CaseIterable, Sendable, Codable {
    case maxTokens = "max_tokens"
    /// What reasoning models of OpenAI want: thoughts count too.
    case maxCompletionTokens = "max_completion_tokens"
  }

  public struct Settings: Sendable, Hashable {
    public var model: String
    public var api: API
    public var format: ActionFormat
    /// nil leaves it to the server.
    public var temperature: Double?
    /// nil leaves it to the server.
    public var topP: Double?
    /// The most tokens of one answer.
    public var maxTokens: Int
    /// nil finds out: `max_tokens`, unless the server asks for the other.
    public var tokenParameter: TokenParameter?
    /// `reasoning_effort`, for models that take it, such as `low`.
    public var reasoningEffort: String?
    public var constraint: ChoiceConstraint
    /// Asks for the log-probabilities of the answer's tokens, and keeps their sum.
    public var logProbabilities = false
    public var rules: CallRules
    /// The server reports the output tokens of the first of several answers alone, as llama.cpp does. The others are then
    /// taken to be as long.
    public var reportsFirstAnswerOnly = false

    public init(
      model: String, api: API = .chat, format: ActionFormat = .react, temperature: Double? = 1, topP: Double? = nil,
      maxTokens: Int = 1024, constraint: ChoiceConstraint = .auto, rules: CallRules = CallRules()
    ) {
      self.model = model
      self.api = api
      self.format = format
      self.temperature = temperature
      self.topP = topP
      self.maxTokens = maxTokens
      self.constraint = constraint
      self.rules = rules
    }
  }

  public let settings: Settings
  private let endpoint: ModelEndpoint
  private let dialect: LearnedDialect<CompletionsDialect>

  /// - Parameters:
  ///   - url: the base URL, such as `http://127.0.0.1:8080/v1`.
  ///   - key: the API key, or nil. It is sent as a header and appears nowhere else.
  ///   - client: see ``withHTTPClient(connections:for:_:)``; nil for one with at most eight connections to a host.
  public convenience init(url: String, key: String? = nil, settings: Settings, client: HTTPClient? = nil) {
    self.init(ServerAccess(url: url, key: key), settings: settings, client: client)
  }

  /// - Parameter access: the server, and what it is told beside the question.
  public init(_ access: ServerAccess, settings: Settings, client: HTTPClient? = nil) {
    self.settings = settings
    endpoint = ModelEndpoint(
      HTTPTransport(client: client, access: access, rules: settings.rules), rules: settings.rules)
    dialect = LearnedDialect(CompletionsDialect(settings))
  }

  public var identity: String {
    let topP = settings.topP.map { " topP \($0)" } ?? ""
    let effort = settings.reasoningEffort.map { " effort \($0)" } ?? ""
    return
      "\(settings.model) \(settings.api) \(settings.format) T \(settings.temperature.shown)\(topP)\(effort) max \(settings.maxTokens) \(settings.constraint)"
  }

  public var format: ActionFormat { settings.format }
  public var limitsConcurrency: Bool { true }

  /// How many requests may be in flight now: fewer than the rules allow while the server refuses or slows down.
  public var allowedConcurrency: Int { endpoint.allowed }

  public func respond(to request: PolicyRequest) async throws(PolicyError) -> PolicyResponse {
    try await respond(to: request, samples: 1)[0]
  }

  public func respond(to request: PolicyRequest, samples: Int) async throws(PolicyError) -> [PolicyResponse] {
    let mostSamples = dialect.current.mostSamples
    return try await dialect.call { dialect throws(PolicyError) in
      try await ask(request, samples: min(samples, dialect.mostSamples), dialect: dialect)
    } simpler: { dialect, error in
      dialect.simpler(
        after: error, request: request, samples: min(samples, dialect.mostSamples), mostSamples: mostSamples,
        settings: settings)
    } advice: { error in
      RefusedSetting.advice(
        after: error,
        sent: [
          (.temperature, settings.temperature.map { "\($0)" }), (.topP, settings.topP.map { "\($0)" }),
          (.reasoningEffort, settings.reasoningEffort),
        ], section: settings.rules.section)
    }
  }

  private func ask(
    _ request: PolicyRequest, samples: Int, dialect: CompletionsDialect
  ) async throws(PolicyError) -> [PolicyResponse] {
    let wire = CompletionsRequest(request, samples: samples, settings: settings, dialect: dialect)
    let body = try WireJSON.body(wire)
    let (transport, holdsSchema, settings) = (endpoint.transport, wire.response_format != nil, settings)
    let reply = try await endpoint.call(
      settings.api == .chat ? "/chat/completions" : "/completions", body, for: request
    ) { (answer: Data) throws(PolicyError) -> [PolicyResponse] in
      let responses =
        try WireJSON.answer(CompletionsAnswer.self, answer)?.responses(
          most: samples, reportsFirstOnly: settings.reportsFirstAnswerOnly
        ) { transport.error(ofChoice: $0.finish_reason, $0.error) } ?? []
      guard !responses.isEmpty else {
        throw PolicyError(
          .malformedAnswer, "\(transport.base) sent no completion: \(transport.excerpt(answer))")
      }
      return responses
    }
    var responses = reply.value.map { $0.finished(reply, by: transport) }
    for index in responses.indices {
      if holdsSchema { responses[index].text = ChoiceConstraint.choice(in: responses[index].text) }
    }
    return responses
  }
}

extension Double? {
  /// As identities have it.
  var shown: String { map { "\($0)" } ?? "none" }
}

extension PolicyResponse {
  /// What is the same for every kind of server: no key in any text, how often it was asked for, and what a question sent twice may
  /// have cost.
  func finished<T>(_ reply: ModelEndpoint.Reply<T>, by transport: HTTPTransport) -> PolicyResponse {
    var response = self
    response.text = transport.withoutSecret(text)
    response.reasoning = reasoning.map(transport.withoutSecret)
    response.continuation = continuation.map(transport.withoutSecret)
    if reply.isHedged { response.usage = usage.doubled }
    response.attempts = reply.attempts
    return response
  }
}
