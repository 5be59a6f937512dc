import Agents

extension TextCraft {
  /// Which goals the task numbers name.
  public enum Order: String, CaseIterable, Sendable, Codable {
    /// Goals in an order that the world's seed decides.
    case shuffled
    /// AgentGym's numbers: goals by depth, from 1 to 4. Its server breaks ties by the order of files in a folder, which
    /// differs by machine and is not published; here the goals of one depth are in alphabetical order. A few goals have
    /// another depth on that server.
    case agentgym
  }

  /// The 374 train and 100 test numbers of AgentGym's published data (AgentTraj-L and AgentEval, arXiv 2406.04151), in
  /// the order ``Order/agentgym``. There are no validation numbers.
  public static let published: [Split: [Int]] = {
    let train: [ClosedRange<Int>] = [
      31...139, 181...183, 185...194, 196...215, 217...222, 224...228, 230...238, 240...242, 244...253, 255...264,
      266...286, 288...301, 303...322, 324...361, 363...375, 377...380, 383...384, 386...403, 405...419, 445...446,
      448...452, 455...455, 459...459, 462...464, 466...466, 469...472, 475...475, 477...477, 480...482, 484...484,
      489...489, 491...492, 495...496, 501...502, 504...504, 506...506, 510...511, 513...514, 517...518, 520...520,
      523...523, 528...528, 531...532, 537...537,
    ]
    let test: [ClosedRange<Int>] = [0...30, 140...180, 420...444, 533...535]
    return [.train: train.flatMap { Array($0) }, .test: test.flatMap { Array($0) }]
  }()

  /// The goals of these depths in an order.
  static func numbered(_ candidates: [Item], in recipes: RecipeBook, order: Order, seed: UInt64) -> [Item] {
    switch order {
    case .shuffled:
      var generator = Seed(seed).split("goals").generator()
      return generator.drawn(candidates.count, from: candidates)
    case .agentgym:
      return recipes.goals.map { (depth: recipes.depth(of: $0), goal: $0) }
        .sorted { ($0.depth, $0.goal.name) < ($1.depth, $1.goal.name) }.map(\.goal)
    }
  }
}
