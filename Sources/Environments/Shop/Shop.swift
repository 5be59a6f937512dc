import Agents

/// Shopping by text: WebShop's rules (arXiv 2207.01206) without its server, index and tagger.
///
/// An agent gets a request for a product, searches, reads pages, chooses options and buys one product. The purchase is
/// compared with the request; see ``PurchaseReward``. Pages have the form of AgentGym's server. Tasks are named
/// `goal-17`. The same catalogue gives the same numbers to the same goals.
public struct Shop: World {
  /// The products and goals.
  public let catalogue: Catalogue
  /// The step limit and details of the pages. They are part of the world's identity.
  public let rules: ShopRules
  private let prompting: Prompting
  private let splits: TaskSplits

  /// - Parameters:
  ///   - prompting: what the policy is told before the task, and how much of the past it is shown.
  ///   - splits: the numbers of each split.
  /// - Throws: `misconfigured` if the step limit is below 1, or a number is past the last goal.
  public init(
    catalogue: Catalogue, rules: ShopRules = ShopRules(), prompting: Prompting = Self.prompting, splits: TaskSplits
  ) throws(WorldError) {
    guard rules.stepLimit > 0 else {
      throw WorldError(
        .misconfigured, "environment.maxSteps is \(rules.stepLimit); an attempt has at least one step.")
    }
    if let largest = splits.largest, largest >= catalogue.goalCount {
      throw WorldError(
        .misconfigured,
        "environment.tasks names goal \(largest); this shop has \(catalogue.goalCount) goals, numbered from 0.")
    }
    self.catalogue = catalogue
    self.rules = rules
    self.prompting = prompting
    self.splits = splits
  }

  public var identity: WorldIdentity {
    WorldIdentity(kind: "shop", rules: "\(catalogue.origin); \(rules.summary); \(prompting.summary)")
  }

  public var maximalReward: Double? { 1 }

  public func tasks(in split: Split) throws(WorldError) -> [AgentTask] { try tasks(numbered: splits[split]) }

  /// Accepts any goal, also outside the splits, with or without the prefix `goal-`.
  public func task(_ id: TaskID) throws(WorldError) -> AgentTask { try tasks(numbered: [number(id)])[0] }

  public func begin(
    _ task: AgentTask
  ) async throws(WorldError) -> (episode: any Episode, observation: Observation) {
    let number = try number(task.id)
    guard let goal = try await catalogue.goal(number) else { throw unknown(task.id) }
    let episode = ShopEpisode(catalogue: catalogue, goal: goal, rules: rules, stepLimit: task.stepLimit)
    return (episode, episode.observation())
  }

  public func transcript(for trajectory: Trajectory) -> Transcript { prompting.transcript(for: trajectory) }

  public func tools(for task: AgentTask) -> [ActionTool]? { Self.tools }

  private static let tools = [
    ActionTool(
      "search", "Searches the shop, from any page.",
      parameters: [.init("keywords", "Words that describe the product.")], template: "search[{keywords}]"),
    ActionTool(
      "click", "Clicks a button, a product's code or an option on the page.",
      parameters: [.init("label", "As it stands on the page, such as Buy Now.")], template: "click[{label}]"),
  ]

  /// Actions that buy the product that a goal was made for, with its options. They earn 1, except for synthetic goals
  /// whose options WebShop's rule does not recognise (see ``WantedOption``).
  public func goldPath(to id: TaskID) async throws(WorldError) -> [String] {
    guard let goal = try await catalogue.goal(number(id)) else { throw unknown(id) }
    let chosen = goal.options.filter { wanted in goal.product.options.contains { $0.values.contains(wanted.value) } }
    return ["search[\(goal.product.title)]", "click[\(goal.product.asin)]"] + chosen.map { "click[\($0.value)]" }
      + ["click[\(Page.Button.buy.label)]"]
  }

  private func tasks(numbered numbers: [Int]) throws(WorldError) -> [AgentTask] {
    let requests = try catalogue.instructions(of: numbers)
    var tasks: [AgentTask] = []
    for (number, request) in zip(numbers, requests) {
      let id = TaskID("goal-\(number)")
      guard let request else { throw unknown(id) }
      tasks.append(AgentTask(id: id, request: request, stepLimit: rules.stepLimit))
    }
    return tasks
  }

  private func number(_ id: TaskID) throws(WorldError) -> Int {
    let prefix = "goal-"
    let digits = id.rawValue.hasPrefix(prefix) ? id.rawValue.dropFirst(prefix.count) : id.rawValue[...]
    guard digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(digits),
      number < catalogue.goalCount
    else { throw unknown(id) }
    return number
  }

  private func unknown(_ id: TaskID) -> WorldError {
    WorldError(
      .unknownTask,
      "There is no task \"\(id.rawValue.clipped(to: 60))\"; this shop's are named goal-0 to "
        + "goal-\(catalogue.goalCount - 1)."
    )
  }
}
