import Agents
import Foundation
import NIOHTTP1

/// A server's refusal: the meaning of its status, codes and message in any known format.
package struct ServerRefusal: Sendable {
  package let status: Int
  /// Every code, type and status in the body, in lower case. Servers use several keys and pass on codes of other
  /// servers.
  package let codes: Set<String>
  /// The message for people, or the body if it has no message.
  package let said: String
  /// In seconds; see ``RetryTime``.
  package let retryAfter: Double?
  /// All messages, in lower case.
  private let words: String

  package init(status: Int, headers: HTTPHeaders = [:], body: Data, now: Date = Date()) {
    let json = Self.json(body)
    let found = Found(json)
    self.status = status
    codes = Set(found.codes.map { $0.lowercased() })
    let text = String(decoding: body.prefix(4_096), as: UTF8.self)
    // A gateway's own message often says only that its provider refused, so two messages are kept.
    let parts = found.messages.prefix(2)
    said = parts.isEmpty ? text : parts.first == parts.last ? parts[0] : parts.joined(separator: ": ")
    words = (found.messages.isEmpty ? text : found.messages.joined(separator: "\n")).lowercased()
    retryAfter = RetryTime.seconds(headers, json, now: now)
  }

  private static func json(_ body: Data) -> JSONValue? {
    guard body.count <= 1 << 20 else { return nil }
    return try? OutsideJSON.decode(JSONValue.self, from: body, nonFinite: true)
  }

  // MARK: - Errors in a 200 answer

  /// The refusal in a body with a successful status: a non-empty `error`, or `"type": "error"`. Its status is the one
  /// that its code implies. nil if the body is an answer.
  package static func inside(_ body: Data, headers: HTTPHeaders) -> ServerRefusal? {
    guard mentionsError(body), let json = json(body) else { return nil }
    let top = json.items?.first ?? json
    let isError: Bool =
      switch top["error"] {
      case nil, .null, .flag(false): top["type"]?.text == "error" || top["object"]?.text == "error"
      case .text(let text): !text.isEmpty
      case .object(let members): !members.isEmpty
      default: true
      }
    guard isError else { return nil }
    return refusal(of: top["error"], in: top, headers: headers, body: body)
  }

  /// The refusal for a choice that failed by its `finish_reason`. An `error` beside it may state the cause.
  package static func choice(_ error: JSONValue?) -> ServerRefusal {
    let wrapped = JSONValue.object(["error": error ?? .text("the server broke its answer off (finish_reason error)")])
    return refusal(of: error, in: wrapped, headers: [:], body: Data(wrapped.json.utf8))
  }

  private static func refusal(
    of error: JSONValue?, in top: JSONValue, headers: HTTPHeaders, body: Data
  ) -> ServerRefusal {
    if let status = status(of: error, in: top) { return ServerRefusal(status: status, headers: headers, body: body) }
    let guess = ServerRefusal(status: 400, headers: headers, body: body)
    // Without a status, a fault of the server is likelier than a fault of the request.
    guard guess.meaning == .bad else { return guess }
    return ServerRefusal(status: 500, headers: headers, body: body)
  }

  /// Whether a body contains the string `"error"` other than as a key of null. A fast check, since every answer passes
  /// it.
  package static func mentionsError(_ body: Data) -> Bool {
    let needle = Array("\"error\"".utf8)
    return body.withUnsafeBytes { bytes in
      var place = 0
      while place + needle.count <= bytes.count {
        guard bytes[place] == needle[0], bytes[place..<place + needle.count].elementsEqual(needle) else {
          place += 1
          continue
        }
        place += needle.count
        let rest = bytes[place...].drop { $0 <= 0x20 || $0 == UInt8(ascii: ":") }
        if !rest.starts(with: "null".utf8) { return true }
      }
      return false
    }
  }

  /// The status that a body implies, or nil if it names none.
  private static func status(of error: JSONValue?, in top: JSONValue) -> Int? {
    let stated = [error?["code"], error?["status"], error?["status_code"], top["code"], top["status"]]
    for value in stated {
      if let number = (value?.shown).flatMap({ Int($0) }), (400..<600).contains(number) { return number }
    }
    for code in Found(top).codes {
      if let status = RefusalTable.statuses[code.lowercased()] { return status }
    }
    return nil
  }

  // MARK: - Meaning

  package enum Meaning: Hashable {
    case tooLong, moderated, outOfCredit
    case wrongKey, forbidden, unknownModel
    case rateLimited, failed
    case elsewhere
    case bad
  }

  /// Errors of the one request or of the account are recognised before errors that concern every call.
  package var meaning: Meaning {
    // Only these statuses concern a prompt: a failing server may say anything, and messages on keys or redirects do not
    // count.
    let concernsPrompt = (400..<500).contains(status) && ![401, 402, 404].contains(status)
    if status == 413 || concernsPrompt && names(RefusalTable.tooLong, inWords: true) { return .tooLong }
    // In a 5xx only codes count, since the words may come from a stack trace.
    if status >= 500, names(RefusalTable.tooLong, inWords: false) { return .tooLong }
    if concernsPrompt, status != 429, names(RefusalTable.moderated, inWords: true) { return .moderated }
    if status == 402 || status < 500 && names(RefusalTable.outOfCredit, inWords: true) { return .outOfCredit }
    switch status {
    case 401: return .wrongKey
    case 403: return .forbidden
    case 404: return .unknownModel
    case 429: return .rateLimited
    case 408, 409, 425, 500...: return .failed
    case 300..<400: return .elsewhere
    default:
      if codes.contains("model_not_found") { return .unknownModel }
      // A 400 with the type of a rate limit, as sent by Bedrock's gateway and some proxies.
      if codes.contains("throttlingexception") || codes.contains("rate_limit_exceeded") { return .rateLimited }
      return .bad
    }
  }

  private func names(_ families: [RefusalTable.Family], inWords: Bool) -> Bool {
    families.contains { $0.matches(codes: codes, said: inWords ? words : "") }
  }
}

