import Agents
import OpenEnv

package struct OpenEnvSettings: WorldKind {
  package static let name = "openenv"
  package static let summary = "A world behind an OpenEnv server."
  package static let asksForIdentity = true

  private let settings: OpenEnv.Settings

  package init(_ yaml: inout YAMLMapping) throws {
    settings = OpenEnv.Settings(
      urls: try yaml.serverURLs(), allowsPlainHTTP: try yaml.flag("allowPlainHTTP") ?? false,
      timeout: try yaml.seconds("timeout") ?? 60, stepLimit: try yaml.stepLimit() ?? 30,
      sessionsPerServer: try yaml.count("sessionsPerServer"), capacityWait: try yaml.seconds("capacityWait") ?? 120,
      recoveryWait: try yaml.seconds("recoveryWait") ?? 30, reset: try yaml.json("reset") ?? [:],
      actionField: try yaml.text("actionField"), action: try yaml.json("action") ?? [:],
      rendering: try yaml.choice("rendering", OpenEnv.Rendering.self) ?? .text,
      observationField: try yaml.text("observationField"), request: try yaml.text("request"),
      maximalReward: try yaml.number("maximalReward"))
  }

  package func make(_ environment: WorldSettings, observer: any WorkObserver) async throws -> any World {
    try await OpenEnv(settings, splits: environment.splits) { try environment.prompts.applied(to: $0) }
  }
}

extension YAMLMapping {
  /// `url`, or `urls` of several servers of the same world.
  package mutating func serverURLs() throws -> [String] {
    let (one, several) = (try text("url"), try texts("urls"))
    switch (one, several) {
    case (let url?, nil): return [url]
    case (nil, let urls?) where !urls.isEmpty: return urls
    case (nil, _):
      throw ConfigurationError.missing("environment.url", "the server's base URL, such as \"http://127.0.0.1:36001\".")
    case (_?, _?): throw ConfigurationError("environment has both url and urls; one of them is enough.")
    }
  }
}
