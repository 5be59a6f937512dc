import Agents

/// What a server says about its environment.
struct ServerCard: Sendable {
  /// The environment's name as the server's paths have it.
  let environment: String
  let tools: ToolBox
  /// The server's names of the splits in use.
  let splits: [Split: String]
  /// The names of all splits of the server.
  let allSplits: [String]

  /// Asks every server, and the first one for its number of tasks.
  static func read(
    _ settings: ORS.Settings, tasks: [Split: [Int]], by wire: ORSWire
  ) async throws(WorldError) -> ServerCard {
    var cards: [ServerCard] = []
    for base in settings.bases { cards.append(try await read(base, settings, used: Set(tasks.keys), by: wire)) }
    for (other, base) in zip(cards, settings.bases).dropFirst()
    where other.environment != cards[0].environment || other.tools.described != cards[0].tools.described {
      throw WorldError(
        .misconfigured,
        "environment.urls names servers of different environments: \(settings.bases[0]) has \(cards[0].environment), "
          + "\(base) has \(other.environment), or other tools. One run has one environment.")
    }
    let card = cards[0]
    for (split, indices) in tasks.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
      guard let largest = indices.max(), let name = card.splits[split] else { continue }
      if let negative = indices.first(where: { $0 < 0 }) {
        throw WorldError(
          .misconfigured, "environment.tasks.\(split.rawValue) has \(negative); tasks are numbered from 0.")
      }
      let answer = try await wire.ask(
        .POST, "/\(card.environment)/num_tasks", at: settings.bases[0], ["split": .text(name)], stage: .card,
        allowing: [400, 404, 405, 422, 500])
      // An environment need not know how many tasks it has.
      guard answer.status == 200, let count = ORSWire.json(answer)?["num_tasks"]?.integer, largest >= count else {
        continue
      }
      throw WorldError(
        .misconfigured,
        "environment.tasks.\(split.rawValue) names task \(largest); the server's split \(name) has \(count), numbered "
          + "from 0.")
    }
    return card
  }

  private static func read(
    _ base: String, _ settings: ORS.Settings, used: Set<Split>, by wire: ORSWire
  ) async throws(WorldError) -> ServerCard {
    let listed = try await wire.json(.GET, "/list_environments", at: base, stage: .card).items?.compactMap(\.text) ?? []
    let names = listed.joined(separator: ", ").clipped(to: 300)
    let environment: String
    if let wanted = settings.environment {
      guard let found = listed.first(where: { $0.lowercased() == wanted.lowercased() }) else {
        throw WorldError(.misconfigured, "environment.name is \"\(wanted)\"; \(base) has \(names).")
      }
      environment = found
    } else {
      guard let only = listed.first, listed.count == 1 else {
        throw WorldError(
          .misconfigured,
          listed.isEmpty
            ? "\(base)/list_environments lists none: check environment.url, which has to be an Open Reward Standard "
              + "server's."
            : "\(base) has the environments \(names): write one as environment.name.")
      }
      environment = only
    }
    let tools = ToolBox(try await wire.json(.GET, "/\(environment)/tools", at: base, stage: .card))
    guard let tools else {
      throw WorldError(
        .misconfigured, "\(base)/\(environment)/tools does not list tools: check environment.url.")
    }
    let splits = try await wire.json(.GET, "/\(environment)/splits", at: base, stage: .card).items ?? []
    let all = splits.compactMap { split in
      (split["name"]?.text ?? split.text).map { (name: $0, type: split["type"]?.text ?? $0) }
    }
    var own: [Split: String] = [:]
    for split in Split.allCases {
      let alike = all.filter { $0.type == split.rawValue }
      let wanted = settings.splits[split] ?? split.rawValue
      if all.contains(where: { $0.name == wanted }) {
        own[split] = wanted
      } else if settings.splits[split] == nil, alike.count == 1 {
        own[split] = alike[0].name
      } else if used.contains(split) || settings.splits[split] != nil {
        throw WorldError(
          .misconfigured,
          "The server has no split \"\(wanted)\"; it has \(all.map(\.name).joined(separator: ", ").clipped(to: 300)). "
            + "Write the server's name as environment.splits.\(split.rawValue).")
      }
    }
    return ServerCard(
      environment: environment, tools: tools, splits: own.filter { used.contains($0.key) }, allSplits: all.map(\.name))
  }
}
