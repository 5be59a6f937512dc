import Agents
import AsyncHTTPClient
import Foundation
import HTTP
import NIOHTTP1

/// Posts JSON and returns JSON, with a distinct error for every failure. It neither retries nor sets deadlines.
package struct HTTPTransport: Sendable {
  private let exchange: HTTPExchange
  /// The base URL, without a slash at the end.
  package let base: String
  /// Why requests to this URL are not permitted; nil if they are.
  private let problem: String?
  private let headers: HTTPHeaders
  /// The query with its question mark; may be empty.
  private let query: String
  private let secrets: Secrets
  /// See ``CallRules/section``.
  package let section: String

  /// The longest body, in bytes. Reading stops at this length.
  package static let longestBody = 8 << 20

  /// - Parameters:
  ///   - client: nil for ``HTTPClient/standard(for:)``.
  ///   - keyHeader: the API's own header for the key; nil for `Authorization: Bearer`.
  ///   - headers: further headers that the API requires.
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

  /// - Parameter seconds: the time limit, body included.
  package func post(_ path: String, _ body: Data, within seconds: Double) async throws(PolicyError) -> Data {
    if let problem { throw PolicyError(.badRequest, problem) }
    let answer: HTTPAnswer
    do throws(HTTPFailure) {
      answer = try await exchange.send(.POST, base + path + query, headers: headers, body: body, within: seconds)
    } catch {
      throw failure(error)
    }
    let refusal =
      (200..<300).contains(answer.status)
      ? ServerRefusal.inside(answer.body, headers: answer.headers)
      : ServerRefusal(status: answer.status, headers: answer.headers, body: answer.body)
    if let refusal { throw error(refusal) }
    return answer.body
  }

  /// A server's text without the key. The server may have echoed it, and such texts are stored and shown.
  package func withoutSecret(_ text: String) -> String {
    secrets.removed(from: text)
  }

  /// The beginning of a body, for an error.
  package func excerpt(_ body: Data) -> String {
    // The text is cut after the key is removed, since half a key is secret, too.
    String(withoutSecret(String(decoding: body.prefix(4_096), as: UTF8.self)).prefix(300))
  }
}
