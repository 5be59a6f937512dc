import Agents

/// Crafting by text (TextCraft, arXiv 2311.05772). From a list of recipes, most of them irrelevant, an agent works out
/// what to take and what to craft in which order, until it holds the goal.
///
/// A task is a goal and a seed, named `golden boots#3`. The seed decides which other recipes are listed and in which
/// order. Numbered tasks are the goals in an order that the world's seed decides, each with that seed. So different
/// numbers are different goals, and no goal is in two splits.
public struct TextCraft: World {
  /// What is paid. Both rewards sum to 1 once the goal is crafted.
  public enum Reward: String, CaseIterable, Sendable, Codable {
    /// 1 for crafting the goal.
    case goal
    /// The change in the inventory's value, as a share of the goal's. Items that the world provides are worth 1, and
    /// crafted items twice their ingredients. Items that the goal does not need are worth nothing. Using up a needed
    /// item costs its value.
    case inventoryValue
  }

  /// The recipes that tasks are made of.
  public let recipes: RecipeBook
  /// What is paid: only the goal, or progress towards it.
  public let reward: Reward
  /// Steps after which an attempt is cut.
  public let stepLimit: Int
  /// Which crafting commands a task lists.
  public let listing: Listing
  /// Decides which goals the task numbers name, and which other recipes are listed.
  public let seed: UInt64
  /// The numbered goals, in their order.
  package let goals: [Item]
  private let prompting: Prompting
  private let splits: TaskSplits

  /// - Parameters:
  ///   - depths: the depths of the numbered goals; see ``RecipeBook/depth(of:)``.
  ///   - lengths: the lengths in steps of the numbered goals' ``RecipeBook/goldPath(to:)``; nil for any.
  ///   - stepLimit: at least 1. Of the 544 standard goals only the netherite block needs more than 40 (48).
  ///   - listing: which commands a task lists.
  ///   - seed: decides which goals the numbers name, and which other commands the tasks list.
  ///   - prompting: what the policy is told before the task, and how much of the past it is shown.
  ///   - order: which goals the numbers name. In AgentGym's order, empty splits are the published ones, and numbers of
  ///     goals with other depths or lengths are left out.
  ///   - splits: the numbers of each split.
  /// - Throws: `misconfigured` if no goal has such a depth, a number is past the last goal, or the step limit is below
  ///   1.
  public init(
    recipes: RecipeBook, reward: Reward = .goal, depths: ClosedRange<Int> = 1...4, stepLimit: Int = 40,
    lengths: ClosedRange<Int>? = nil, listing: Listing = .benchmark, seed: UInt64 = 1,
    prompting: Prompting = Self.prompting, order: Order = .shuffled, splits: TaskSplits
  ) throws(WorldError) {
    guard stepLimit > 0 else {
      throw WorldError(.misconfigured, "environment.maxSteps is \(stepLimit); an attempt has at least one step.")
    }
    guard listing.distractors >= 0 else {
      throw WorldError(
        .misconfigured, "environment.distractors is \(listing.distractors); it must be 0 or more.")
    }
    let candidates = recipes.goals.filter { goal in
      depths.contains(recipes.depth(of: goal)) && lengths?.contains(recipes.goldPath(to: goal).count) ?? true
    }
    let goals = Self.numbered(candidates, in: recipes, order: order, seed: seed)
    guard !candidates.isEmpty else {
      let deepest = recipes.goals.map(recipes.depth(of:)).max() ?? 0
      throw WorldError(
        .misconfigured,
        "environment.depths is \(depths.lowerBound)...\(depths.upperBound)"
          + (lengths.map { " and environment.lengths is \($0.lowerBound)...\($0.upperBound)" } ?? "")
          + ", and no goal fits; these recipes have goals of depth 1 to \(deepest)"
          + (lengths == nil ? "." : ", whose known solutions differ in length."))
    }
    if let largest = splits.largest, largest >= goals.count {
      throw WorldError(
        .misconfigured,
        "environment.tasks names task \(largest); depths \(depths.lowerBound)...\(depths.upperBound)"
          + (lengths.map { " and lengths \($0.lowerBound)...\($0.upperBound)" } ?? "") + " have \(goals.count) "
          + "goals, numbered from 0.")
    }
    self.recipes = recipes
    self.reward = reward
    self.stepLimit = stepLimit
    self.listing = listing
    self.seed = seed
    self.goals = goals
    self.prompting = prompting
    if order == .agentgym {
      let fitting = Set(candidates)
      let numbers = Split.allCases.map { split in
        (
          split,
          (splits.largest == nil ? Self.published[split] ?? [] : splits[split]).filter { fitting.contains(goals[$0]) }
        )
      }
      self.splits = try TaskSplits(Dictionary(uniqueKeysWithValues: numbers))
    } else {
      self.splits = splits
    }
  }

