import Agents
import Foundation
import HTTP

/// A server's description of its environment.
struct ServerCard: Sendable {
  let name: String
  let version: String?
  let description: String
  /// JSON Schema of an action.
  let action: JSONValue

  /// Reads `/schema`, and `/metadata` if it exists.
  ///
  /// - Throws: `misconfigured` if this is not an OpenEnv server; `unavailable` if no server answers.
  static func read(
    _ server: OpenEnvServer, with exchange: HTTPExchange, timeout: Double
  ) async throws(WorldError) -> ServerCard {
    let schema = try await page("/schema", of: server, exchange, timeout)
    guard let action = schema?["action"], action.fields != nil else {
      throw WorldError(
        .misconfigured,
        "\(server.base)/schema does not answer with the JSON Schema of an action, so this is not an OpenEnv server "
          + "(AgentGym's servers have no /schema). Check environment.url.")
    }
    // The description is optional; some environments fail to provide it.
    let metadata = try await page("/metadata", of: server, exchange, timeout)
    return ServerCard(
      name: metadata?["name"]?.text?.clipped(to: 300) ?? action["title"]?.text?.clipped(to: 300) ?? "OpenEnv",
      version: metadata?["version"]?.text?.clipped(to: 300),
      description: String((metadata?["description"]?.text ?? "").prefix(4_000)), action: action)
  }

  private static func page(
    _ path: String, of server: OpenEnvServer, _ exchange: HTTPExchange, _ timeout: Double
  ) async throws(WorldError) -> JSONValue? {
    do throws(HTTPFailure) {
      let answer = try await exchange.send(
        .GET, server.base + path, headers: ["Accept": "application/json"], within: timeout)
      guard answer.status == 200 else { return nil }
      return JSONValue(parsing: String(decoding: answer.body, as: UTF8.self))
    } catch {
      switch error.kind {
      case .cancelled: throw WorldError(.cancelled, error.reason)
      case .invalidURL: throw WorldError(.misconfigured, "environment.url \(error.reason).")
      case .tooLong: return nil
      case .insecure:
        throw WorldError(
          .misconfigured,
          "\(server.base)\(path): its certificate is not trusted, or it does not speak TLS. Check environment.url.")
      case .timedOut, .refused, .unreachable:
        throw WorldError(
          .unavailable, "\(server.base)\(path): \(error.reason). Start the OpenEnv server, or check environment.url.")
      }
    }
  }
}
