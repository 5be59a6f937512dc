import Agents
import OpenEnv

package struct OpenEnvSettings: WorldKind {
  package static let name = "openenv"
  package static let summary = "A world behind an OpenEnv server."
  package static let asksForIdentity = true

  private let settings: OpenEnv.Settings

  package init(_ yaml: inout YAMLMapping) throws {
    let servers = try yaml.serverURLs("base URL of the [OpenEnv server](openenv.md). `tasks` are seeds")
    let allowsPlainHTTP = try yaml.flag(
      "allowPlainHTTP", default: false, "permits `http` and `ws` to hosts other than loopback")
    let timeout = try yaml.requestTimeout()
    let stepLimit = try yaml.stepLimit(default: 30)
    let sessions = try yaml.count("sessionsPerServer", default: "8", "maximal number of sessions on each server")
    let capacityWait = try yaml.seconds(
      "capacityWait", default: 120.0, "how long to wait for a server that is full, in seconds")
    let recoveryWait = try yaml.seconds(
      "recoveryWait", default: 30.0, "how long to wait for a server that cannot be reached, in seconds")
    let reset = try yaml.json("reset", default: .none, "fields that are sent with every reset, besides the seed")
    let actionField = try yaml.text(
      "actionField", default: "from the schema", "the property that takes the agent's text")
    let action = try yaml.json("action", default: .none, "properties that all actions have in common")
    let rendering = try yaml.choice("rendering", default: OpenEnv.Rendering.text, "how observations are shown")
    let observationField = try yaml.text(
      "observationField", default: "all fields", "the only field of an observation that is shown")
    let request = try yaml.text("request", default: "the first observation", "the task in words")
    let maximalReward = try yaml.number("maximalReward", default: "unknown", "maximal reward of an attempt")
    settings = OpenEnv.Settings(
      urls: try servers.all, allowsPlainHTTP: allowsPlainHTTP, timeout: timeout, stepLimit: stepLimit,
      sessionsPerServer: sessions, capacityWait: capacityWait, recoveryWait: recoveryWait, reset: reset ?? [:],
      actionField: actionField, action: action ?? [:], rendering: rendering, observationField: observationField,
      request: request, maximalReward: maximalReward)
  }

  package func make(_ environment: WorldSettings, observer: any WorkObserver) async throws -> any World {
    try await OpenEnv(settings, splits: environment.splits) { try environment.prompts.applied(to: $0) }
  }
}

/// `url`, or `urls` for several servers with the same world.
package struct ServerURLs {
  let one: String?
  let several: [String]?

  package var all: [String] {
    get throws {
      switch (one, several) {
      case (let url?, nil): return [url]
      case (nil, let urls?) where !urls.isEmpty: return urls
      case (nil, _):
        throw ConfigurationError.missing(
          "environment.url", "the server's base URL, such as \"http://127.0.0.1:36001\".")
      case (_?, _?): throw ConfigurationError("environment has both url and urls; leave one of them out.")
      }
    }
  }
}

extension YAMLMapping {
  package mutating func serverURLs(_ help: String) throws -> ServerURLs {
    ServerURLs(
      one: try text("url", default: "required, or `urls`", help),
      several: try texts("urls", default: .none, "in place of `url`: several servers of the same world form one pool"))
  }

  /// `timeout` of a served world.
  package mutating func requestTimeout() throws -> Double {
    try seconds("timeout", default: 60.0, "maximal duration of a request, in seconds")
  }
}
