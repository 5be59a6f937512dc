import Agents

/// One visit to the shop. A value type: a fork is a copy, and all copies share the catalogue.
struct ShopEpisode: Episode {
  let catalogue: Catalogue
  let goal: Goal
  let rules: ShopRules
  /// The task's step limit. At the last step the shop may force a purchase.
  let stepLimit: Int
  private(set) var page = Page.search
  private var steps = 0

  init(catalogue: Catalogue, goal: Goal, rules: ShopRules, stepLimit: Int) {
    self.catalogue = catalogue
    self.goal = goal
    self.rules = rules
    self.stepLimit = stepLimit
  }

  /// Takes an action. An invalid action leaves the page unchanged, and the agent is told why.
  ///
  /// - Throws: `diverged` after a purchase, `unavailable` if the database cannot be read.
  mutating func step(_ action: Action) async throws(WorldError) -> Outcome {
    if case .bought = page {
      throw WorldError(.diverged, "The purchase is made; the shop takes no more actions.")
    }
    let problem = try await carryOut(action)
    steps += 1
    var note = problem.map { "Invalid action: \($0)" }
    if steps >= stepLimit, rules.forcesPurchase, case .item(let item) = page {
      let last = "The last step is taken, and the item on the page is bought."
      note = note.map { "\($0) \(last)" } ?? last
      buy(item)
    }
    var outcome = Outcome(observation(note), isInvalid: problem != nil)
    if case .bought(let reward) = page { (outcome.reward, outcome.isDone) = (reward, true) }
    return outcome
  }

  func fork() -> (any Episode)? { self }

  func observation(_ note: String? = nil) -> Observation {
    var text = page.text(goal.instruction, rules)
    if let note { text = "\(note)\n\n\(text)" }
    if rules.listsActions { text += "\n\n\(page.actions(rules))" }
    return Observation(text)
  }

  /// - Returns: why the action is invalid; nil if it is valid.
  private mutating func carryOut(_ action: Action) async throws(WorldError) -> String? {
    guard action.isParsed, let command = ShopAction(action.text) else {
      return "write search[keywords] or click[a button of the page]."
    }
    switch command {
    case .search(let keywords):
      page = .results(Page.Results(listings: try await catalogue.search(keywords)))
    case .click(let label):
      guard let button = page.button(labelled: label, rules) else {
        return "there is nothing to click that is called \"\(label.clipped(to: 60))\" on this page."
      }
      try await click(button)
    }
    return nil
  }

  private mutating func click(_ button: Page.Button) async throws(WorldError) {
    switch (button, page) {
    case (.backToSearch, _): page = .search
    case (.product(let listing), .results(let results)):
      page = .item(Page.Item(product: try await catalogue.product(at: listing.row), results: results))
    case (.next, .results(var results)):
      results.number += 1
      page = .results(results)
    case (.previous, .results(var results)):
      results.number -= 1
      page = .results(results)
    // Returning to the results discards the chosen options; returning from a sub-page keeps them.
    case (.previous, .item(let item)): page = .results(item.results)
    case (.previous, .detail(_, let item)): page = .item(item)
    case (.detail(let detail), .item(let item)): page = .detail(detail, of: item)
    case (.option(let name, let value), .item(var item)):
      item.chosen[name] = value
      page = .item(item)
    case (.buy, .item(let item)): buy(item)
    default: break
    }
  }

  private mutating func buy(_ item: Page.Item) {
    page = .bought(PurchaseReward(of: item.product, with: Array(item.chosen.values), for: goal).total)
  }
}
