/// Which crafting commands a task lists beside those that its goal cannot do without.
///
/// The benchmark's own lists run to hundreds of tokens, most of them beside the point. A small model, or one that is to be
/// trained on a processor, is better served by a short list; the rules of the world stay the same.
public struct Listing: Sendable, Hashable {
  /// Which of several ways to the goal are listed.
  public enum Ways: String, CaseIterable, Sendable, Codable {
    /// The commands of every way to the goal, such as those for all eight kinds of planks.
    case all
    /// Those of the cheapest way, which is the way of ``RecipeBook/goldPath(to:)``.
    case cheapest
  }

  /// Commands of every way to the goal, or of the cheapest.
  public let ways: Ways
  /// How many other commands are listed at most, drawn from those that use the same ingredients. At least 0.
  public let distractors: Int

  /// - Parameter distractors: the most commands listed that the goal does not need, at least 0.
  public init(ways: Ways = .all, distractors: Int = 10) {
    self.ways = ways
    self.distractors = distractors
  }

  /// As the benchmark lists them: every way, and up to ten others.
  public static let benchmark = Listing()

  /// How it changes the world's identity; empty for the benchmark's.
  var summary: String {
    self == .benchmark ? "" : "lists \(ways.rawValue) ways and \(distractors) others; "
  }
}
