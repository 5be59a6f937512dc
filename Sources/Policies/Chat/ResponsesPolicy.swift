import Agents
import AsyncHTTPClient
import Foundation
import HTTP
import ModelServers

/// A model behind OpenAI's Responses API, or a server that speaks it (llama.cpp, vLLM, gateways).
///
/// The server stores nothing. Every request contains the whole conversation. In the format `tools` it also contains the
/// model's reasoning of earlier steps as the server sent it, encrypted or not.
public final class ResponsesPolicy: Policy, ForwardingPolicy {
  /// The model, its sampling, and how its server is called.
  public struct Settings: Sendable, Hashable {
    /// The model's name at the server.
    public var model: String
    /// How an action is written in the answers.
    public var format: ActionFormat
    /// The sampling temperature T; nil leaves it to the server.
    public var temperature: Double?
    /// The nucleus-sampling threshold, in (0, 1]; nil leaves it to the server.
    public var topP: Double?
    /// The most tokens of one answer, reasoning included.
    public var maxTokens: Int
    /// `reasoning.effort`, for models that take it, such as `low`.
    public var reasoningEffort: String?
    /// How answers are restricted to the admissible actions. This API takes no grammar.
    public var constraint: ChoiceConstraint
    /// Whether to request the log-probabilities of the answer's tokens, whose sum is kept.
    public var logProbabilities = false
    /// Retries, timeouts and concurrency.
    public var rules: CallRules
    /// For agents' own programs: what is set of their sampling. Nil for other worlds.
    public var questions: QuestionSettings?

    /// - Parameters:
    ///   - model: the model's name at the server.
    ///   - maxTokens: the most tokens of one answer, reasoning included.
    public init(
      model: String, format: ActionFormat = .react, temperature: Double? = 1, topP: Double? = nil,
      maxTokens: Int = 1024, constraint: ChoiceConstraint = .auto, rules: CallRules = CallRules()
    ) {
      self.model = model
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
  private let dialect = LearnedDialect(ResponsesDialect())

  /// - Parameters:
  ///   - url: the base URL, such as `https://api.openai.com/v1`.
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
  }

  public var identity: String {
    if let questions = settings.questions { return "\(settings.model) responses, asked by the agent\(questions.text)" }
    let topP = settings.topP.map { " topP \($0)" } ?? ""
    let effort = settings.reasoningEffort.map { " effort \($0)" } ?? ""
    return
      "\(settings.model) responses \(settings.format) T \(settings.temperature.shown)\(topP)\(effort) max \(settings.maxTokens) \(settings.constraint)"
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

  public func respond(to request: PolicyRequest) async throws(PolicyError) -> PolicyResponse {
    if let question = request.question {
      return try await endpoint.answers(
        to: question, in: .responses, model: settings.model, settings: ownQuestions,
        for: request)[0]
    }
    return try await dialect.call { dialect throws(PolicyError) in
      try await ask(request, dialect: dialect)
    } simpler: { dialect, error in
      dialect.simpler(after: error, request: request, settings: settings)
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

  private func ask(_ request: PolicyRequest, dialect: ResponsesDialect) async throws(PolicyError) -> PolicyResponse {
    let wire = ResponsesRequest(request, settings: settings, dialect: dialect)
    let body = try WireJSON.body(wire)
    let transport = endpoint.transport
    let reply = try await endpoint.call("/responses", body, for: request) {
      (answer: Data) throws(PolicyError) -> PolicyResponse in
      guard let answered = WireJSON.answer(ResponsesAnswer.self, answer) else {
        throw PolicyError(.malformedAnswer, "\(transport.base) sent no response: \(transport.excerpt(answer))")
      }
      return try answered.response(from: transport, body: answer)
    }
    var response = reply.value.finished(reply, by: transport)
    if wire.text != nil { response.text = ChoiceConstraint.choice(in: response.text) }
    return response
  }
}

/// The features that a server of the Responses API accepts.
struct ResponsesDialect: ServerDialect, Hashable {
  var sampling = SamplingDialect()
  var takesSchema = true
  var takesRequiredTools = true
  var takesParallelFlag = true
  /// Whether thoughts are requested in a form that can be sent back. Models without thoughts reject that.
  var takesThoughts = true

  /// A simpler dialect to try after a request was rejected as malformed, or nil if nothing is left to omit.
  func simpler(
    after error: PolicyError, request: PolicyRequest, settings: ResponsesPolicy.Settings
  ) -> ResponsesDialect? {
    let said = error.message.lowercased()
    func names(_ words: String...) -> Bool { words.contains(where: said.contains) }
    let sendsTools = settings.format == .tools
    let sendsSchema = takesSchema && settings.holdsSchema(request)
    var simpler = self
    if let less = sampling.simpler(after: error, temperature: settings.temperature, topP: settings.topP) {
      simpler.sampling = less
    } else if sendsTools, takesParallelFlag, names("parallel_tool_calls") {
      simpler.takesParallelFlag = false
    } else if sendsTools, takesRequiredTools, names("tool_choice") {
      simpler.takesRequiredTools = false
    } else if sendsTools, takesThoughts, names("encrypted", "include", "reasoning item", "'reasoning'", "rs_") {
      simpler.takesThoughts = false
    } else if sendsSchema {
      simpler.takesSchema = false
    } else if sendsTools, takesThoughts {
      simpler.takesThoughts = false
    } else {
      return nil
    }
    return simpler
  }

  mutating func adopt(_ other: ResponsesDialect) {
    sampling.adopt(other.sampling)
    takesSchema = takesSchema && other.takesSchema
    takesRequiredTools = takesRequiredTools && other.takesRequiredTools
    takesParallelFlag = takesParallelFlag && other.takesParallelFlag
    takesThoughts = takesThoughts && other.takesThoughts
  }
}

extension ResponsesPolicy.Settings {
  /// Whether a schema restricts the answer to the choices.
  func holdsSchema(_ request: PolicyRequest) -> Bool {
    format == .plain && request.choices?.isEmpty == false && (constraint == .auto || constraint == .schema)
  }
}
