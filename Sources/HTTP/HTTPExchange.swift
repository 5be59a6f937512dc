import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1

/// A server's complete answer, with any status.
package struct HTTPAnswer: Sendable {
  package let status: Int
  package let headers: HTTPHeaders
  package let body: Data
}

/// Why an exchange returned no complete answer.
package struct HTTPFailure: Error {
  package enum Kind: Sendable {
    case cancelled
    case timedOut
    /// The answer exceeded the maximal length.
    case tooLong
    case invalidURL
    /// The certificate is not trusted, or the server does not speak TLS.
    case insecure
    /// No server listens at the address.
    case refused
    case unreachable
  }

  package let kind: Kind
  /// The cause in a few words, without headers and without the path of the URL.
  package let reason: String

  package init(kind: Kind, reason: String) {
    self.kind = kind
    self.reason = reason
  }
}

/// Sends one request and waits for the complete answer. It neither retries nor interprets the answer.
package struct HTTPExchange: Sendable {
  private let client: HTTPClient
  /// The longest body, in bytes. Reading stops at this length.
  private let longestBody: Int

  package init(client: HTTPClient, longestBody: Int) {
    self.client = client
    self.longestBody = longestBody
  }

  /// - Parameter seconds: the time limit for the exchange, body included. Time during which the process is stopped does
  ///   not count, so an answer that arrives meanwhile is read.
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
      // The client's delegate interface, because its task ends with the body. The other interface ends with the head.
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
