import Foundation

/// Checks of a server's base URL.
package enum ServerURL {
  /// What is wrong with a base URL, as a continuation of a sentence that begins with its key; nil if nothing is.
  ///
  /// - Parameters:
  ///   - section: the configuration section whose other keys the message names.
  ///   - allowsPlainHTTP: permits `http` to hosts other than loopback.
  package static func problem(_ text: String, in section: String = "policy", allowsPlainHTTP: Bool) -> String? {
    guard let url = URLComponents(string: text), let host = url.host, !host.isEmpty,
      let scheme = url.scheme?.lowercased(), scheme == "http" || scheme == "https"
    else {
      let path = section == "policy" ? "/v1" : ""
      return "is not the URL of a server; write it as https://host\(path) or http://127.0.0.1:8080\(path)."
    }
    // The message does not quote the user and password, which may be secret.
    guard url.user == nil, url.password == nil else {
      return "holds a user or a password"
        + (["policy", "critic"].contains(section)
          ? "; give the key by \(section).apiKeyVariable instead." : ", which is not sent: leave it out.")
    }
    guard url.query == nil, url.fragment == nil else {
      return "holds a query; give the base URL alone"
        + (["policy", "critic"].contains(section) ? ", and the query under \(section).query." : ".")
    }
    if scheme == "http", !allowsPlainHTTP, !isLoopback(host) {
      return """
        is http to \(host): everything that is sent would go over the network unencrypted, a key too. Use https, or \
        set \(section).allowPlainHTTP: true if you trust the network.
        """
    }
    return nil
  }

  static func isLoopback(_ host: String) -> Bool {
    if host == "localhost" || host == "::1" || host == "[::1]" { return true }
    let parts = host.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
  }
}
