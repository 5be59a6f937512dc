import Agents
import TextWorldExpress

package struct TextWorldExpressSettings: WorldKind {
  package static let name = "textworld-express"
  package static let summary = "Eight short text games, on their simulator in Java."

  package let game: TextGame
  package let parameters: String
  package let stepLimit: Int
  package let hiddenActions: Set<String>
  private let simulator: SimulatorSettings

  package init(_ yaml: inout YAMLMapping) throws {
    let given = try yaml.choice("game", TextGame.self, default: .required, "the game of all tasks")
    parameters =
      try yaml.text(
        "parameters", default: "[the game's](worlds.md#textworld-express)",
        "parameters of the game, as the simulator writes them: `\"numLocations=1,includeDoors=0\"`") ?? ""
    stepLimit = try yaml.stepLimit(default: 50)
    hiddenActions = Set(
      try yaml.texts(
        "hiddenActions", default: "`[look around, inventory]`",
        "admissible actions that are not listed among the choices. They can still be taken")
        ?? TextWorldExpress.idleActions.sorted())
    simulator = try SimulatorSettings(.textWorldExpress, &yaml)
    guard let given else {
      throw ConfigurationError.missing(
        "environment.game", "one of \(TextGame.allCases.map(\.rawValue).joined(separator: ", ")).")
    }
    game = given
    do { _ = try game.values(in: parameters) } catch { throw ConfigurationError(error.message) }
  }

  package var needs: Set<Need> { simulator.needs }

  package func make(_ environment: WorldSettings, observer: any WorkObserver) async throws -> any World {
    let prompting = try environment.prompts.applied(to: TextWorldExpress.prompting)
    return try await simulator.world(in: environment) { pool in
      try TextWorldExpress(
        pool: pool, game: game, parameters: parameters, splits: environment.splits, stepLimit: stepLimit,
        hiddenActions: hiddenActions, prompting: prompting)
    }
  }
}
