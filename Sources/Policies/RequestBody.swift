import Agents
import Foundation
import ModelServers

/// A policy that can show its request without sending it.
public protocol RequestWriting: Policy {
  /// The body of the first request, before a server has rejected any part of it.
  func body(for request: PolicyRequest) throws(PolicyError) -> Data
}

extension ChatCompletionsPolicy: RequestWriting {
  public func body(for request: PolicyRequest) throws(PolicyError) -> Data {
    try WireJSON.body(
      CompletionsRequest(request, samples: 1, settings: settings, dialect: CompletionsDialect(settings)))
  }
}

extension AnthropicPolicy: RequestWriting {
  public func body(for request: PolicyRequest) throws(PolicyError) -> Data {
    try WireJSON.body(MessagesRequest(request, settings: settings, dialect: MessagesDialect()))
  }
}

extension ResponsesPolicy: RequestWriting {
  public func body(for request: PolicyRequest) throws(PolicyError) -> Data {
    try WireJSON.body(ResponsesRequest(request, settings: settings, dialect: ResponsesDialect()))
  }
}
