import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1

/// What a server answered, whatever its status.
package struct HTTPAnswer: Sendable {
  package let status: Int
  package let headers: HTTPHeaders
  package let body: Data
}

/// An exchange that brought no whole answer.
package struct HTTPFailure: Error {
  package enum Kind: Sendable {
    case cancelled
    case timedOut
    /// The answer was longer than it may be, and cut off.
    case tooLong
    case invalidURL
    /// The certificate is not trusted, or the server does not speak TLS.
    case insecure
    /// Nobody listens at the address.
    case refused
    case unreachable
  }

  package let kind: Kind
  /// What happened, in a few words that quote neither headers nor the path of the address.
  package let reason: String

  package init(kind: Kind, reason: String) {
    self.kind = kind
    self.reason = reason
  }
}

/// Sends one request and waits for the whole of its answer. Knows neither retries nor what an answer means.
package struct HTTPExchange: Sendable {
  private let client: HTTPClient
  /// An answer longer than this, in bytes, is cut off, not swallowed.
  private let longestBody: Int

  package init(client: HTTPClient, longestBody: Int) {
    self.client = client
    self.longestBody = longestBody
  }

  /// - Parameter seconds: how long it may take, the whole of the answer's body included. What the process spends stopped does not
  ///   count: an answer that came meanwhile is read.
  package func send(
    _ method: HTTPMethod, _ url: String, headers: HTTPHeaders, body: Data? = nil, within seconds: Double
  ) async throws(HTTPFailure) -> HTTPAnswer {
    do {
      var headers = headers
      if !headers.contains(name: "User-Agent") { headers.add(name: "User-Agent", value: ProductVersion.userAgent) }
      headers.replaceOrAdd(name: "Accept-Encoding", value: "gzip, deflate")
      let request = try HTTPClient.Request(url: url, method: method, headers: headers, body: body.map { .bytes($0) })
      guard let flight = Flights.shared.begin(client) else { throw HTTPClientError.cancelled }
      defer { Flights.shared.end(flight, of: client) }
      // Of the client's two interfaces the one whose end is not that of the answer's head.
      let task = client.execute(
        request: request, delegate: ResponseAccumulator(request: request, maxBodySize: longestBody))
      Flights.shared.attach(flight, of: client) { task.cancel() }
      let watch = Task {
        try await AwakeClock.shared.sleep(max(seconds, 0))
        task.fail(reason: HTTPClientError.deadlineExceeded)
      }
      defer { watch.cancel() }
      let response = try await withTaskCancellationHandler {
        try await task.get()
      } onCancel: {
        task.cancel()
      }
      let body = response.body ?? ByteBuffer()
      if response.headers.first(name: "Content-Encoding") != nil, body.readableBytesView.starts(with: [0x1f, 0x8b]) {
        throw HTTPFailure.Compressed()
      }
      return HTTPAnswer(
        status: Int(response.status.code), headers: response.headers, body: Data(body.readableBytesView))
    } catch {
      throw HTTPFailure(error, at: url, after: seconds, longestBody: longestBody)
    }
  }
}
