import Agents
import AsyncHTTPClient
import Foundation
import HTTP
import ModelServers

/// A model behind Anthropic's Messages API.
///
/// The instructions and the last turn carry prompt-cache marks, so that the past shared by a trajectory and its clones
/// is read from the provider's cache at the next step.
public final class AnthropicPolicy: Policy {
  /// How long a model may reason before it answers.
  public enum Thinking: Sendable, Hashable {
    /// With at most this many tokens.
    case tokens(Int)
    /// For as long as the model decides.
    case adaptive
  }

  /// The model, its sampling, and how its server is called.
  public struct Settings: Sendable, Hashable {
    /// The model's name at the API.
    public var model: String
    /// How an action is written in the answers.
    public var format: ActionFormat
    /// The sampling temperature T in 0...1; nil leaves it to the server.
    public var temperature: Double?
    /// The nucleus-sampling threshold, in (0, 1]; nil leaves it to the server.
    public var topP: Double?
    /// The most tokens of one answer, reasoning included.
    public var maxTokens: Int
    /// Reasoning before the answer; the model then samples at temperature 1. Nil leaves the setting out.
    public var thinking: Thinking?
    /// The model's `effort`, such as `low`; nil leaves it to the server.
    public var effort: String?
    /// Whether the shared past is marked for the provider's cache.
    public var cachesPrompts = true
    /// Retries, timeouts and concurrency.
    public var rules: CallRules
    /// For agents' own programs: what is set of their sampling. Nil for other worlds.
    public var questions: QuestionSettings?

    /// - Parameters:
    ///   - model: the model's name at the API.
    ///   - maxTokens: the most tokens of one answer, reasoning included.
    public init(
      model: String, format: ActionFormat = .react, temperature: Double? = 1, topP: Double? = nil,
      maxTokens: Int = 1024,
      rules: CallRules = CallRules()
    ) {
      self.model = model
      self.format = format
      self.temperature = temperature
      self.topP = topP
      self.maxTokens = maxTokens
      self.rules = rules
    }
  }

  /// The API version sent with every request.
  public static let version = "2023-06-01"

  /// The settings as given.
  public let settings: Settings
  private let endpoint: ModelEndpoint
  private let dialect = LearnedDialect(MessagesDialect())

  /// - Parameters:
  ///   - url: the base URL, up to and including `/v1`.
  ///   - key: the API key. It is sent as a header and appears nowhere else.
  ///   - client: see ``withHTTPClient(connections:for:_:)``; nil for one with at most eight connections to a host.
  public convenience init(url: String, key: String?, settings: Settings, client: HTTPClient? = nil) {
    self.init(ServerAccess(url: url, key: key), settings: settings, client: client)
  }

  /// - Parameter access: the server, its headers and its query.
  public init(_ access: ServerAccess, settings: Settings, client: HTTPClient? = nil) {
    self.settings = settings
    var headers: [ServerAccess.Field] = [("anthropic-version", Self.version)]
    if case .tokens = settings.thinking, settings.format == .tools {
      // Enables thinking after each tool result. With adaptive thinking the model does so without this header.
      headers.append(("anthropic-beta", "interleaved-thinking-2025-05-14"))
    }
    endpoint = ModelEndpoint(
      HTTPTransport(client: client, access: access, keyHeader: "x-api-key", rules: settings.rules, headers: headers),
      rules: settings.rules)
  }

  public var identity: String {
    if let questions = settings.questions { return "\(settings.model) messages, asked by the agent\(questions.text)" }
    let topP = settings.topP.map { " topP \($0)" } ?? ""
    let effort = settings.effort.map { " effort \($0)" } ?? ""
    return
      "\(settings.model) messages \(settings.format) T \(settings.temperature.shown)\(topP)\(thinking)\(effort) max \(settings.maxTokens)"
  }

  private var thinking: String {
    switch settings.thinking {
    case .tokens(let tokens): " thinking \(tokens)"
    case .adaptive: " thinking adaptive"
    case nil: ""
    }
  }

  public var format: ActionFormat { settings.format }
  public var limitsConcurrency: Bool { true }

  /// The sampling of questions that a program or a world asks as a whole.
  private var ownQuestions: QuestionSettings {
    settings.questions
      ?? QuestionSettings(
        temperature: settings.thinking == nil ? settings.temperature : nil, topP: settings.topP,
        maxTokens: settings.maxTokens,
        reasoningEffort: settings.effort)
  }

  public func respond(to request: PolicyRequest) async throws(PolicyError) -> PolicyResponse {
    if let question = request.question {
      return try await endpoint.answers(
        to: question, in: .messages, model: settings.model, settings: ownQuestions,
        for: request)[0]
    }
    return try await dialect.call { dialect throws(PolicyError) in
      try await ask(request, dialect: dialect)
    } simpler: { dialect, error in
      dialect.simpler(after: error, settings: settings)
    } advice: { error in
      let thinking: String? =
        switch settings.thinking {
        case .tokens(let tokens): "\(tokens)"
        case .adaptive: "adaptive"
        case nil: nil
        }
      return RefusedSetting.advice(
        after: error,
        sent: [
          (.thinkingTokens, thinking), (.temperature, settings.sentTemperature.map { "\($0)" }),
          (.topP, settings.topP.map { "\($0)" }), (.reasoningEffort, settings.effort),
        ], section: settings.rules.section)
    }
  }

  private func ask(_ request: PolicyRequest, dialect: MessagesDialect) async throws(PolicyError) -> PolicyResponse {
    let body = try WireJSON.body(MessagesRequest(request, settings: settings, dialect: dialect))
    let transport = endpoint.transport
    let reply = try await endpoint.call("/messages", body, for: request) {
      (answer: Data) throws(PolicyError) -> PolicyResponse in
      guard let response = WireJSON.answer(MessagesAnswer.self, answer)?.response else {
        throw PolicyError(
          .malformedAnswer, "\(transport.base) sent no message: \(transport.excerpt(answer))")
      }
      return response
    }
    return reply.value.finished(reply, by: transport)
  }
}

extension AnthropicPolicy.Settings {
  /// Models that think sample at temperature 1. Newer models accept a temperature or a top-p, not both.
  var sentTemperature: Double? { thinking == nil && topP == nil ? temperature : nil }
}

/// The features that an Anthropic model accepts.
struct MessagesDialect: ServerDialect, Hashable {
  var sampling = SamplingDialect()
  var takesForcedTools = true

  /// A simpler dialect to try after a request was rejected as malformed, or nil.
  func simpler(after error: PolicyError, settings: AnthropicPolicy.Settings) -> MessagesDialect? {
    var simpler = self
    if let less = sampling.simpler(
      after: error, temperature: settings.sentTemperature, topP: settings.topP)
    {
      simpler.sampling = less
    } else if settings.format == .tools, takesForcedTools, error.message.contains("tool_choice") {
      simpler.takesForcedTools = false
    } else {
      return nil
    }
    return simpler
  }

  mutating func adopt(_ other: MessagesDialect) {
    sampling.adopt(other.sampling)
    takesForcedTools = takesForcedTools && other.takesForcedTools
  }
}
