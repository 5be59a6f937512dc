import Agents
import Foundation

/// A game: a task of the simulator and one of its variations. Its task id is, for example, `boil/17`.
package struct Game: Sendable, Hashable, CustomStringConvertible {
  /// The task as the simulator names it, such as `boil`.
  package let task: String
  /// Counted from 0.
  package let variation: Int

  package init(task: String, variation: Int) {
    self.task = task
    self.variation = variation
  }

  package var description: String { "\(task)/\(variation)" }
  var id: TaskID { TaskID(description) }
}

/// The simulator's tasks, known without starting it. They were extracted from its jar, and tests compare them with it.
package struct Catalogue: Sendable {
  /// The version of the jar that the tasks come from. Other versions may number variations differently.
  package static let version = "1.2.3"

  package static let standard = Catalogue()

  /// One of the 30 tasks.
  package struct Entry: Sendable, Decodable {
    /// The number in the paper (ScienceWorld, arXiv 2203.07540, table 2), such as `1-1`.
    package let id: String
    package let name: String
    /// The number of variations.
    package let variations: Int
    /// The number of variations for training, from 0 on, and of those for validation after them. The rest is for
    /// testing.
    let train, validation: Int
    /// The request, with `{0}` for parts that depend on the variation.
    let description: String
    let slots: [Slot]

    /// The variations of a split, as defined by the simulator.
    package func variations(in split: Split) -> Range<Int> {
      switch split {
      case .train: 0..<train
      case .validation: train..<train + validation
      case .test: train + validation..<variations
      }
    }
  }

  /// The tasks in the paper's order.
  package let entries: [Entry]
  private let byName: [String: Entry]

  private init() {
    // The resource is embedded in the program. If it were damaged, tests would fail for lack of tasks.
    entries = (try? JSONDecoder().decode([Entry].self, from: Data(PackageResources.catalogue_json))) ?? []
    byName = Dictionary(entries.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
  }

  package subscript(task: String) -> Entry? { byName[task] }

  /// All 7,207 games, in the paper's order.
  package var games: [Game] { games(of: entries) }

  /// The 4,639 games of the benchmark (AgentGym's `data_idx`). It leaves out the longest tasks: growing plants,
  /// inclined planes and genetics.
  package var benchmark: [Game] {
    let left: Set = ["5-1", "5-2", "9-1", "9-2", "9-3", "10-1", "10-2"]
    return games(of: entries.filter { !left.contains($0.id) })
  }

  /// The request of a game; nil if the game does not exist.
  package func request(_ game: Game) -> String? {
    guard let entry = byName[game.task], (0..<entry.variations).contains(game.variation) else { return nil }
    var text = entry.description
    for (number, slot) in entry.slots.enumerated() {
      text = text.replacingOccurrences(of: "{\(number)}", with: slot.value(game.variation))
    }
    return text
  }

  private func games(of entries: [Entry]) -> [Game] {
    entries.flatMap { entry in (0..<entry.variations).map { Game(task: entry.name, variation: $0) } }
  }
}

extension Catalogue {
  /// A part of a description that depends on the variation.
  struct Slot: Sendable, Decodable {
    private let values: [String]
    /// The value index of each variation. A shorter list is repeated.
    private let order: [Int]

    private enum CodingKeys: String, CodingKey { case values, order }

    init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: CodingKeys.self)
      let values = try container.decode([String].self, forKey: .values)
      // "3*2 0" is 3, 3, 0.
      let order = try container.decode(String.self, forKey: .order).split(separator: " ").flatMap { run in
        let parts = run.split(separator: "*").compactMap { Int($0) }
        return Array(repeating: parts.first ?? 0, count: parts.count == 2 ? parts[1] : 1)
      }
      guard !order.isEmpty, order.allSatisfy(values.indices.contains) else {
        throw DecodingError.dataCorruptedError(forKey: .order, in: container, debugDescription: "no such value")
      }
      self.values = values
      self.order = order
    }

    func value(_ variation: Int) -> String { values[order[variation % order.count]] }
  }
}
