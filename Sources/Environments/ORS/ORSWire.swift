import Agents
import Foundation
import HTTP
import NIOHTTP1

/// Sends one request to a server, waits while the server is busy, and says what a refusal means.
struct ORSWire: Sendable {
  /// What is lost with a request that fails.
  enum Stage: Sendable {
    /// Nothing: the server is asked about itself.
    case card
    /// A session is being opened.
    case opening
    /// A session and what was done in it.
    case session
  }

  let exchange: HTTPExchange
  let settings: ORS.Settings

  /// - Parameters:
  ///   - seconds: the most for one answer; nil for `timeout`.
  ///   - patience: how long a busy server is asked again, in seconds; nil for `recoveryWait`.
  ///   - allowed: statuses that are answers besides 200 to 299.
  func ask(
    _ method: HTTPMethod, _ path: String, at base: String, session: String? = nil, _ body: [String: JSONValue]? = nil,
    headers more: [String: String] = [:], stage: Stage, within seconds: Double? = nil, patience: Double? = nil,
    allowing allowed: Set<Int> = []
  ) async throws(WorldError) -> HTTPAnswer {
    var headers = HTTPHeaders(settings.headers.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
    headers.replaceOrAdd(name: "Accept", value: "application/json, text/event-stream")
    if let session { headers.replaceOrAdd(name: "X-Session-ID", value: session) }
    for (name, value) in more { headers.replaceOrAdd(name: name, value: value) }
    if body != nil { headers.replaceOrAdd(name: "Content-Type", value: "application/json") }
    let name = "\(method.rawValue) \(base)\(path)"
    let patience = patience ?? (stage == .card ? 0 : settings.recoveryWait)
    let start = ContinuousClock.now
    var pause = 0.1
    while true {
      let reason: String
      var wait: Double?
      switch await sent(
        method, base + path, headers, body.map { Data(JSONValue.object($0).json.utf8) }, seconds ?? settings.timeout)
      {
      case .success(let answer) where 200..<300 ~= answer.status || allowed.contains(answer.status): return answer
      // Nothing ran: the server or its proxy asks to be asked again. 503 also says that a task is still set up.
      case .success(let answer) where answer.status == 429 || answer.status == 503:
        reason = "\(name): \(said(answer))"
        wait = answer.headers.first(name: "Retry-After").flatMap { Double($0) }.flatMap { $0.isFinite ? $0 : nil }
      case .success(let answer): throw refusal(answer, to: name, stage)
      // A server that is down may come back, but its sessions are gone.
      case .failure(let error) where error.kind == .refused && stage == .opening: reason = "\(name): \(error.reason)."
      case .failure(let error): throw failure(error, of: name)
      }
      guard start.duration(to: .now) < .seconds(patience) else {
        throw WorldError(
          .unavailable,
          "\(reason) Tried for \(patience) s: start the server, or check environment.url, recoveryWait and setupWait.")
      }
      do { try await Task.sleep(for: .seconds(min(max(wait ?? pause, 0.05), 10, max(patience, 0.05)))) } catch {
        throw Self.stopped
      }
      pause = min(pause * 2, 2)
    }
  }

  private func sent(
    _ method: HTTPMethod, _ url: String, _ headers: HTTPHeaders, _ body: Data?, _ seconds: Double
  ) async -> Result<HTTPAnswer, HTTPFailure> {
    do throws(HTTPFailure) {
      return .success(try await exchange.send(method, url, headers: headers, body: body, within: seconds))
    } catch {
      return .failure(error)
    }
  }

  /// Asks for JSON.
  func json(
    _ method: HTTPMethod, _ path: String, at base: String, session: String? = nil, _ body: [String: JSONValue]? = nil,
    stage: Stage, patience: Double? = nil
  ) async throws(WorldError) -> JSONValue {
    let answer = try await ask(method, path, at: base, session: session, body, stage: stage, patience: patience)
    if let json = Self.json(answer) { return json }
    throw misspoken("\(method.rawValue) \(base)\(path)", "with JSON", answer)
  }

  static func json(_ answer: HTTPAnswer) -> JSONValue? {
    JSONValue(parsing: String(decoding: answer.body, as: UTF8.self))
  }

  func misspoken(_ name: String, _ wanted: String, _ answer: HTTPAnswer) -> WorldError {
    WorldError(
      .misconfigured,
      "\(name) did not answer as the Open Reward Standard says, \(wanted): check environment.url. \(said(answer))")
  }

  static let stopped = WorldError(.cancelled, "The run was stopped while it waited for a server.")

  private func refusal(_ answer: HTTPAnswer, to name: String, _ stage: Stage) -> WorldError {
    let text = "\(name): \(said(answer))"
    switch answer.status {
    case 401, 403:
      return WorldError(
        .misconfigured, "\(text) Name the variable of a valid key in environment.apiKeyVariable.")
    case 404 where stage == .session, 410:
      return WorldError(.unavailable, "\(text) The session is gone.")
    // The environment raised an error. It would raise it again.
    case 500 where stage != .card: return WorldError(.failed, text)
    case 408, 500...: return WorldError(.unavailable, text)
    default:
      return WorldError(
        .misconfigured, "\(text) Check environment.url, which has to be an Open Reward Standard server's.")
    }
  }

  private func failure(_ error: HTTPFailure, of name: String) -> WorldError {
    let text = "\(name): \(error.reason)."
    switch error.kind {
    case .cancelled: return Self.stopped
    case .invalidURL, .insecure: return WorldError(.misconfigured, "\(text) Check environment.url.")
    case .timedOut, .tooLong, .refused, .unreachable:
      return WorldError(.unavailable, "\(text) Start the server, or check environment.url and environment.timeout.")
    }
  }

  private func said(_ answer: HTTPAnswer) -> String {
    let words = Self.json(answer)?["detail"]?.shown ?? String(decoding: answer.body, as: UTF8.self)
    return clean("status \(answer.status)\(words.isEmpty ? "." : ": \(words.clipped(to: 300))")")
  }

  /// A text of the server without the values of headers and secrets.
  func clean(_ text: String) -> String {
    let hidden = [settings.headers, settings.secrets].flatMap(\.values).filter { $0.count >= 8 }
    return hidden.reduce(text) { $0.replacing($1, with: "[key]") }
  }
}
