import Agents
import ORS

package struct ORSSettings: WorldKind {
  package static let name = "ors"
  package static let summary = "A world behind an Open Reward Standard server."
  package static let asksForIdentity = true

  private var settings: ORS.Settings
  private var server: ServerSettings
  /// The variables that hold the environment's secrets, by the secrets' names.
  private let secrets: [String: String]

  package init(_ yaml: inout YAMLMapping) throws {
    let servers = try yaml.serverURLs("base URL of the [Open Reward Standard server](ors.md). `tasks` are indices")
    let name = try yaml.text("name", default: "the server's only one", "the environment's name on the server")
    let splits =
      try yaml.mapping("splits", default: "the same names", "the server's names of the splits") {
        yaml -> [Split: String] in
        var names: [Split: String] = [:]
        for split in Split.allCases {
          names[split] = try yaml.text(
            split.rawValue, default: "`\(split.rawValue)`, or the only split of that type", "the server's name")
        }
        return names
      } ?? [:]
    let variable = try yaml.text(
      "apiKeyVariable", default: "no key", "name of the environment variable that holds the server's key")
    let header = try yaml.text("apiKeyHeader", default: "`X-API-Key`", "header that carries the bare key")
    secrets =
      try yaml.textFields(
        "secrets", default: .none,
        "secrets that the environment gets with each session: a mapping of names to names of environment variables")
      ?? [:]
    let allowsPlainHTTP = try yaml.flag(
      "allowPlainHTTP", default: false, "permits `http` to hosts other than loopback")
    let timeout = try yaml.requestTimeout()
    let recoveryWait = try yaml.seconds(
      "recoveryWait", default: 20.0, "how long a try waits for a server that is busy or cannot be reached, in seconds")
    let setupWait = try yaml.seconds(
      "setupWait", default: 600.0, "how long the environment may take to set a task up, in seconds")
    let sessionLife = try yaml.seconds(
      "sessionLife", default: 120.0,
      "time without a request after which the server drops a session, in seconds; it is pinged after half of that")
    let concurrency = try yaml.count(
      "concurrency", default: 64, "maximal number of concurrent requests for each server")
    let stepLimit = try yaml.stepLimit(default: 30)
    let images = try yaml.choice(
      "images", default: ORS.Images.refuse, "`refuse`: an image fails the attempt. `note`: a note takes its place")
    let offersTaskTools = try yaml.flag(
      "taskTools", default: false, "with `policy.format: tools`, one more tool that calls tools which a task adds")
    let maximalReward = try yaml.number("maximalReward", default: "unknown", "maximal reward of an attempt")
    settings = ORS.Settings(urls: try servers.all)
    settings.environment = name
    settings.splits = splits
    settings.allowsPlainHTTP = allowsPlainHTTP
    settings.timeout = timeout
    settings.recoveryWait = recoveryWait
    settings.setupWait = setupWait
    settings.sessionLife = sessionLife
    settings.concurrency = concurrency
    settings.stepLimit = stepLimit
    settings.images = images
    settings.offersTaskTools = offersTaskTools
    settings.maximalReward = maximalReward
    server = ServerSettings(url: settings.urls.first ?? "")
    server.section = "environment"
    server.apiKeyVariable = variable
    server.apiKeyHeader = header
    try server.check()
    if let name = secrets.keys.sorted().first(where: { secrets[$0]?.wholeMatch(of: ValueTemplate.variableName) == nil })
    {
      throw ConfigurationError(
        "environment.secrets.\(name) is not the name of an environment variable. Give the variable's name, never the "
          + "secret.")
    }
  }

  package func make(_ environment: WorldSettings, observer: any WorkObserver) async throws -> any World {
    var settings = settings
    if let (name, value) = try server.access().authorization("X-API-Key") {
      settings.headers[name] = name.lowercased() == "authorization" ? "Bearer \(value)" : value
    }
    for (name, variable) in secrets {
      settings.secrets[name] = try ServerSettings.read(variable, named: "environment.secrets.\(name)")
    }
    return try await ORS(settings, tasks: environment.tasks) { try environment.prompts.applied(to: $0) }
  }
}
