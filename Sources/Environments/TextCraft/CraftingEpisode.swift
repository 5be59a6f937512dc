import Agents

/// One attempt at a goal. A value type: a fork is a copy.
struct CraftingEpisode: Episode {
  let book: RecipeBook
  let goal: Item
  let reward: TextCraft.Reward
  private var inventory = Inventory()
  private var isDone = false
  /// The sum of the rewards so far, so that the last reward completes it to exactly 1.
  private var paid = 0.0

  init(book: RecipeBook, goal: Item, reward: TextCraft.Reward) {
    self.book = book
    self.goal = goal
    self.reward = reward
  }

  mutating func step(_ action: Action) throws(WorldError) -> Outcome {
    guard !isDone else {
      throw WorldError(.diverged, "The goal, \(goal.name), is crafted; the episode takes no more actions.")
    }
    do throws(Command.Failure) {
      guard case .act(let text) = action else { throw Command.unreadable }
      let answer = try carryOut(Command(text))
      let due = amountDue()
      paid += due
      return Outcome(Observation(answer), reward: due, isDone: isDone)
    } catch {
      return Outcome(Observation(error.message), isInvalid: true)
    }
  }

  func fork() -> (any Episode)? { self }

  private func amountDue() -> Double {
    switch reward {
    case .goal: isDone ? 1 : 0
    case .inventoryValue: (isDone ? 1 : GoalProgress(book: book, goal: goal)(inventory)) - paid
    }
  }

  private mutating func carryOut(_ command: Command) throws(Command.Failure) -> String {
    switch command {
    case .inventory: return inventory.text
    case .get(let count, let name):
      let item = Item(named: name)
      guard book.isGettable(item) else { throw Command.Failure("Could not find \(name)") }
      guard inventory.add(count, of: item) else { throw Command.Failure("Could not execute get \(count) \(name)") }
      return "Got \(count) \(name)"
    case .craft(let name, let portions):
      let item = Item(named: name)
      var rest = inventory
      guard rest.take(portions) else { throw Command.Failure("Could not find enough items to craft \(item.id)") }
      guard let recipe = book.recipes(making: item).first(where: { book.accepts(portions, for: $0) }) else {
        throw Command.Failure("Could not find a valid recipe for \(name)")
      }
      guard rest.add(recipe.outputCount, of: item) else { throw Command.Failure("Could not execute craft \(name)") }
      inventory = rest
      isDone = item == goal
      return "Crafted \(recipe.outputCount) \(item.id)"
    }
  }
}

extension RecipeBook {
  /// Whether the portions match the recipe's inputs one to one, with equal counts.
  func accepts(_ portions: [Command.Portion], for recipe: Recipe) -> Bool {
    guard portions.count == recipe.inputs.count else { return false }
    var left = portions
    // Plain items are matched first, since a tag accepts several items. An item is in at most one tag.
    let byFreedom = recipe.inputs.filter { !$0.ingredient.isTag } + recipe.inputs.filter(\.ingredient.isTag)
    for input in byFreedom {
      let items = items(for: input.ingredient)
      guard let place = left.firstIndex(where: { $0.count == input.count && items.contains($0.item) }) else {
        return false
      }
      left.remove(at: place)
    }
    return true
  }
}
