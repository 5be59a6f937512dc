import Foundation

/// Where a WebSocket server listens.
struct WebSocketAddress: Sendable, Hashable {
  let host: String
  let port: Int
  let path: String
  let isSecure: Bool

  /// - Parameter url: `ws` or `wss` (or `http`, `https`), a host, perhaps a port and a path; nil is returned for any other.
  init?(_ url: String) {
    guard let parts = URLComponents(string: url), let host = parts.host, !host.isEmpty,
      let scheme = parts.scheme?.lowercased(), ["ws", "wss", "http", "https"].contains(scheme)
    else { return nil }
    self.host = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
    isSecure = scheme == "wss" || scheme == "https"
    port = parts.port ?? (isSecure ? 443 : 80)
    path = parts.percentEncodedPath.isEmpty ? "/" : parts.percentEncodedPath
  }

  /// As the `Host` field of a request has it.
  var authority: String {
    let name = host.contains(":") ? "[\(host)]" : host
    return port == (isSecure ? 443 : 80) ? name : "\(name):\(port)"
  }
}
