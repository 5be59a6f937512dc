import Agents
import Foundation
import NIOHTTP1

/// Reads how long a server asks clients to wait.
package enum RetryTime {
  /// A year; longer waits are reduced to this.
  private static let longest = 31_536_000.0

  /// The wait in seconds, or nil if the server states none.
  ///
  /// The most exact statement counts: `retry-after-ms`, then `Retry-After`, then Gemini's `retryDelay` in the body, and
  /// last the limits that are used up (`x-ratelimit-reset-*`, `anthropic-ratelimit-*-reset`).
  package static func seconds(_ headers: HTTPHeaders, _ body: JSONValue?, now: Date) -> Double? {
    let milliseconds = headers.first(name: "retry-after-ms").flatMap(Double.init).map { $0 / 1_000 }
    let asked =
      milliseconds ?? retryAfter(headers.first(name: "Retry-After"), now: now) ?? delay(in: body)
      ?? reset(headers, now: now)
    return asked.flatMap { $0.isNaN ? nil : min(max($0, 0), longest) }
  }

  /// `Retry-After`: a number of seconds, or a date in HTTP's preferred format (RFC 9110, 10.2.3). nil if it is neither.
  package static func retryAfter(_ header: String?, now: Date) -> Double? {
    guard let header = header?.trimmingCharacters(in: .whitespaces) else { return nil }
    if let seconds = Double(header) { return seconds.isNaN ? nil : min(max(seconds, 0), longest) }
    let formatter = DateFormatter()
    formatter.locale = Locale(identifier: "en_US_POSIX")
    formatter.timeZone = TimeZone(identifier: "GMT")
    formatter.dateFormat = "EEE, dd MMM yyyy HH:mm:ss zzz"
    return formatter.date(from: header).map { max($0.timeIntervalSince(now), 0) }
  }

  /// `{"error": {"details": [{"@type": "…RetryInfo", "retryDelay": "34.07s"}]}}`.
  private static func delay(in body: JSONValue?) -> Double? {
    let error = body?["error"] ?? body?.items?.first?["error"]
    return error?["details"]?.items?.lazy.compactMap { $0["retryDelay"]?.text }.compactMap(duration).first
  }

  /// The latest reset of the limits with nothing remaining. If no remainder is stated, the earliest reset.
  private static func reset(_ headers: HTTPHeaders, now: Date) -> Double? {
    var (used, unknown): ([Double], [Double]) = ([], [])
    for (name, value) in headers {
      let name = name.lowercased()
      guard name.contains("ratelimit"), name.contains("reset"), let seconds = time(value, now: now) else { continue }
      let remaining = headers.first(name: name.replacing("reset", with: "remaining"))
      switch remaining.flatMap(Double.init) {
      case nil: unknown.append(seconds)
      case let left? where left <= 0: used.append(seconds)
      default: break
      }
    }
    return used.max() ?? unknown.min()
  }

  /// Seconds from a duration (`6m0s`, `20ms`, `30`), or until a point in time: a date, or seconds or milliseconds since
  /// 1970.
  package static func time(_ text: String, now: Date) -> Double? {
    let text = text.trimmingCharacters(in: .whitespaces)
    if let number = Double(text) {
      guard number.isFinite else { return nil }
      if number > 1e11 { return max(number / 1_000 - now.timeIntervalSince1970, 0) }
      return number > 1e9 ? max(number - now.timeIntervalSince1970, 0) : max(number, 0)
    }
    if let length = duration(text) { return length }
    // 2026-01-27T12:00:00Z, with or without a fraction.
    let whole = text.replacing(#/\.\d+/#, with: "")
    return (try? Date(whole, strategy: .iso8601)).map { max($0.timeIntervalSince(now), 0) }
  }

  /// `1h2m3.5s`, `20ms`, `34s`, in seconds.
  package static func duration(_ text: String) -> Double? {
    guard
      let match = text.wholeMatch(
        of: #/(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?/#),
      !text.isEmpty
    else { return nil }
    func number(_ part: Substring?) -> Double { part.flatMap { Double($0) } ?? 0 }
    return number(match.1) * 86_400 + number(match.2) * 3_600 + number(match.3) * 60 + number(match.4)
      + number(match.5) / 1_000
  }
}
