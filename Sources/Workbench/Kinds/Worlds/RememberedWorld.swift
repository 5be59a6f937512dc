import Agents
import Foundation

/// The identity and maximal reward of a world that was opened before. They are enough to read its rollouts without
/// starting a program or server.
///
/// The cards are stored in `world.json` beside the store, under a digest of the section `environment`.
struct WorldCard: Codable, Hashable, Sendable {
  let identity: WorldIdentity
  let maximalReward: Double?

  /// - Parameter settings: the configured settings of the world.
  static func read(_ settings: WorldSettings, beside store: String) -> WorldCard? {
    cards(path(store))[settings.digest]
  }

  /// Stores the card of a world. If the file cannot be written, the program is only started once more later.
  static func keep(_ world: any World, of settings: WorldSettings, beside store: String) {
    let path = path(store)
    var cards = cards(path)
    let card = WorldCard(identity: world.identity, maximalReward: world.maximalReward)
    guard cards[settings.digest] != card else { return }
    cards[settings.digest] = card
    try? OutputFile.write(json: cards, to: path)
  }

  private static func path(_ store: String) -> String { Workbench.beside(store: store, "world.json") }

  private static func cards(_ path: String) -> [String: WorldCard] {
    FileManager.default.contents(atPath: path).flatMap { try? JSONDecoder().decode([String: WorldCard].self, from: $0) }
      ?? [:]
  }
}

/// A world of which only the card is known. Its tasks cannot begin.
struct RememberedWorld: World {
  let card: WorldCard

  var identity: WorldIdentity { card.identity }
  var maximalReward: Double? { card.maximalReward }

  func tasks(in split: Split) -> [AgentTask] { [] }

  func task(_ id: TaskID) throws(WorldError) -> AgentTask {
    throw WorldError(.unavailable, "The world was not opened, because this command only reads its stored rollouts.")
  }

  func begin(_ task: AgentTask) async throws(WorldError) -> (episode: any Episode, observation: Observation) {
    throw WorldError(.unavailable, "The world was not opened, because this command only reads its stored rollouts.")
  }
}
