import Agents
import AsyncHTTPClient
import Foundation
import HTTP
import NIOHTTP1

/// Posts JSON and returns JSON, with every failure told apart. Knows neither retries nor deadlines.
package struct HTTPTransport: Sendable {
  /// How a server is told who asks.
  package enum Authorization: Sendable {
    case none
    /// `Authorization: Bearer`.
    case bearer(String)
    /// A header of the server's own.
    case header(String, String)

    var header: (name: String, value: String)? {
      switch self {
      case .none: nil
      case .bearer(let key): ("Authorization", "Bearer \(key)")
      case .header(let name, let key): (name, key)
      }
    }

    var secret: String? {
      switch self {
      case .none: nil
      case .bearer(let key), .header(_, let key): key
      }
    }
  }

  private let exchange: HTTPExchange
  /// The base URL, without a slash at the end.
  package let base: String
  /// Why nothing is sent there, or nil.
  private let problem: String?
  private let headers: HTTPHeaders
  private let secret: [UInt8]
  /// See ``CallRules/section``.
  let section: String

  /// An answer longer than this is cut off, not swallowed.
  static let longestBody = 8 << 20

  package init(
    client: HTTPClient, url: String, authorization: Authorization, rules: CallRules,
    headers: [(name: String, value: String)] = []
  ) {
    exchange = HTTPExchange(client: client, longestBody: Self.longestBody)
    base = url.hasSuffix("/") ? String(url.dropLast()) : url
    section = rules.section
    problem = ServerURL.problem(url, in: section, allowsPlainHTTP: rules.allowsPlainHTTP)
    var all = HTTPHeaders([("Content-Type", "application/json"), ("Accept", "application/json")])
    if let header = authorization.header { all.add(name: header.name, value: header.value) }
    for header in headers { all.add(name: header.name, value: header.value) }
    self.headers = all
    secret = Array((authorization.secret ?? "").utf8)
  }

  /// - Parameter seconds: how long it may take, the whole of the answer's body included.
  func post(_ path: String, _ body: Data, within seconds: Double) async throws(PolicyError) -> Data {
    if let problem { throw PolicyError(.badRequest, "\(section).url \(problem)") }
    let answer: HTTPAnswer
    do throws(HTTPFailure) {
      answer = try await exchange.send(.POST, base + path, headers: headers, body: body, within: seconds)
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

  /// What a server said, without the key, in case it sent that back: such texts are stored and shown.
  func withoutSecret(_ text: String) -> String {
    var text = text
    // Placeholders for servers that want no key are words like any other.
    guard secret.count >= 8, text.withUTF8({ holdSecret(UnsafeRawBufferPointer($0)) }) else { return text }
    return text.replacing(String(decoding: secret, as: UTF8.self), with: "[key]")
  }

  /// The beginning of a body, for an error.
  package func excerpt(_ body: Data) -> String {
    // Cut only then: half a key is one too.
    String(withoutSecret(String(decoding: body.prefix(4_096), as: UTF8.self)).prefix(300))
  }

  /// Searched for by its first byte, since nearly no text holds it and every text is searched.
  private func holdSecret(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard let first = secret.first else { return false }
    var rest = bytes[...]
    while let start = rest.firstIndex(of: first), bytes.count - start >= secret.count {
      if bytes[start..<start + secret.count].elementsEqual(secret) { return true }
      rest = bytes[(start + 1)...]
    }
    return false
  }
}
