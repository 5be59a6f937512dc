import Agents
import AsyncHTTPClient
import Foundation
import HTTP
import NIOHTTP1

/// Posts JSON and returns JSON, with every failure told apart. Knows neither retries nor deadlines.
package struct HTTPTransport: Sendable {
  private let exchange: HTTPExchange
  /// The base URL, without a slash at the end.
  package let base: String
  /// Why nothing is sent there, or nil.
  private let problem: String?
  private let headers: HTTPHeaders
  /// With its question mark, or empty.
  private let query: String
  private let secrets: Secrets
  /// See ``CallRules/section``.
  private let section: String

  /// An answer longer than this is cut off, not swallowed.
  static let longestBody = 8 << 20

  /// - Parameters:
  ///   - client: nil for ``HTTPClient/standard(for:)``.
  ///   - keyHeader: the API's own header for the key; nil for `Authorization: Bearer`.
  ///   - headers: what this API wants besides.
  package init(
    client: HTTPClient? = nil, access: ServerAccess, keyHeader: String? = nil, rules: CallRules,
    headers: [ServerAccess.Field] = []
  ) {
    let url = access.url
    exchange = HTTPExchange(client: client ?? .standard(for: url), longestBody: Self.longestBody)
    base = url.hasSuffix("/") ? String(url.dropLast()) : url
    section = rules.section
    problem =
      ServerURL.problem(url, in: section, allowsPlainHTTP: rules.allowsPlainHTTP).map { "\(rules.section).url \($0)" }
      ?? NetworkSettings.current.problem(for: url)
    var all = HTTPHeaders([("Content-Type", "application/json"), ("Accept", "application/json")])
    for (name, value) in (access.authorization(keyHeader).map { [$0] } ?? []) + headers + access.headers {
      all.replaceOrAdd(name: name, value: value)
    }
    self.headers = all
    query = Self.query(access.query)
    secrets = Secrets((access.key.map { [$0] } ?? []) + access.secrets)
  }

  private static func query(_ fields: [ServerAccess.Field]) -> String {
    guard !fields.isEmpty else { return "" }
    let unreserved = CharacterSet(charactersIn: "-._~").union(
      .alphanumerics.intersection(CharacterSet(charactersIn: "\u{0}"..."\u{7f}")))
    func encoded(_ text: String) -> String { text.addingPercentEncoding(withAllowedCharacters: unreserved) ?? "" }
    return "?" + fields.map { "\(encoded($0.name))=\(encoded($0.value))" }.joined(separator: "&")
  }

  /// - Parameter seconds: how long it may take, the whole of the answer's body included.
  func post(_ path: String, _ body: Data, within seconds: Double) async throws(PolicyError) -> Data {
    if let problem { throw PolicyError(.badRequest, problem) }
    let answer: HTTPAnswer
    do throws(HTTPFailure) {
      answer = try await exchange.send(.POST, base + path + query, headers: headers, body: body, within: seconds)
    } catch {
      throw failure(error)
    }
    guard (200..<300).contains(answer.status) else { throw refusal(answer) }
    return answer.body
  }

  /// What a server said, without the key, in case it sent that back: such texts are stored and shown.
  func withoutSecret(_ text: String) -> String {
    secrets.removed(from: text)
  }

  /// The beginning of a body, for an error.
  package func excerpt(_ body: Data) -> String {
    // Cut only then: half a key is one too.
    String(withoutSecret(String(decoding: body.prefix(4_096), as: UTF8.self)).prefix(300))
  }

  /// An attempt that brought no whole answer.
  private func failure(_ failure: HTTPFailure) -> PolicyError {
    switch failure.kind {
    case .cancelled: PolicyError(.cancelled, failure.reason)
    case .tooLong: PolicyError(.malformedAnswer, "\(base) \(failure.reason).")
    case .timedOut: PolicyError(.timedOut, "\(base) \(failure.reason).")
    case .invalidURL:
      PolicyError(.badRequest, "\(section).url is \(base), which is no URL; write it as http://host:port/v1.")
    case .insecure:
      PolicyError(
        .badRequest,
        "No secure connection to \(base): its certificate is not trusted here, or it does not speak TLS. Check \(section).url."
      )
    case .unreachable:
      PolicyError(
        .unreachable,
        "No whole answer from \(base): \(failure.reason). Check \(section).url, and that the server is running.")
    }
  }

  /// An answer that says no.
  private func refusal(_ answer: HTTPAnswer) -> PolicyError {
    let wire = try? JSONDecoder().decode(ErrorWire.self, from: answer.body)
    let said =
      (wire?.error.message ?? wire?.message).map { String(withoutSecret($0).prefix(600)) } ?? excerpt(answer.body)
    let type = [wire?.error.type, wire?.error.code?.text].compactMap(\.self).joined(separator: " ")
    let message = "\(base) answered \(answer.status): \(said)"
    // What is wrong with this one question, or with the account, is told apart before what is wrong with all.
    if answer.status == 413 || Self.isTooLong(type, said) {
      return PolicyError(.contextTooLong, "The prompt is longer than the model or its server takes. \(said)")
    }
    if type.contains("content_filter") || type.contains("content_policy") {
      return PolicyError(.contentRefused, message)
    }
    if answer.status == 402 || ["insufficient_quota", "billing_error"].contains(where: type.contains)
      || said.contains("credit balance")
    {
      return PolicyError(.outOfCredit, "\(message) The account has no credit left: top it up, then run again.")
    }
    func waits(_ kind: PolicyError.Kind) -> PolicyError {
      PolicyError(kind, message, retryAfter: retryAfterSeconds(answer.headers.first(name: "Retry-After"), now: Date()))
    }
    switch answer.status {
    case 401:
      return PolicyError(.unauthorized, "\(base) refused the API key (401). Check \(section).apiKeyVariable.")
    case 403:
      return PolicyError(.unauthorized, "\(message) The key may not do this: check it, and \(section).model.")
    case 404:
      return PolicyError(.unknownModel, "\(message) Check \(section).model and \(section).url.")
    case 429: return waits(.rateLimited)
    case 408, 409, 425, 500...599: return waits(.serverFailed)
    case 300..<400:
      return PolicyError(
        .badRequest,
        "\(base) sends elsewhere (\(answer.status)), where the key is not taken: give \(section).url as it is."
      )
    default:
      if type.contains("model_not_found") { return PolicyError(.unknownModel, "\(message) Check \(section).model.") }
      return PolicyError(.badRequest, message)
    }
  }

  /// Servers agree neither on a code nor on words for a prompt that is too long.
  private static func isTooLong(_ type: String, _ said: String) -> Bool {
    if type.contains("exceed_context_size") || type.contains("context_length_exceeded") { return true }
    let said = said.lowercased()
    return ["maximum context length", "prompt is too long", "exceed context limit", "exceeds the context window"]
      .contains(where: said.contains)
  }
}

/// The error shapes that servers share; the code is a text or a number. Some put the message at the top.
private struct ErrorWire: Decodable {
  struct Detail: Decodable {
    var message: String?
    var type: String?
    var code: Code?
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

  enum CodingKeys: CodingKey { case error, message, type, code }

  let error: Detail
  let message: String?

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    message = try? container.decode(String.self, forKey: .message)
    if let detail = try? container.decode(Detail.self, forKey: .error) {
      error = detail
    } else {
      error = Detail(
        message: (try? container.decode(String.self, forKey: .error)) ?? message,
        type: try? container.decode(String.self, forKey: .type), code: try? container.decode(Code.self, forKey: .code))
    }
  }
}
