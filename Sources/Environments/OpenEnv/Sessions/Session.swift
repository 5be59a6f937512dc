import Agents
import WorldKit

/// A server's answer to a reset or a step.
struct Report: Sendable {
  /// Null if the action was refused.
  var observation: JSONValue = .null
  var reward = 0.0
  var isDone = false
  /// Why the server refused the action; nil if it did not.
  var refusal: String?
}

extension Report: ReplayedStep {
  var seen: JSONValue { observation }
  var isRefused: Bool { refusal != nil }
}

/// One session of an OpenEnv server, on a WebSocket of its own.
struct Session: Sendable {
  struct Limits: Sendable {
    /// The longest one answer may take, in seconds.
    let timeout: Double
    /// The longest answer, in bytes.
    var message = 4 << 20
    /// How long a server may take to close a session, in seconds.
    var parting = 5.0
  }

  private let connection: WebSocketConnection
  private let limits: Limits
  /// The server's name in errors.
  private let name: String

  static func open(_ server: OpenEnvServer, limits: Limits) async throws(SessionFailure) -> Session {
    do throws(WebSocketFailure) {
      let connection = try await WebSocketConnection.open(
        server.socket, limit: limits.message, within: limits.timeout)
      return Session(connection: connection, limits: limits, name: server.base)
    } catch {
      let text = "\(server.base)/ws: \(error)."
      switch error {
      case .cancelled: throw .final(Self.stopped)
      case .refused(429), .refused(503): throw .full(text)
      case .refused(let status) where status < 500:
        throw .final(WorldError(.misconfigured, "\(text) This is not an OpenEnv server; check environment.url."))
      case .malformed:
        throw .final(WorldError(.misconfigured, "\(text) This is not an OpenEnv server; check environment.url."))
      case .unreachable, .refused, .closed, .timedOut, .tooLong: throw .unreachable(text)
      }
    }
  }

  /// Begins an episode. Call it once, on a fresh session.
  func reset(_ parameters: [String: JSONValue]) async throws(SessionFailure) -> Report {
    let report = try await ask("reset", parameters, isFresh: true)
    if let refusal = report.refusal {
      throw .final(
        WorldError(
          .misconfigured,
          "\(name) refused reset with \(JSONValue.object(parameters).json.clipped(to: 300)): \(refusal.clipped(to: 300))"
        )
      )
    }
    return report
  }

  func step(_ fields: [String: JSONValue]) async throws(SessionFailure) -> Report {
    try await ask("step", fields, isFresh: false)
  }

  var isOpen: Bool { connection.isOpen }

  /// Closes the session. Returns once the server has released it, or when the time is up.
  func close() async { await connection.close(by: .word(#"{"type":"close"}"#), within: limits.parting) }

  /// Closes a failed session. Does not wait for the server, which may still be busy with an abandoned request.
  func drop(after failure: SessionFailure) async {
    if case .full = failure {
      // A full server closes the connection itself, and logs an error if the client is faster.
      await connection.close(by: .silence, within: 1)
    } else {
      await connection.close(by: .frame, within: 0.2)
    }
  }

  private static let stopped = WorldError(
    .cancelled, "The run was stopped while it waited for an OpenEnv server.")

  private func ask(
    _ type: String, _ data: [String: JSONValue], isFresh: Bool
  ) async throws(SessionFailure) -> Report {
    let text: String
    do throws(WebSocketFailure) {
      let question = JSONValue.object(["type": .text(type), "data": .object(data)])
      text = try await connection.answer(to: question.json, within: limits.timeout)
    } catch {
      switch error {
      case .cancelled: throw .final(Self.stopped)
      // Codes of a server that accepts a connection and closes it at once: going away, policy, restart, try again
      // later.
      case .closed(let code?, _) where isFresh && [1000, 1001, 1005, 1008, 1012, 1013].contains(code):
        throw .full("\(name), on the request \(type): \(error).")
      case .unreachable, .refused, .closed, .timedOut, .tooLong, .malformed:
        throw .lost("\(name), on the request \(type): \(error).")
      }
    }
    return try report(text, to: type)
  }

  /// Reads an answer. Unknown keys are ignored, since versions add some.
  private func report(_ text: String, to type: String) throws(SessionFailure) -> Report {
    let answer = JSONValue(parsing: text)
    let data = answer?["data"] ?? .null
    switch answer?["type"]?.text {
    case "observation": break
    case "error": return try refusal(data, of: type)
    default:
      throw misspoken(type, "with \"type\": \"observation\" in JSON (where NaN and Infinity are not valid)", text)
    }
    guard let observation = data["observation"] else { throw misspoken(type, "with data.observation", text) }
    guard case .flag(let isDone) = data["done"] else { throw misspoken(type, "with data.done, true or false", text) }
    let reward: Double
    switch data["reward"] ?? .null {
    case .null: reward = 0
    case .flag(let flag): reward = flag ? 1 : 0
    case .number(let number) where number.double.isFinite: reward = number.double
    default: throw misspoken(type, "with data.reward, a finite number or null", text)
    }
    return Report(observation: observation, reward: reward, isDone: isDone)
  }

  private func refusal(_ data: JSONValue, of type: String) throws(SessionFailure) -> Report {
    let code = data["code"]?.text ?? "no code"
    let message = data["message"]?.text ?? data.json
    let text = "\(name) answered \(type) with \(code): \(message.clipped(to: 300))"
    switch code {
    case "CAPACITY_REACHED": throw .full(text)
    case "SESSION_ERROR": throw .lost(text)
    // The action was invalid or raised an error in the world. The agent is told.
    case "VALIDATION_ERROR", "EXECUTION_ERROR":
      let errors = (data["errors"]?.items ?? []).compactMap { $0["msg"]?.text }
      return Report(refusal: ([message] + errors).joined(separator: ": ").clipped(to: 300))
    default: throw .final(WorldError(.misconfigured, "\(text). Read the server's log."))
    }
  }

  private func misspoken(_ type: String, _ wanted: String, _ text: String) -> SessionFailure {
    .final(
      WorldError(
        .misconfigured,
        "\(name) did not answer \(type) as OpenEnv 0.3 does, \(wanted). It answered: \(text.clipped(to: 300))"))
  }
}
