import AgentGym
import Agents
import ScienceWorld
import Shop
import TextCraft

package struct AgentGymSettings: WorldKind {
  package static let name = "agentgym"
  package static let summary = "A world behind an AgentGym server."

  private let settings: AgentGym.Settings
  /// What the dialect's overrides started from.
  private let base: Dialect

  package init(_ yaml: inout YAMLMapping) throws {
    guard let name = try yaml.text("dialect") else {
      throw ConfigurationError.missing(
        "environment.dialect", "one of \(Dialect.builtIn.map(\.name).joined(separator: ", ")).")
    }
    base = try Dialect.named(name)
    let overrides = try yaml.json("dialectOverrides") ?? [:]
    settings = AgentGym.Settings(
      dialect: try Dialect(basedOn: base, overrides: overrides), urls: try yaml.serverURLs(),
      timeout: try yaml.seconds("timeout") ?? 60, concurrencyPerServer: try yaml.count("concurrency") ?? 16,
      environmentsPerServer: try yaml.count("environmentsPerServer"), stepLimit: try yaml.stepLimit(),
      allowsPlainHTTP: try yaml.flag("allowPlainHTTP") ?? false)
  }

  package func make(_ environment: WorldSettings, observer: any WorkObserver) throws -> any World {
    let (prompting, reflection) = words
    return try AgentGym(
      settings, splits: environment.splits,
      prompting: environment.prompts.applied(to: prompting, reflection: reflection))
  }

  /// What the policy is told: of a world that is also native, the same as there.
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
  /// For a world of which nothing is known but what it says itself.
  package static let anyTextWorld = """
    You act in a world that you know by its messages. The first one says what is wanted. In every turn you take exactly one action \
    and read what came of it.
    """
}
