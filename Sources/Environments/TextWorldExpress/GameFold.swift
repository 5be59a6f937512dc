import Agents

/// The simulator's own split of its games. Objects, recipes and problems of one fold do not occur in another.
package enum GameFold: String, CaseIterable, Sendable {
  case train, dev, test

  /// The seeds that the simulator lists for this fold.
  package var seeds: Range<Int> {
    switch self {
    case .train: 0..<1_000
    case .dev: 10_000..<11_000
    case .test: 20_000..<21_000
    }
  }

  package init(_ split: Split) {
    self =
      switch split {
      case .train: .train
      case .validation: .dev
      case .test: .test
      }
  }

  /// The fold that a seed belongs to; nil if the simulator lists it nowhere.
  package init?(seed: Int) {
    guard let fold = Self.allCases.first(where: { $0.seeds.contains(seed) }) else { return nil }
    self = fold
  }
}
