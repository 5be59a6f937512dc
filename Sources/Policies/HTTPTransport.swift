import Agents
import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1

/// Posts JSON and returns JSON, with every failure told apart.
struct HTTPTransport: Sendable {
  let client: HTTPClient
  /// The base URL, without a slash at the end.
  let base: String
  /// The API key, or nil. Only ever sent as a header.
  let key: String?
  /// The longest one attempt may take, in seconds.
  let timeout: Double

  /// An answer longer than this is cut off, not swallowed.
  private static let longestBody = 8 << 20

  func post(_ path: String, _ body: Data) async throws(PolicyError) -> Data {
    var request = HTTPClientRequest(url: base + path)
    request.method = .POST
    request.headers.add(name: "Content-Type", value: "application/json")
    request.headers.add(name: "Accept", value: "application/json")
    if let key { request.headers.add(name: "Authorization", value: "Bearer \(key)") }
    request.body = .bytes(ByteBuffer(bytes: body))
    let status: HTTPResponseStatus
    let headers: HTTPHeaders
    let answer: Data
    do {
      let response = try await client.execute(request, timeout: .milliseconds(Int64(timeout * 1_000)))
      status = response.status
      headers = response.headers
      answer = Data((try await response.body.collect(upTo: Self.longestBody)).readableBytesView)
    } catch {
      throw failure(error)
    }
    guard status.code == 200 else { throw refusal(status, headers: headers, body: answer) }
    return answer
  }

  /// An attempt that brought no whole answer.
  private func failure(_ error: any Error) -> PolicyError {
    switch error {
    case is CancellationError: return PolicyError(.cancelled, "The run was stopped.")
    case is NIOTooManyBytesError:
      return PolicyError(.malformedAnswer, "\(base) sent more than \(Self.longestBody >> 20) MB in one answer.")
    case let error as HTTPClientError:
      switch error {
      case .cancelled: return PolicyError(.cancelled, "The run was stopped.")
      case .deadlineExceeded, .readTimeout, .connectTimeout, .writeTimeout, .getConnectionFromPoolTimeout:
        return PolicyError(.timedOut, "\(base) did not answer within \(timeout) s.")
      case .invalidURL, .emptyHost, .emptyScheme:
        return PolicyError(.badRequest, "policy.url is \(base), which is no URL; write it as http://host:port/v1.")
      default: break
      }
    default: break
    }
    // The long description of a client's error can quote headers, and one of them is the key.
    let reason = (error as? HTTPClientError)?.shortDescription ?? String(describing: type(of: error))
    return PolicyError(
      .unreachable, "No answer from \(base): \(reason). Check policy.url, and that the server is running.")
  }

  /// An answer that says no.
  private func refusal(_ status: HTTPResponseStatus, headers: HTTPHeaders, body: Data) -> PolicyError {
    let wire = try? JSONDecoder().decode(ErrorWire.self, from: body)
    let said = wire?.error.message ?? String(decoding: body.prefix(300), as: UTF8.self)
    let type = [wire?.error.type, wire?.error.code?.text].compactMap(\.self).joined(separator: " ")
    let message = "\(base) answered \(status.code): \(said)"
    switch status.code {
    case 401, 403:
      return PolicyError(.unauthorized, "\(base) refused the API key (\(status.code)). Check policy.apiKeyVariable.")
    case 404:
      return PolicyError(.unknownModel, "\(message) Check policy.model and policy.url.")
    case 429:
      return PolicyError(
        .rateLimited, message, retryAfter: retryAfterSeconds(headers.first(name: "Retry-After"), now: Date()))
    case 408, 409, 500...599:
      return PolicyError(
        .serverFailed, message, retryAfter: retryAfterSeconds(headers.first(name: "Retry-After"), now: Date()))
    default:
      if type.contains("exceed_context_size") || type.contains("context_length_exceeded") {
        return PolicyError(.contextTooLong, "The prompt is longer than the model's context. \(said)")
      }
      if type.contains("content_filter") || type.contains("content_policy") {
        return PolicyError(.contentRefused, message)
      }
      return PolicyError(.badRequest, message)
    }
  }
}

/// The error shape that OpenAI-compatible servers share; the code is a text or a number.
private struct ErrorWire: Decodable {
  struct Detail: Decodable {
    let message: String?
    let type: String?
    let code: Code?
  }

  struct Code: Decodable {
    let text: String

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let number = try? container.decode(Int.self) {
        text = String(number)
      } else {
        text = try container.decode(String.self)
      }
    }
  }

  let error: Detail
}

extension HTTPClient {
  /// The client of policies that are given none, open as long as the program; at most eight connections to a host.
  public static let standard = HTTPClient(
    eventLoopGroupProvider: .singleton, configuration: HTTPClient.Configuration(connections: 8))
}

extension HTTPClient.Configuration {
  fileprivate init(connections: Int) {
    self.init()
    connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = max(connections, 1)
    // Retries are the policy's: the pool would try a dead server in silence until the deadline.
    connectionPool.retryConnectionEstablishment = false
    // A redirect would carry the API key elsewhere.
    redirectConfiguration = .disallow
  }
}

/// Runs `body` with a client of its own connections and shuts it down after.
///
/// - Parameter connections: how many calls to one host may be in flight.
public func withHTTPClient<T: Sendable>(
  connections: Int, _ body: (HTTPClient) async throws -> T
) async throws -> T {
  let client = HTTPClient(
    eventLoopGroupProvider: .singleton, configuration: HTTPClient.Configuration(connections: connections))
  do {
    let value = try await body(client)
    try await client.shutdown()
    return value
  } catch {
    try? await client.shutdown()
    throw error
  }
}
