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
    case unreachable
  }

  package let kind: Kind
  /// What happened, in a few words that quote neither headers nor the address.
  package let reason: String
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

  /// - Parameter seconds: how long it may take, the whole of the answer's body included.
  package func send(
    _ method: HTTPMethod, _ url: String, headers: HTTPHeaders, body: Data? = nil, within seconds: Double
  ) async throws(HTTPFailure) -> HTTPAnswer {
    do {
      var headers = headers
      if !headers.contains(name: "User-Agent") { headers.add(name: "User-Agent", value: ProductVersion.userAgent) }
      headers.replaceOrAdd(name: "Accept-Encoding", value: "gzip, deflate")
      let request = try HTTPClient.Request(url: url, method: method, headers: headers, body: body.map { .bytes($0) })
      // Of the client's two interfaces the one whose deadline does not end with the answer's head.
      let task = client.execute(
        request: request, delegate: ResponseAccumulator(request: request, maxBodySize: longestBody),
        deadline: .now() + .milliseconds(Int64(max(seconds, 0) * 1_000)))
      let response = try await withTaskCancellationHandler {
        try await task.get()
      } onCancel: {
        task.cancel()
      }
      let body = response.body ?? ByteBuffer()
      if response.headers.first(name: "Content-Encoding") != nil, body.readableBytesView.starts(with: [0x1f, 0x8b]) {
        throw Compressed()
      }
      return HTTPAnswer(
        status: Int(response.status.code), headers: response.headers, body: Data(body.readableBytesView))
    } catch {
      throw failure(error, after: seconds)
    }
  }

  /// The client that was given does not decompress.
  private struct Compressed: Error {}

  private func failure(_ error: any Error, after seconds: Double) -> HTTPFailure {
    switch error {
    case is CancellationError: return HTTPFailure(kind: .cancelled, reason: "The run was stopped.")
    case is ResponseAccumulator.ResponseTooBigError:
      return HTTPFailure(kind: .tooLong, reason: "sent more than \(longestBody >> 20) MB in one answer")
    case is Compressed:
      return HTTPFailure(
        kind: .unreachable,
        reason: "a compressed answer, and an HTTP client without decompression: use the one of withHTTPClient")
    case let error as HTTPClientError:
      switch error {
      case .cancelled: return HTTPFailure(kind: .cancelled, reason: "The run was stopped.")
      case .deadlineExceeded, .readTimeout, .writeTimeout, .getConnectionFromPoolTimeout:
        let shown = String(format: "%g", (seconds * 10).rounded() / 10)
        return HTTPFailure(kind: .timedOut, reason: "did not answer within \(shown) s")
      case .proxyAuthenticationRequired:
        return HTTPFailure(
          kind: .unreachable, reason: "the proxy wants a user and a password, as http://user:password@host:port")
      case .invalidURL, .emptyHost, .emptyScheme: return HTTPFailure(kind: .invalidURL, reason: "is no URL")
      default: break
      }
    default: break
    }
    // The long description of a client's error can quote headers, and one of them is the key.
    let reason = (error as? HTTPClientError)?.shortDescription ?? String(describing: type(of: error))
    if reason.hasSuffix("DecompressionError") {
      return HTTPFailure(kind: .tooLong, reason: "sent a compressed answer that is broken or far too long")
    }
    return HTTPFailure(kind: reason.contains("SSL") ? .insecure : .unreachable, reason: reason)
  }
}
