import Agents
import Testing

@testable import TextCraft

/// Plays the expert's solution of a task in the world that provides it.
private func played(_ name: String, in world: TextCraft) async throws -> (actions: [String], trajectory: Trajectory)? {
  let task = try world.task(TaskID(name))
  guard let actions = try world.solution(of: task) else { return nil }
  var (episode, opening) = try world.begin(task)
  var trajectory = Trajectory(task: task, opening: opening)
  for text in actions {
    #expect(!trajectory.isFinished, "\(name)")
    let action = Action.act(text)
    trajectory.append(Step(response: text, action: action, outcome: try await episode.step(action)))
  }
  return (actions, trajectory)
}

@Test("The expert solves every goal that can be solved in time, by commands that the task lists", arguments: [1, 6])
func theExpertSolves(seed: UInt64) async throws {
  let world = try TextCraft(recipes: standardRecipes(), seed: seed, tasks: [:])
  #expect(world.goals.count == 544)
  var unsolved: [String] = []
  for goal in world.goals {
    guard let (actions, trajectory) = try await played(goal.name, in: world) else {
      unsolved.append(goal.name)
      continue
    }
    #expect(trajectory.reward == 1 && trajectory.isDone && trajectory.invalidActions == 0, "\(goal.name)")
    #expect(actions.count <= world.stepLimit)
    // Only the crafted item, before "using", is compared. An ingredient may be any item of the listed kind.
    let listed = Set(trajectory.request.split(separator: "\n").map { $0.split(separator: " using ")[0] })
    for action in actions where action.hasPrefix("craft ") {
      #expect(listed.contains(action.split(separator: " using ")[0]), "\(goal.name): \(action)")
    }
  }
  // Its solution has 48 steps, and an attempt has 40.
  #expect(unsolved == ["netherite block"])
}

@Test func theExpertEarnsTheWholeInventoryValueToo() async throws {
  let world = try TextCraft(recipes: standardRecipes(), reward: .inventoryValue, stepLimit: 48, tasks: [:])
  for depth in 1...4 {
    for goal in world.goals.filter({ world.recipes.depth(of: $0) == depth }).prefix(6) {
      let (_, trajectory) = try #require(try await played("\(goal.name)#\(depth)", in: world))
      #expect(trajectory.reward == 1, "\(goal.name)")
    }
  }
  #expect(try await played("netherite block", in: world)?.trajectory.reward == 1)
}

@Test("A short list has the commands of the cheapest way, and as many others as asked for")
func shortLists() throws {
  let book = try standardRecipes()
  for goal in book.goals {
    let path = book.goldPath(to: goal)
    let bare = Listing(ways: .cheapest, distractors: 0)
    func listed(_ listing: Listing) -> Set<Substring> {
      let lines = book.request(for: goal, seed: 3, listing: listing).split(separator: "\n").dropFirst().dropLast()
      let set = Set(lines)
      #expect(set.count == lines.count)
      return set
    }
    let needed = listed(bare)
    let made = Set(needed.map { $0.split(separator: " using ")[0] })
    #expect(made == Set(path.filter { $0.hasPrefix("craft ") }.map { $0.split(separator: " using ")[0] }))
    let more = listed(Listing(ways: .cheapest, distractors: 2))
    #expect(more.isSuperset(of: needed) && more.count <= needed.count + 2)
    #expect(listed(Listing(distractors: 0)).isSuperset(of: needed))
  }
  #expect(
    book.request(for: Item(named: "golden boots"), seed: 3, listing: Listing(ways: .cheapest, distractors: 0)) == """
      Crafting commands:
      craft 1 golden boots using 4 gold ingot
      craft 1 gold ingot using 9 gold nugget

      Goal: craft golden boots.
      """)
}

@Test func aListingIsAnotherWorldAndLengthsAreNot() throws {
  let book = try standardRecipes()
  let world = try TextCraft(recipes: book, tasks: [:])
  let splits = try TaskSplits([.train: [0, 1], .validation: [2], .test: [3]])
  let listing = Listing(ways: .cheapest, distractors: 2)
  let short = try TextCraft(recipes: book, depths: 1...3, lengths: 2...8, listing: listing, splits: splits)
  #expect(short.identity.rules.contains("lists cheapest ways and 2 others"))
  #expect(short.identity != world.identity)
  #expect(try TextCraft(recipes: book, lengths: 2...8, splits: splits).identity == world.identity)
  #expect(short.goals.allSatisfy { (2...8).contains(book.goldPath(to: $0).count) && book.depth(of: $0) <= 3 })
  #expect(Set(Split.allCases.flatMap(short.tasks(in:)).map(\.id)).count == 4)
  let none = try environmentError { try TextCraft(recipes: book, depths: 4...4, lengths: 1...2, splits: splits) }
  #expect(none.kind == .misconfigured && none.message.contains("environment.lengths is 1...2"))
  let negative = try environmentError {
    try TextCraft(recipes: book, listing: Listing(distractors: -1), splits: splits)
  }
  #expect(negative.message.contains("environment.distractors is -1"))
}

@Test func theExpertRefusesTasksThatAreNone() throws {
  let world = try TextCraft(recipes: standardRecipes(), tasks: [:])
  let task = AgentTask(id: "unobtainium#1", request: "", stepLimit: 4)
  #expect(try environmentError { try world.solution(of: task) }.kind == .unknownTask)
}
