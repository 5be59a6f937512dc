/// Who may read the page: whoever has the address that was printed, from the same machine. Pure.
///
/// Other programs of the machine's users reach loopback, too, and so do pages of the web: by a name that resolves to
/// 127.0.0.1 (DNS rebinding), or by links and forms.
struct Gatekeeper: Sendable {
  /// What a request gets.
  enum Verdict: Sendable, Equatable {
    case admitted
    /// The token was in the address: it moves into a cookie, and the address is asked for again without it.
    case enter
    /// 403, with why.
    case refused(String)
  }

  let token: String
  let port: Int

  /// Cookies do not tell ports apart.
  var cookieName: String { "coxswain-view-\(port)" }

  /// The value of `Set-Cookie`. It ends with the browser's session.
  var cookie: String { "\(cookieName)=\(token); Path=/; HttpOnly; SameSite=Strict" }

  /// - Parameters:
  ///   - host: the header, in which a browser says by which name it found the server.
  ///   - site: the header `Sec-Fetch-Site`, in which a browser says whose page asks.
  ///   - offered: the token of the address; nil without one.
  func verdict(path: String, host: String?, site: String?, cookies: String?, offered: String?) -> Verdict {
    let names = ["127.0.0.1", "localhost", "[::1]"].map { "\($0):\(port)" }
    guard let host, names.contains(host.lowercased()) else {
      return .refused("This page has another address than \(host ?? "one without a name").")
    }
    if let offered {
      guard isToken(offered) else { return .refused(Self.advice) }
      guard path == "/" else { return .refused("The token belongs to the first page alone.") }
      return .enter
    }
    guard site.map({ ["same-origin", "none"].contains($0) }) ?? true else {
      return .refused("Pages of other sites get no answer.")
    }
    let values = (cookies ?? "").split(separator: ";").compactMap { part -> String? in
      let pair = part.split(separator: "=", maxSplits: 1).map { $0.trimmingPrefix(while: { $0 == " " }) }
      return pair.count == 2 && pair[0] == cookieName ? String(pair[1]) : nil
    }
    return values.contains(where: isToken) ? .admitted : .refused(Self.advice)
  }

  static let advice = "Open the address that cox view printed, with its token."

  /// Compares every byte, so that the time tells nothing.
  private func isToken(_ text: String) -> Bool {
    let (own, other) = (Array(token.utf8), Array(text.utf8))
    guard own.count == other.count else { return false }
    return zip(own, other).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
  }

  /// 128 random bits as hexadecimal digits.
  static func freshToken() -> String {
    var generator = SystemRandomNumberGenerator()
    return (0..<16).map { _ in
      let byte = UInt8.random(in: .min ... .max, using: &generator)
      return (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }.joined()
  }
}
