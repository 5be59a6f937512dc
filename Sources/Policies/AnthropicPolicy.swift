import Agents
import AsyncHTTPClient
import Foundation
import HTTP

/// A model behind Anthropic's Messages API.
///
/// The instructions and the last turn carry prompt-cache marks, so that the past that a trajectory, and every clone of it, shares
/// is read from the provider's cache at the next step.
public final class AnthropicPolicy: Policy {
  public struct Settings: Sendable, Hashable {
    public var model: String
    public var format: ActionFormat
    /// In 0...1, as this API takes it.
    public var temperature: Double
    public var topP: Double?
    /// The most tokens of one answer, thoughts included.
    public var maxTokens: Int
    /// Lets the model think before it answers, in at most so many tokens; it then samples at temperature 1.
    public var thinkingTokens: Int?
    /// Marks the shared past for the provider's cache.
    public var cachesPrompts = true
    public var rules: CallRules

    public init(
      model: String, format: ActionFormat = .react, temperature: Double = 1, topP: Double? = nil, maxTokens: Int = 1024,
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

  /// The version of the API that this speaks.
  public static let version = "2023-06-01"

  public let settings: Settings
  private let endpoint: ModelEndpoint

  /// - Parameters:
  ///   - url: the base URL, up to and including `/v1`.
  ///   - key: the API key. It is sent as a header and appears nowhere else.
  public init(url: String, key: String?, settings: Settings, client: HTTPClient = .standard) {
    self.settings = settings
    let transport = HTTPTransport(
      client: client, url: url, authorization: key.map { .header("x-api-key", $0) } ?? .none,
      rules: settings.rules, headers: [("anthropic-version", Self.version)])
    endpoint = ModelEndpoint(transport, rules: settings.rules)
  }

  public var identity: String {
    let topP = settings.topP.map { " topP \($0)" } ?? ""
    let thinking = settings.thinkingTokens.map { " thinking \($0)" } ?? ""
    return
      "\(settings.model) messages \(settings.format) T \(settings.temperature)\(topP)\(thinking) max \(settings.maxTokens)"
  }

  public var format: ActionFormat { settings.format }
  public var limitsConcurrency: Bool { true }

  public func respond(to request: PolicyRequest) async throws(PolicyError) -> PolicyResponse {
    let body: Data
    do { body = try WireJSON.encoder.encode(MessagesRequest(request, settings: settings)) } catch {
      throw PolicyError(.badRequest, "The request could not be written as JSON: \(error)")
    }
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