  /// Like ``init(recipes:reward:depths:stepLimit:seed:splits:)``, with the numbers of each split. A number in two
  /// splits is `misconfigured` too.
  public init(
    recipes: RecipeBook, reward: Reward = .goal, depths: ClosedRange<Int> = 1...4, stepLimit: Int = 40,
    seed: UInt64 = 1, tasks: [Split: [Int]]
  ) throws(WorldError) {
    try self.init(
      recipes: recipes, reward: reward, depths: depths, stepLimit: stepLimit, seed: seed, splits: TaskSplits(tasks))
  }

  public var identity: WorldIdentity {
    WorldIdentity(
      kind: "textcraft",
      rules:
        "reward \(reward.rawValue); \(recipes.recipes.count) recipes, digest \(recipes.digest); \(stepLimit) steps; "
        + listing.summary + prompting.summary)
  }

  public var maximalReward: Double? { 1 }

  public func tasks(in split: Split) -> [AgentTask] { splits[split].map { task(goal: goals[$0], seed: seed) } }

  /// Accepts any goal with any seed, numbered or not. A goal without a seed has the world's seed.
  public func task(_ id: TaskID) throws(WorldError) -> AgentTask {
    let (goal, seed) = try parts(of: id)
    return task(goal: goal, seed: seed)
  }

  public func begin(_ task: AgentTask) throws(WorldError) -> (episode: any Episode, observation: Observation) {
    let (goal, seed) = try parts(of: task.id)
    let episode = CraftingEpisode(book: recipes, goal: goal, reward: reward)
    return (episode, Observation(recipes.request(for: goal, seed: seed, listing: listing)))
  }

  public func transcript(for trajectory: Trajectory) -> Transcript { prompting.transcript(for: trajectory) }

  public func tools(for task: AgentTask) -> [ActionTool]? { Self.tools }

  private static let tools = [
    ActionTool(
      "get", "Takes items that nothing crafts from the world.",
      parameters: [
        .init("count", "How many, a whole number."), .init("item", "The item's name, such as oak log."),
      ], template: "get {count} {item}"),
    ActionTool(
      "craft", "Crafts an item by one of the listed commands, from items you have.",
      parameters: [
        .init("count", "How many the command makes, a whole number."), .init("item", "What to craft."),
        .init("ingredients", "Counts and names with commas, such as: 4 oak planks, 1 stick."),
      ], template: "craft {count} {item} using {ingredients}"),
    ActionTool("inventory", "Says what you have.", template: "inventory"),
  ]

  private func task(goal: Item, seed: UInt64) -> AgentTask {
    AgentTask(
      id: TaskID("\(goal.name)#\(seed)"), request: recipes.request(for: goal, seed: seed, listing: listing),
      stepLimit: stepLimit)
  }

  func goal(of id: TaskID) throws(WorldError) -> Item { try parts(of: id).goal }

  private func parts(of id: TaskID) throws(WorldError) -> (goal: Item, seed: UInt64) {
    let parts = id.rawValue.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
    let goal = Item(named: String(parts[0]))
    guard !recipes.recipes(making: goal).isEmpty else {
      throw WorldError(
        .unknownTask,
        "There is no task \(id): no recipe makes \"\(goal.name)\". Tasks are named like \(goals[0].name)#3.")
    }
    guard parts.count == 2 else { return (goal, seed) }
    guard let seed = UInt64(parts[1]) else {
      throw WorldError(
        .unknownTask, "There is no task \(id): a seed is a whole number from 0 on, as in \(goal.name)#3.")
    }
    return (goal, seed)
  }
}
