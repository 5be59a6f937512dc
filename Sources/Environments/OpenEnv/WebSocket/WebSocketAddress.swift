import Foundation

/// The address of a WebSocket server.
struct WebSocketAddress: Sendable, Hashable {
  let host: String
  let port: Int
  let path: String
  let isSecure: Bool

  /// - Parameter url: a URL with the scheme `ws`, `wss`, `http` or `https` and a host; port and path are optional.
  ///   Other texts give nil.
  init?(_ url: String) {
    guard let parts = URLComponents(string: url), let host = parts.host, !host.isEmpty,
      let scheme = parts.scheme?.lowercased(), ["ws", "wss", "http", "https"].contains(scheme)
    else { return nil }
    self.host = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
    isSecure = scheme == "wss" || scheme == "https"
    port = parts.port ?? (isSecure ? 443 : 80)
    path = parts.percentEncodedPath.isEmpty ? "/" : parts.percentEncodedPath
  }

  /// The value of the `Host` header.
  var authority: String {
    let name = host.contains(":") ? "[\(host)]" : host
    return port == (isSecure ? 443 : 80) ? name : "\(name):\(port)"
  }
}
