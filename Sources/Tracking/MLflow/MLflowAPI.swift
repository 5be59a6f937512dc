import Agents
import AsyncHTTPClient
import Foundation
import HTTP
import NIOHTTP1

/// Why a tracking server did not do something.
struct MLflowFailure: Error {
  /// A few words without content of the server's answer, except for its error code.
  let reason: String
  /// Whether the same request may succeed later.
  let isPassing: Bool
  var after: Double?
  /// MLflow's code, such as `RESOURCE_DOES_NOT_EXIST`.
  var code: String?
}

/// The REST API of an MLflow tracking server.
struct MLflowAPI: Sendable {
  private let base: String
  private let headers: HTTPHeaders
  private let client: HTTPClient

  init(_ settings: MLflowSettings, token: String?) {
    base = settings.url.hasSuffix("/") ? String(settings.url.dropLast()) : settings.url
    var headers = HTTPHeaders()
    if let token { headers.add(name: "Authorization", value: "Bearer \(token)") }
    self.headers = headers
    client = HTTPClient(connections: 1, for: settings.url)
  }

  func close() async { await client.shutdownInOrder() }

  func post(_ path: String, _ body: JSONValue) async throws(MLflowFailure) -> JSONValue {
    try await call(.POST, "/api/2.0/mlflow/" + path, Data(body.json.utf8), type: "application/json")
  }

  func get(_ path: String, _ query: [(String, String)], within seconds: Double = timeout) async throws(MLflowFailure)
    -> JSONValue
  {
    var parts = URLComponents()
    parts.queryItems = query.map { URLQueryItem(name: $0, value: $1) }
    // A plus sign would be read as a space.
    let text = (parts.percentEncodedQuery ?? "").replacing("+", with: "%2B")
    return try await call(.GET, "/api/2.0/mlflow/\(path)?\(text)", nil, type: nil, within: seconds)
  }

  /// Uploads a file through the server.
  ///
  /// - Parameter path: the run's folder and the file's name, as the server's artifact URI has them.
  func put(_ file: Data, at path: String, type: String) async throws(MLflowFailure) {
    guard let path = path.addingPercentEncoding(withAllowedCharacters: .urlPathAllowed) else { return }
    _ = try await call(.PUT, "/api/2.0/mlflow-artifacts/artifacts/" + path, file, type: type, within: 30)
  }

  /// How long one request may take, in seconds.
  private static let timeout = 10.0

  private func call(
    _ method: HTTPMethod, _ path: String, _ body: Data?, type: String?, within seconds: Double = timeout
  ) async throws(MLflowFailure) -> JSONValue {
    var headers = headers
    if let type { headers.add(name: "Content-Type", value: type) }
    let answer: HTTPAnswer
    do throws(HTTPFailure) {
      answer = try await HTTPExchange(client: client, longestBody: 16 << 20).send(
        method, base + path, headers: headers, body: body, within: seconds)
    } catch {
      throw MLflowFailure(
        reason: "the server: \(error.reason)", isPassing: error.kind != .invalidURL && error.kind != .insecure)
    }
    let json = (try? OutsideJSON.decode(JSONValue.self, from: answer.body)) ?? .object([:])
    guard !(200..<300).contains(answer.status) else { return json }
    let code = json["error_code"]?.text.flatMap { $0.wholeMatch(of: /[A-Z_]{1,60}/) == nil ? nil : $0 }
    throw MLflowFailure(
      reason: "the server answered \(answer.status)" + (code.map { " \($0)" } ?? ""),
      isPassing: answer.status == 408 || answer.status == 429 || answer.status >= 500,
      after: answer.headers.first(name: "Retry-After").flatMap(Double.init), code: code)
  }
}
