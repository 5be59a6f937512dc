import Agents
import Testing

@testable import TextCraft

@Test func commandsSayWhatCameOfThem() async throws {
  let outcomes = try await play(
    [
      "inventory", "get 2 oak logs", "get 1 coal", "craft 4 oak planks using 1 oak logs", "  inventory\nget 1 coal",
      "craft stick using 2 oak planks", "inventory",
    ], goal: "torch")
  #expect(
    outcomes.map(\.observation.text) == [
      "Inventory: You are not carrying anything.", "Got 2 oak logs", "Got 1 coal", "Crafted 4 minecraft:oak_planks",
      "Inventory: [coal] (1) [oak logs] (1) [oak planks] (4)", "Crafted 4 minecraft:stick",
      "Inventory: [coal] (1) [oak logs] (1) [oak planks] (2) [stick] (4)",
    ])
  #expect(outcomes.allSatisfy { !$0.isInvalid && !$0.isDone && $0.observation.choices == nil })
}

@Test(arguments: [
  // Invalid commands.
  ("dance", "Could not execute dance"),
  ("get stick", "Could not execute get stick"),
  ("get", "Could not execute get"),
  ("get -5 oak logs", "Could not execute get -5 oak logs"),
  ("get +5 oak logs", "Could not execute get +5 oak logs"),
  ("get 0 oak logs", "Could not execute get 0 oak logs"),
  ("get 1.5 oak logs", "Could not execute get 1.5 oak logs"),
  ("get ５ oak logs", "Could not execute get ５ oak logs"),
  ("get 99999999999999999999 stick", "Could not execute get 99999999999999999999 stick"),
  ("craft 1 stick", "Could not execute craft 1 stick"),
  ("craft using 2 oak planks", "Could not execute craft using 2 oak planks"),
  // Items that the world does not provide.
  ("get 1 gold ingot", "Could not find gold ingot"),
  ("get 1 planks", "Could not find planks"),
  ("get 1 🪵", "Could not find 🪵"),
  ("get 1 ", "Could not execute get 1"),
  // The inventory: 10 oak planks, 8 birch planks and 36 gold nuggets.
  ("craft 1 stick using 2 acacia planks", "Could not find enough items to craft minecraft:stick"),
  ("craft 4 stick using 11 oak planks", "Could not find enough items to craft minecraft:stick"),
  ("craft 4 stick using 2 planks", "Could not find enough items to craft minecraft:stick"),
  ("craft 4 stick using 6 oak planks, 6 oak planks", "Could not find enough items to craft minecraft:stick"),
  ("craft 4 stick using 3 oak planks", "Could not find a valid recipe for stick"),
  ("craft 4 stick using 0 oak planks", "Could not find a valid recipe for stick"),
  ("craft 4 stick using 1 oak planks, 1 birch planks", "Could not find a valid recipe for stick"),
  ("craft 4 stick using 2 oak planks, 2 oak planks", "Could not find a valid recipe for stick"),
  ("craft 1 unobtainium using 2 oak planks", "Could not find a valid recipe for unobtainium"),
  ("craft 1 stick using oak planks", "Wrong item format: oak planks"),
  ("craft 1 stick using 2 oak planks,", "Wrong item format: "),
  ("craft 1 stick using -2 oak planks", "Wrong item format: -2 oak planks"),
  ("craft 1 stick using 99999999999999999999 oak planks", "Wrong item format: 99999999999999999999 oak planks"),
])
func commandsThatFailSayWhyAndChangeNothing(command: String, answer: String) throws {
  var episode = CraftingEpisode(book: try standardRecipes(), goal: Item(named: "golden boots"), reward: .inventoryValue)
  for command in ["get 3 oak logs", "get 2 birch logs", "get 36 gold nugget"] { _ = try episode.step(.act(command)) }
  for _ in 0..<3 { _ = try episode.step(.act("craft 4 oak planks using 1 oak logs")) }
  for _ in 0..<2 { _ = try episode.step(.act("craft 4 birch planks using 1 birch logs")) }
  _ = try episode.step(.act("craft 2 stick using 2 oak planks"))
  let before = try episode.step(.act("inventory")).observation.text
  #expect(before == "Inventory: [birch planks] (8) [gold nugget] (36) [oak planks] (10) [stick] (4)")
  let outcome = try episode.step(.act(command))
  #expect(outcome == Outcome(Observation(answer), isInvalid: true))
  #expect(try episode.step(.act("inventory")).observation.text == before)
}

@Test func hugeCountsNeitherOverflowNorPay() async throws {
  let most = "get \(Int.max) gold nugget"
  let outcomes = try await play([most, most, "get 1 gold nugget", "inventory"], goal: "golden boots")
  #expect(outcomes.map(\.reward) == [0.25, 0, 0, 0])
  #expect(outcomes.map(\.isInvalid) == [false, true, true, false])
  #expect(outcomes.last?.observation.text == "Inventory: [gold nugget] (\(Int.max))")
}

@Test(arguments: [Action.unparsable("I would like a stick."), .unparsable(""), .act(""), .act(" \n ")])
func anAnswerWithoutACommandIsToldHowCommandsLook(action: Action) throws {
  var episode = CraftingEpisode(book: try standardRecipes(), goal: Item(named: "stick"), reward: .goal)
  let outcome = try episode.step(action)
  #expect(outcome.isInvalid && !outcome.isDone && outcome.reward == 0)
  for part in ["get N ITEM", "craft N ITEM using M ITEM, K ITEM", "inventory"] {
    #expect(outcome.observation.text.contains(part))
  }
}

@Test func anyRecipeAndAnyItemOfATagWillDo() async throws {
  for wood in ["oak", "birch"] {
    let outcomes = try await play(
      ["get 1 \(wood) logs", "craft 4 \(wood) planks using 1 \(wood) logs", "craft 4 stick using 2 \(wood) planks"],
      goal: "stick")
    #expect(outcomes.map(\.isDone) == [false, false, true])
    #expect(outcomes.map(\.reward).reduce(0, +) == 1)
  }
  let bamboo = try await play(["get 2 bamboo", "craft 1 stick using 2 bamboo"], goal: "stick")
  #expect(bamboo.map(\.reward) == [0.5, 0.5])
  #expect(bamboo.last?.isDone == true)
}
