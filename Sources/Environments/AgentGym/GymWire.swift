import Agents
import Foundation
import HTTP
import NIOHTTP1

/// Sends one request to a server, parses the answer as JSON, and classifies failures. Independent of the dialect.
struct GymWire: Sendable {
  let exchange: HTTPExchange

  /// - Parameters:
  ///   - base: the server's URL, without a trailing slash.
  ///   - fields: sent as a JSON object, or as a query with GET.
  ///   - seconds: the most seconds for the complete answer.
  func ask(
    _ route: Route, at base: String, _ fields: [String: JSONValue], within seconds: Double
  ) async throws(GymFailure) -> JSONValue {
    var url = base + route.path
    var headers = HTTPHeaders([("Accept", "application/json")])
    var body: Data?
    if route.method == .GET {
      url += Self.query(fields)
    } else {
      headers.add(name: "Content-Type", value: "application/json")
      body = Data(JSONValue.object(fields).json.utf8)
    }
    let answer: HTTPAnswer
    do throws(HTTPFailure) {
      answer = try await exchange.send(route.method, url, headers: headers, body: body, within: seconds)
    } catch {
      throw Self.failure(error, of: route)
    }
    return try Self.read(answer.body, status: answer.status, to: route)
  }

  static func read(_ body: Data, status: Int, to route: Route) throws(GymFailure) -> JSONValue {
    // Invalid UTF-8 is repaired, as a terminal would do.
    let text = String(decoding: body, as: UTF8.self)
    let json = JSONValue(parsing: text)
    let said = text.isEmpty ? "" : ": \(text.clipped(to: 300))"
    switch status {
    case 200..<300: break
    case 425, 429, 502, 503, 504: throw GymFailure(.busy, "answered \(route) with status \(status)\(said)")
    case 408, 500...: throw GymFailure(.lost, "answered \(route) with status \(status)\(said)")
    default:
      var failure = GymFailure(.foreign, "answered \(route) with status \(status)\(said)")
      failure.status = status
      failure.missing = missing(json)
      failure.answer = json
      throw failure
    }
    guard let json else {
      if namesNoNumber(text) {
        throw GymFailure(
          .foreign, "answered \(route) with NaN or Infinity, which is not valid JSON and cannot be a reward\(said)")
      }
      throw GymFailure(
        .foreign, "gave an answer to \(route) that is not JSON\(said.isEmpty ? ": nothing at all." : said)")
    }
    if case .object(let members) = json, let error = members["error"], error != .null {
      throw GymFailure(.refused, "refused \(route): \((error.text ?? error.excerpt).clipped(to: 300))")
    }
    return json
  }

  private static func failure(_ error: HTTPFailure, of route: Route) -> GymFailure {
    switch error.kind {
    case .cancelled: .cancelled
    case .timedOut: GymFailure(.lost, "\(error.reason), on the request \(route).")
    case .tooLong: GymFailure(.lost, "\(error.reason), on the request \(route).")
    case .invalidURL: GymFailure(.foreign, "\(error.reason).")
    case .insecure: GymFailure(.foreign, "cannot be reached safely: \(error.reason).")
    case .refused, .unreachable: GymFailure(.broken, "broke the request \(route) off: \(error.reason).")
    }
  }

  /// The fields that FastAPI reports as missing: `{"detail": [{"type": "missing", "loc": ["body", "game"]}]}`.
  private static func missing(_ json: JSONValue?) -> [String] {
    guard case .list(let details)? = json?.value(at: "detail") else { return [] }
    return details.compactMap { detail in
      guard detail.value(at: "type")?.text?.contains("missing") == true,
        case .list(let place)? = detail.value(at: "loc")
      else { return nil }
      return place.last?.text
    }
  }

  /// Whether Python's `NaN` or `Infinity` literals occur outside of strings.
  static func namesNoNumber(_ text: String) -> Bool {
    var isInString = false
    var isEscaped = false
    var word = ""
    for character in text.unicodeScalars {
      if isInString {
        if character == "\"", !isEscaped { isInString = false }
        isEscaped = character == "\\" && !isEscaped
        continue
      }
      if character == "\"" { isInString = true }
      if character.properties.isAlphabetic {
        word.unicodeScalars.append(character)
      } else {
        if word == "NaN" || word == "Infinity" { return true }
        word = ""
      }
    }
    return word == "NaN" || word == "Infinity"
  }

  private static func query(_ fields: [String: JSONValue]) -> String {
    var components = URLComponents()
    components.queryItems = fields.sorted { $0.key < $1.key }.map {
      URLQueryItem(name: $0.key, value: $0.value.text ?? $0.value.excerpt)
    }
    return components.percentEncodedQuery.map { $0.isEmpty ? "" : "?\($0)" } ?? ""
  }
}