/// The codes and messages found anywhere in an error's body.
private struct Found {
  var codes: [String] = []
  var messages: [String] = []

  private static let codeKeys: Set<String> = [
    "code", "type", "status", "reason", "error_type", "__type", "err_code", "error_code", "finish_reason",
    "blockreason",
  ]
  private static let wordKeys: Set<String> = [
    "message", "detail", "msg", "error", "error_msg", "error_message", "raw", "reasons", "description", "errors",
  ]

  init(_ json: JSONValue?) {
    if let json { read(json, key: "", depth: 0) }
  }

  private mutating func read(_ value: JSONValue, key: String, depth: Int) {
    guard depth < 8, codes.count < 64, messages.count < 64 else { return }
    let name = key.lowercased()
    switch value {
    case .object(let members):
      // The outer message comes before the messages of its parts.
      let order = members.keys.sorted { Self.rank($0) == Self.rank($1) ? $0 < $1 : Self.rank($0) < Self.rank($1) }
      for key in order { if let member = members[key] { read(member, key: key, depth: depth + 1) } }
    case .list(let items): for item in items { read(item, key: key, depth: depth + 1) }
    case .text(let text) where Self.wordKeys.contains(name):
      // A gateway passes on the body of its provider as a string.
      if text.first == "{", let inner = JSONValue(parsing: text) { read(inner, key: key, depth: depth + 1) }
      messages.append(text)
    case .text(let text) where Self.codeKeys.contains(name): codes.append(text)
    case .number:
      if Self.codeKeys.contains(name) { codes.append(value.shown) }
    default: break
    }
  }

  private static func rank(_ key: String) -> Int {
    switch key.lowercased() {
    case "error": 0
    case "message": 1
    default: 2
    }
  }
}
