import AsyncHTTPClient
import Foundation
import NIOSSL
import Synchronization

/// The environment's network settings: `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`, `NO_PROXY`, `SSL_CERT_FILE` and
/// `SSL_CERT_DIR`. Lower-case names of the proxy variables count, too, and take precedence.
package struct NetworkSettings: Sendable {
  /// A variable that cannot be used.
  package struct Problem: Error, CustomStringConvertible {
    /// Names the variable but does not quote its value: a proxy's address may contain a password.
    package let description: String
  }

  private let environment: [String: String]

  package init(_ environment: [String: String] = ProcessInfo.processInfo.environment) {
    self.environment = environment
  }

  /// The settings of this process.
  package static let current = NetworkSettings()

  // MARK: - Proxies

  /// The proxy for a server's URL. It is nil if no variable names one, `NO_PROXY` lists the host, or the host is on
  /// loopback.
  package func proxy(for url: String) throws(Problem) -> HTTPClient.Configuration.Proxy? {
    guard let target = URLComponents(string: url), let scheme = target.scheme?.lowercased(),
      let host = target.host.map(Self.bare), !host.isEmpty, !ServerURL.isLoopback(host)
    else { return nil }
    let port = target.port ?? (scheme == "https" ? 443 : 80)
    guard let (name, text) = variable("\(scheme)_proxy") ?? variable("all_proxy"), !isExempt(host, port: port) else {
      return nil
    }
    return try Self.proxy(text, name: name)
  }

  private func variable(_ name: String) -> (name: String, value: String)? {
    for name in [name, name.uppercased()] {
      if let value = environment[name]?.trimmingCharacters(in: .whitespaces), !value.isEmpty { return (name, value) }
    }
    return nil
  }

  private static func proxy(_ text: String, name: String) throws(Problem) -> HTTPClient.Configuration.Proxy {
    func problem(_ words: String) -> Problem { Problem(description: "The environment variable \(name) \(words)") }
    // `proxy:3128` without a scheme is common.
    guard let url = URLComponents(string: text.contains("://") ? text : "http://" + text),
      let host = url.host.map(bare), !host.isEmpty
    else { throw problem("is not the address of a proxy; write it as http://host:port.") }
    switch url.scheme?.lowercased() {
    case "http":
      let authorization = url.user.map { HTTPClient.Authorization.basic(username: $0, password: url.password ?? "") }
      return .server(host: host, port: url.port ?? 80, authorization: authorization)
    case "socks5", "socks5h", "socks":
      guard url.user == nil else { throw problem("holds a user, which is not sent to SOCKS proxies: leave it out.") }
      return .socksServer(host: host, port: url.port ?? 1080)
    case "https":
      throw problem(
        "is an https:// address, but the connection to a proxy cannot be encrypted: write http://host:port.")
    default: throw problem("is not the address of a proxy; write it as http://host:port or socks5://host:port.")
    }
  }

  /// Whether `NO_PROXY` lists a host. Entries are `*`, a name (which includes its subdomains), an address, or a range
  /// such as `10.0.0.0/8`. Names and addresses may end in `:port` to exempt that port alone.
  private func isExempt(_ host: String, port: Int) -> Bool {
    guard let list = variable("no_proxy")?.value else { return false }
    let host = host.lowercased()
    return list.split(whereSeparator: { $0 == "," || $0.isWhitespace }).contains { entry in
      var entry = entry.lowercased()
      if entry == "*" { return true }
      if let range = IPv4Range(entry), let address = IPv4Range.address(host) { return range.contains(address) }
      if let colon = entry.lastIndex(of: ":"), let wanted = Int(entry[entry.index(after: colon)...]),
        entry.hasPrefix("[") || entry.filter({ $0 == ":" }).count == 1
      {
        guard wanted == port else { return false }
        entry = String(entry[..<colon])
      }
      entry = Self.bare(entry)
      while entry.hasPrefix(".") || entry.hasPrefix("*") { entry.removeFirst() }
      return !entry.isEmpty && (host == entry || host.hasSuffix("." + entry))
    }
  }

  /// A host without the brackets of an IPv6 address.
  private static func bare(_ host: String) -> String { host.trimmingCharacters(in: ["[", "]"]) }

  // MARK: - Certificates

  /// The file or folder of trusted certificates; nil for the system's own.
  package func certificates() throws(Problem) -> String? {
    for name in ["SSL_CERT_FILE", "SSL_CERT_DIR"] {
      guard let path = environment[name], !path.isEmpty else { continue }
      var isFolder: ObjCBool = false
      guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder),
        isFolder.boolValue == (name == "SSL_CERT_DIR"), FileManager.default.isReadableFile(atPath: path)
      else {
        throw Problem(
          description: "The environment variable \(name) names \(path), which is not a readable "
            + (name == "SSL_CERT_DIR" ? "folder." : "file."))
      }
      return path
    }
    return nil
  }

  /// Why no client can be created for this URL; nil if one can.
  package func problem(for url: String) -> String? {
    do throws(Problem) {
      _ = try proxy(for: url)
      _ = try certificates()
      return nil
    } catch { return error.description }
  }
}

/// A range of IPv4 addresses with a common prefix, such as `10.0.0.0/8`.
private struct IPv4Range {
  let base: UInt32
  let bits: UInt32

  init?(_ text: String) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, let base = Self.address(String(parts[0])), let bits = UInt32(parts[1]), bits <= 32 else {
      return nil
    }
    (self.base, self.bits) = (base, bits)
  }

  func contains(_ address: UInt32) -> Bool { bits == 0 || (address ^ base) >> (32 - bits) == 0 }

  static func address(_ text: String) -> UInt32? {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false).map { UInt8($0) }
    guard parts.count == 4, !parts.contains(nil) else { return nil }
    return parts.reduce(0) { $0 << 8 | UInt32($1 ?? 0) }
  }
}
