import Agents
import AsyncHTTPClient
import Foundation
import HTTP
import ModelServers

/// A model behind an OpenAI-compatible server: OpenAI, vLLM, llama.cpp and most others.
///
/// Differences between servers are found by trying: a parameter that a server rejects and that does not change the
/// model's distribution is left out or renamed from then on.
public final class ChatCompletionsPolicy: SamplingPolicy, ForwardingPolicy {
  /// The endpoint that receives the requests.
  public enum API: String, CaseIterable, Sendable, Codable {
    /// `/chat/completions`: examples and history are turns.
    case chat
    /// `/completions`: the transcript is one text, for base models and for very small ones.
    case text
  }

  /// The request's key for the most tokens of an answer.
  public enum TokenParameter: String, CaseIterable, Sendable, Codable {
    /// `max_tokens`, which most servers take.
    case maxTokens = "max_tokens"
    /// `max_completion_tokens`, required by OpenAI's reasoning models: reasoning counts too.
    case maxCompletionTokens = "max_completion_tokens"
  }

  /// The model, its sampling, and how its server is called.
  public struct Settings: Sendable, Hashable {
    /// The model's name at the server.
    public var model: String
    /// Chat turns or one text.
    public var api: API
    /// How an action is written in the answers.
    public var format: ActionFormat
    /// The sampling temperature T; nil leaves it to the server. Not the β of the target.
    public var temperature: Double?
    /// The nucleus-sampling threshold, in (0, 1]; nil leaves it to the server.
    public var topP: Double?
    /// The most tokens of one answer.
    public var maxTokens: Int
    /// The key for the most tokens; nil tries `max_tokens` first and the other if the server asks for it.
    public var tokenParameter: TokenParameter?
    /// `reasoning_effort`, for models that take it, such as `low`.
    public var reasoningEffort: String?
    /// How answers are restricted to the admissible actions.
    public var constraint: ChoiceConstraint
    /// Whether to request the log-probabilities of the answer's tokens, whose sum is kept.
    public var logProbabilities = false
    /// Retries, timeouts and concurrency.
    public var rules: CallRules
    /// Whether the server reports the output tokens of the first of several answers only, as llama.cpp does. The other
    /// answers then count as equally long.
    public var reportsFirstAnswerOnly = false
    /// For agents' own programs: what is set of their sampling. Nil for other worlds.
    public var questions: QuestionSettings?

    /// - Parameters:
    ///   - model: the model's name at the server.
    ///   - maxTokens: the most tokens of one answer.
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

  /// The settings as given; what the server rejected is left out of requests, not of these.
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

  /// - Parameter access: the server, its headers and its query.
  public init(_ access: ServerAccess, settings: Settings, client: HTTPClient? = nil) {
    self.settings = settings
    endpoint = ModelEndpoint(
      HTTPTransport(client: client, access: access, rules: settings.rules), rules: settings.rules)
    dialect = LearnedDialect(CompletionsDialect(settings))
  }

  public var identity: String {
    if let questions = settings.questions {
      return "\(settings.model) \(settings.api), asked by the agent\(questions.text)"
    }
    let topP = settings.topP.map { " topP \($0)" } ?? ""
    let effort = settings.reasoningEffort.map { " effort \($0)" } ?? ""
    return
      "\(settings.model) \(settings.api) \(settings.format) T \(settings.temperature.shown)\(topP)\(effort) max \(settings.maxTokens) \(settings.constraint)"
  }

  public var format: ActionFormat { settings.format }
  public var limitsConcurrency: Bool { true }

  /// The sampling of questions that a program or a world asks as a whole.
  private var ownQuestions: QuestionSettings {
    settings.questions
      ?? QuestionSettings(
        temperature: settings.temperature, topP: settings.topP, maxTokens: settings.maxTokens,
        reasoningEffort: settings.reasoningEffort)
  }

  /// The most requests in flight now; below the rules' concurrency while the server rejects calls or slows down.
  public var allowedConcurrency: Int { endpoint.allowed }

  public func respond(to request: PolicyRequest) async throws(PolicyError) -> PolicyResponse {
    try await respond(to: request, samples: 1)[0]
  }

  public func respond(to request: PolicyRequest, samples: Int) async throws(PolicyError) -> [PolicyResponse] {
    if let question = request.question {
      // Only the number of answers is ours; everything else is as the agent wrote it.
      return try await dialect.call { dialect throws(PolicyError) in
        try await endpoint.answers(
          to: question, in: settings.api == .chat ? .chat : .text, model: settings.model,
          settings: ownQuestions, samples: min(samples, dialect.mostSamples), for: request)
      } simpler: { dialect, _ in
        guard min(samples, dialect.mostSamples) > 1 else { return nil }
        var simpler = dialect
        simpler.mostSamples = min(samples, dialect.mostSamples) / 2
        return simpler
      } advice: { _ in
        nil
      }
    }
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

  package func forward(_ path: String, _ body: OrderedJSON) async throws(PolicyError) -> OrderedJSON {
    try await endpoint.forward(path, body)
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
  /// The form used in identities.
  var shown: String { map { "\($0)" } ?? "none" }
}

extension PolicyResponse {
  /// Completes an answer in the same way for every kind of server: removes the key from all texts, and sets the
  /// attempts and the usage of a hedged call.
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
