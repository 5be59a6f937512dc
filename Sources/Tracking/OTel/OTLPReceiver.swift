import Agents
import AsyncHTTPClient
import Foundation
import HTTP
import NIOHTTP1

/// The receiver of spans, over HTTP.
struct OTLPReceiver: Sendable {
  enum Answer: Sendable {
    /// With the number of spans that were rejected.
    case accepted(rejected: Int)
    /// The same request may be accepted later.
    case passing(String, after: Double?)
    case refused(String, status: Int? = nil)
  }

  private let url: String
  private let headers: HTTPHeaders
  private let client: HTTPClient

  /// - Parameter headers: as in `OTEL_EXPORTER_OTLP_HEADERS`: `name=value` with commas, values percent-encoded.
  init(_ settings: OTelSettings, headers text: String?) throws(TrackingError) {
    url = Self.endpoint(settings.url)
    var headers = HTTPHeaders([("Content-Type", "application/json")])
    for (name, value) in try Self.headers(
      text ?? "", variable: settings.headersVariable ?? OTelSettings.standardVariable)
    { headers.replaceOrAdd(name: name, value: value) }
    self.headers = headers
    client = HTTPClient(connections: 1, for: url)
  }

  /// The URL for spans: that of the configuration, with the path of the signal if it is missing.
  static func endpoint(_ url: String) -> String {
    let base = url.hasSuffix("/") ? String(url.dropLast()) : url
    return base.hasSuffix("/v1/traces") ? base : base + "/v1/traces"
  }

  /// Reads the value of the variable. Errors name the variable and never quote it.
  static func headers(_ text: String, variable: String) throws(TrackingError) -> [(name: String, value: String)] {
    var fields: [(name: String, value: String)] = []
    for pair in text.split(separator: ",") where !pair.allSatisfy(\.isWhitespace) {
      let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map {
        $0.trimmingCharacters(in: .whitespaces)
      }
      guard parts.count == 2, parts[0].wholeMatch(of: /[A-Za-z0-9!#$%&'*+.^_`|~-]+/) != nil,
        let value = parts[1].removingPercentEncoding,
        !value.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7f })
      else {
        throw TrackingError(
          "The environment variable \(variable) does not hold headers; write them as name=value,name=value, with values percent-encoded."
        )
      }
      fields.append((parts[0], value))
    }
    return fields
  }

  /// How long one request may take, in seconds.
  private static let timeout = 10.0

  func send(_ body: [UInt8], within seconds: Double = timeout) async -> Answer {
    let answer: HTTPAnswer
    do throws(HTTPFailure) {
      answer = try await HTTPExchange(client: client, longestBody: 1 << 20).send(
        .POST, url, headers: headers, body: Data(body), within: seconds)
    } catch {
      return error.kind == .invalidURL || error.kind == .insecure
        ? .refused(error.reason) : .passing("the receiver: \(error.reason)", after: nil)
    }
    switch answer.status {
    case 200..<300: return .accepted(rejected: Self.rejected(answer.body))
    case 429, 502, 503, 504:
      let after = answer.headers.first(name: "Retry-After").flatMap(Double.init)
      return .passing("the receiver answered \(answer.status)", after: after)
    case 500..<600, 408: return .passing("the receiver answered \(answer.status)", after: nil)
    default: return .refused("the receiver answered \(answer.status)", status: answer.status)
    }
  }

  private static func rejected(_ body: Data) -> Int {
    let partial = (try? OutsideJSON.decode(JSONValue.self, from: body))?["partialSuccess"]?["rejectedSpans"]
    return max(0, partial?.integer ?? partial?.text.flatMap { Int($0) } ?? 0)
  }

  func close() async { await client.shutdownInOrder() }
}

extension OTelTracer {
  /// Sends a request without spans.
  ///
  /// - Returns: nil if the receiver accepts it, otherwise what is wrong.
  package static func problem(_ settings: OTelSettings, headers: String?) async throws(TrackingError) -> String? {
    let receiver = try OTLPReceiver(settings, headers: headers)
    let answer = await receiver.send(Array(#"{"resourceSpans":[]}"#.utf8), within: 5)
    await receiver.close()
    switch answer {
    // Some receivers refuse a request without spans.
    case .accepted, .refused(_, status: 400): return nil
    case .passing(let reason, _), .refused(let reason, _): return reason
    }
  }
}
