import Agents
import Testing

@testable import TextCraft

private let ingots = ["get 36 gold nugget"] + Array(repeating: "craft 1 gold ingot using 9 gold nugget", count: 4)
private let boots = ingots + ["craft 1 golden boots using 4 gold ingot"]

@Test func inventoryValuePaysAsInTheRecordedExchange() async throws {
  let outcomes = try await play(boots, goal: "golden boots")
  #expect(outcomes.map(\.reward) == [0.25, 0.0625, 0.0625, 0.0625, 0.0625, 0.5])
  #expect(outcomes.map(\.isDone) == [false, false, false, false, false, true])
  #expect(outcomes[1].observation.text == "Crafted 1 minecraft:gold_ingot")
}

@Test func goalPaysAtTheGoalOnly() async throws {
  let outcomes = try await play(boots, goal: "golden boots", reward: .goal)
  #expect(outcomes.map(\.reward) == [0, 0, 0, 0, 0, 1])
  #expect(outcomes.last?.isDone == true)
}

@Test func whatTheGoalDoesNotNeedPaysNothing() async throws {
  let outcomes = try await play(
    [
      "get 64 diamond", "get 1 oak logs", "craft 4 oak planks using 1 oak logs", "get 36 gold nugget",
      "get 36 gold nugget",
    ],
    goal: "golden boots")
  #expect(outcomes.map(\.reward) == [0, 0, 0, 0.25, 0])
}

@Test func whatIsMadeIsNotNeededAgain() async throws {
  let outcomes = try await play(ingots + ingots, goal: "golden boots")
  #expect(outcomes.dropFirst(5).allSatisfy { $0.reward == 0 && !$0.isInvalid })
}

@Test func craftingAwayWhatIsNeededCostsItsWorth() async throws {
  let outcomes = try await play(
    ingots + ["get 1 stick"] + ["craft 1 light weighted pressure plate using 2 gold ingot"] + boots,
    goal: "golden boots")
  #expect(outcomes[5].isInvalid)
  #expect(outcomes[6].reward == -0.25)
  #expect(outcomes.prefix(7).map(\.reward).reduce(0, +) == 0.25)
  // The second attempt makes two more ingots than needed. Only two of the four are paid.
  #expect(outcomes.map(\.reward).reduce(0, +) == 1)
}

@Test func onlyTheWayFurthestAlongCounts() async throws {
  // Sticks come from planks or from bamboo. Progress on one way does not add to progress on the other: only the way
  // that is furthest along is paid.
  let outcomes = try await play(["get 1 bamboo", "get 1 oak logs", "get 1 bamboo"], goal: "stick")
  #expect(outcomes.map(\.reward) == [0.25, 0, 0.25])
}

@Test(arguments: TextCraft.Reward.allCases)
func goldPathsReachEveryGoal(reward: TextCraft.Reward) async throws {
  let book = try standardRecipes()
  for goal in book.goals {
    let path = book.goldPath(to: goal)
    let outcomes = try await play(path, goal: goal.name, reward: reward)
    #expect(outcomes.allSatisfy { !$0.isInvalid && $0.reward >= 0 }, "\(goal)")
    #expect(outcomes.filter(\.isDone).count == 1 && outcomes.last?.isDone == true, "\(goal)")
    // The sum is exact, in the order in which a trajectory adds rewards.
    #expect(outcomes.reduce(0) { $0 + $1.reward } == 1, "\(goal)")
  }
}

@Test func goldPathsUseWhatIsLeftOver() throws {
  let book = try standardRecipes()
  #expect(book.goldPath(to: Item(named: "golden boots")) == boots)
  #expect(
    book.goldPath(to: Item(named: "wooden pickaxe")) == [
      "get 2 acacia logs", "craft 4 acacia planks using 1 acacia logs", "craft 4 acacia planks using 1 acacia logs",
      "craft 4 stick using 2 acacia planks", "craft 1 wooden pickaxe using 3 acacia planks, 2 stick",
    ])
  #expect(book.goldPath(to: Item(named: "gold nugget")).isEmpty)
  #expect(book.goldPath(to: Item(named: "unobtainium")).isEmpty)
}

@Test func allGoalsButOneFitTheUsualStepLimit() throws {
  let book = try standardRecipes()
  let long = book.goals.filter { book.goldPath(to: $0).count > 40 }
  #expect(long.map(\.name) == ["netherite block"])
  #expect(book.goldPath(to: long[0]).count == 48)
}

@Test func progressIsAShareAndEarningsTelescope() throws {
  let book = try standardRecipes()
  var generator = Seed(7).generator()
  for goal in generator.drawn(60, from: book.goals) {
    var episode = CraftingEpisode(book: book, goal: goal, reward: .inventoryValue)
    let path = book.goldPath(to: goal)
    var sum = 0.0
    // Takes commands in random order, many of which fail.
    for _ in 0..<30 {
      let outcome = try episode.step(.act(generator.drawn(1, from: path)[0]))
      sum += outcome.reward
      #expect(sum > -1e-12 && sum < 1 + 1e-12)
      if outcome.isDone {
        #expect(sum == 1)
        break
      }
      #expect(sum < 0.5 + 1e-12)
    }
  }
}

@Test func forksGoTheirOwnWays() async throws {
  let world = try TextCraft(recipes: standardRecipes(), reward: .inventoryValue, tasks: [:])
  var (episode, _) = try world.begin(try world.task("golden boots#1"))
  for command in boots.prefix(3) { _ = try await episode.step(.act(command)) }
  var fork = try #require(try await episode.fork())
  #expect(try await fork.step(.act("craft 1 light weighted pressure plate using 2 gold ingot")).reward == -0.25)
  for command in ingots.dropFirst(3) { #expect(try await episode.step(.act(command)).reward == 0.0625) }
  let last = try await episode.step(.act(boots[5]))
  #expect(last == Outcome(Observation("Crafted 1 minecraft:golden_boots"), reward: 0.5, isDone: true))
  #expect(
    try await fork.step(.act("inventory")).observation.text
      == "Inventory: [gold nugget] (18) [light weighted pressure plate] (1)")
  await #expect(throws: WorldError.self) { try await episode.step(.act("inventory")) }
}
