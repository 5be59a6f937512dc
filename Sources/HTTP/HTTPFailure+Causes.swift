import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix

extension HTTPFailure {
  /// The failure for an error of the HTTP client.
  init(_ error: any Error, at url: String, after seconds: Double, longestBody: Int) {
    switch error {
    case is CancellationError: self.init(kind: .cancelled, reason: "The run was stopped.")
    case is ResponseAccumulator.ResponseTooBigError:
      self.init(kind: .tooLong, reason: "sent more than \(longestBody >> 20) MB in one answer")
    case let error as HTTPClientError:
      switch error {
      case .cancelled: self.init(kind: .cancelled, reason: "The run was stopped.")
      case .deadlineExceeded, .readTimeout, .writeTimeout, .getConnectionFromPoolTimeout:
        let shown = String(format: "%g", (seconds * 10).rounded() / 10)
        self.init(kind: .timedOut, reason: "did not answer within \(shown) s")
      case .connectTimeout: self.init(kind: .unreachable, reason: "it did not accept the connection in time")
      case .remoteConnectionClosed: self.init(kind: .unreachable, reason: "it closed the connection")
      case .proxyAuthenticationRequired:
        self.init(
          kind: .unreachable, reason: "the proxy requires a user and a password: write http://user:password@host:port")
      case .invalidURL, .emptyHost, .emptyScheme: self.init(kind: .invalidURL, reason: "is not a URL")
      default: self.init(described: error.shortDescription)
      }
    case is Compressed:
      self.init(
        kind: .unreachable,
        reason: "the answer is compressed, and this HTTP client does not decompress: use the client of withHTTPClient")
    case let error as NIOConnectionError: self.init(error)
    case let error as IOError: self.init(errno: error.errnoCode, at: Self.address(of: url))
    default: self.init(described: String(describing: type(of: error)))
    }
  }

  /// The answer is compressed, and the given client does not decompress.
  struct Compressed: Error {}

  /// Takes a short description: the long one can quote headers, including the API key.
  private init(described reason: String) {
    if reason.hasSuffix("DecompressionError") {
      self.init(kind: .tooLong, reason: "sent a compressed answer that is broken or far too long")
      return
    }
    self.init(kind: reason.contains("SSL") ? .insecure : .unreachable, reason: reason)
  }

  private init(_ error: NIOConnectionError) {
    let host = error.host.contains(":") ? "[\(error.host)]" : error.host
    let codes = error.connectionErrors.compactMap { ($0.error as? IOError)?.errnoCode }
    if let code = codes.first(where: { $0 == ECONNREFUSED }) ?? codes.first {
      self.init(errno: code, at: "\(host):\(error.port)")
    } else if error.connectionErrors.isEmpty, error.dnsAError != nil || error.dnsAAAAError != nil {
      self.init(kind: .unreachable, reason: "there is no host \(host)")
    } else {
      self.init(kind: .unreachable, reason: "no connection to \(host):\(error.port)")
    }
  }

  /// The URL's host and port.
  private static func address(of url: String) -> String {
    guard let parts = URLComponents(string: url), let host = parts.host else { return "the server" }
    return "\(host):\(parts.port ?? (parts.scheme?.lowercased() == "https" ? 443 : 80))"
  }

  private init(errno code: CInt, at address: String) {
    switch code {
    case ECONNREFUSED: self.init(kind: .refused, reason: "connection refused by \(address)")
    case EMFILE, ENFILE:
      self.init(
        kind: .unreachable, reason: "too many open files here: lower the concurrency, or raise the limit (ulimit -n)")
    case ECONNRESET, EPIPE: self.init(kind: .unreachable, reason: "it closed the connection")
    default:
      self.init(
        kind: .unreachable, reason: "no connection to \(address): \(String(cString: strerror(code)).lowercased())")
    }
  }
}
