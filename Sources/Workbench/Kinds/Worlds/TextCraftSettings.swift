import Agents
import TextCraft

package struct TextCraftSettings: WorldKind {
  package static let name = "textcraft"
  package static let summary = "Crafting from the recipes of a game, in process."

  package let stepLimit: Int?
  package let recipes: String?
  package let reward: TextCraft.Reward?
  package let depths: ClosedRange<Int>?
  package let lengths: ClosedRange<Int>?
  package let listing: Listing

  package init(_ yaml: inout YAMLMapping) throws {
    stepLimit = try yaml.stepLimit()
    recipes = try yaml.text("recipes")
    reward = try yaml.choice("reward", TextCraft.Reward.self)
    depths = try yaml.range("depths")
    lengths = try yaml.range("lengths")
    let standard = Listing.benchmark
    listing = Listing(
      ways: try yaml.choice("ways", Listing.Ways.self) ?? standard.ways,
      distractors: try yaml.count("distractors", least: 0) ?? standard.distractors)
  }

  package var needs: Set<Need> { recipes == nil ? [.recipes] : [] }

  package func make(_ environment: WorldSettings, observer: any WorkObserver) throws -> any World {
    let directory = try recipes ?? RecipeBook.find(in: Installation.current.environments)
    return try TextCraft(
      recipes: try RecipeBook(directory: directory), reward: reward ?? .goal, depths: depths ?? 1...4,
      stepLimit: stepLimit ?? 40, lengths: lengths, listing: listing, seed: environment.seed,
      prompting: environment.prompts.applied(
        to: TextCraft.prompting, reflection: TextCraft.reflection, brief: TextCraft.brief),
      splits: environment.splits)
  }
}
