import AgentGym
import Agents
import ScienceWorld
import Shop
import TextCraft

package struct AgentGymSettings: WorldKind {
  package static let name = "agentgym"
  package static let summary = "A world behind an AgentGym server."

  private let settings: AgentGym.Settings
  /// The dialect before the overrides.
  private let base: Dialect

  package init(_ yaml: inout YAMLMapping) throws {
    let dialects = Dialect.builtIn.map(\.name)
    let name = try yaml.text(
      "dialect", default: .required,
      "\(dialects.map { "`\($0)`" }.listed("or")); see [AgentGym](agentgym.md)")
    let overrides = try yaml.json(
      "dialectOverrides", default: .none,
      "how another server differs from the dialect; see [AgentGym](agentgym.md#another-server)")
    let servers = try yaml.serverURLs("base URL of the server")
    let timeout = try yaml.requestTimeout()
    let concurrency = try yaml.count(
      "concurrency", default: 16, "maximal number of concurrent requests for each server")
    let environments = try yaml.count(
      "environmentsPerServer", default: "that of the dialect",
      "maximal number of environments open on each server")
    let stepLimit = try yaml.stepLimit(default: "that of the dialect")
    let allowsPlainHTTP = try yaml.flag(
      "allowPlainHTTP", default: false, "permits `http` to hosts other than loopback")
    guard let name else {
      throw ConfigurationError.missing("environment.dialect", "one of \(dialects.joined(separator: ", ")).")
    }
    base = try Dialect.named(name)
    settings = AgentGym.Settings(
      dialect: try Dialect(basedOn: base, overrides: overrides ?? [:]), urls: try servers.all, timeout: timeout,
      concurrencyPerServer: concurrency, environmentsPerServer: environments, stepLimit: stepLimit,
      allowsPlainHTTP: allowsPlainHTTP)
  }

  package func make(_ environment: WorldSettings, observer: any WorkObserver) throws -> any World {
    let (prompting, reflection) = words
    return try AgentGym(
      settings, splits: environment.splits,
      prompting: environment.prompts.applied(to: prompting, reflection: reflection))
  }

  /// The prompting. Worlds that also exist natively use the same prompting here.
  private var words: (Prompting, reflection: String) {
    switch base.name {
    case "sciworld": (ScienceWorld.prompting, ScienceWorld.reflection)
    case "textcraft": (TextCraft.prompting, TextCraft.reflection)
    case "webshop": (Shop.prompting, Shop.reflection)
    default: (base.prompting ?? Prompting(.anyTextWorld), Prompting.reflection)
    }
  }
}

extension String {
  /// Instructions for a world that describes itself only in its messages.
  package static let anyTextWorld = """
    You act in a world that you know by its messages. The first one says what is wanted. In every turn you take \
    exactly one action and read what came of it.
    """
}
