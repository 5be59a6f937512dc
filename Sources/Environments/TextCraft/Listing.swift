/// Which crafting commands a task lists besides those that its goal needs.
///
/// The benchmark's lists have hundreds of tokens, most of them irrelevant to the goal. A short list suits small models,
/// and models trained on a CPU. The rules of the world stay the same.
public struct Listing: Sendable, Hashable {
  /// Which of several ways to the goal are listed.
  public enum Ways: String, CaseIterable, Sendable, Codable {
    /// The commands of every way to the goal, such as those for all eight kinds of planks.
    case all
    /// Only those of the cheapest way, as in ``RecipeBook/goldPath(to:)``.
    case cheapest
  }

  /// Whether to list the commands of every way to the goal or only of the cheapest.
  public let ways: Ways
  /// The most other commands listed, drawn from those that use the same ingredients. At least 0.
  public let distractors: Int

  /// - Parameter distractors: the most commands listed that the goal does not need, at least 0.
  public init(ways: Ways = .all, distractors: Int = 10) {
    self.ways = ways
    self.distractors = distractors
  }

  /// The benchmark's listing: every way, and up to ten others.
  public static let benchmark = Listing()

  /// The listing's part of the world's identity; empty for the benchmark's listing.
  var summary: String {
    self == .benchmark ? "" : "lists \(ways.rawValue) ways and \(distractors) others; "
  }
}
