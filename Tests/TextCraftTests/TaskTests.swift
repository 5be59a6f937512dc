import Agents
import Testing

@testable import TextCraft

@Test func aTaskReadsTheSameOnEveryMachine() throws {
  let world = try TextCraft(recipes: standardRecipes(), tasks: [:])
  let task = try world.task("golden boots#3")
  #expect(task.id == "golden boots#3")
  #expect(task.stepLimit == 40)
  #expect(
    task.request == """
      Crafting commands:
      craft 1 gold block using 9 gold ingot
      craft 1 golden leggings using 7 gold ingot
      craft 1 golden boots using 4 gold ingot
      craft 1 netherite ingot using 4 netherite scrap, 4 gold ingot
      craft 1 glistering melon slice using 8 gold nugget, 1 melon slice
      craft 1 gold ingot using 9 gold nugget
      craft 1 clock using 4 gold ingot, 1 redstone
      craft 1 light weighted pressure plate using 2 gold ingot
      craft 6 powered rail using 6 gold ingot, 1 stick, 1 redstone
      craft 1 golden carrot using 8 gold nugget, 1 carrot
      craft 1 golden pickaxe using 3 gold ingot, 2 stick
      craft 1 golden hoe using 2 gold ingot, 2 stick

      Goal: craft golden boots.
      """)
}

@Test func everyTaskListsItsGoldPathAndUpToTenOthers() throws {
  let book = try standardRecipes()
  for goal in book.goals {
    let lines = book.request(for: goal, seed: 5).split(separator: "\n").map(String.init)
    #expect(lines.first == "Crafting commands:" && lines.last == "Goal: craft \(goal.name).")
    let listed = lines.dropFirst().dropLast()
    #expect(Set(listed).count == listed.count)
    let leading = Set(book.recipesLeading(to: goal).map(\.command))
    #expect(leading.isSubset(of: listed) && listed.count <= leading.count + 10)
    let made = Set(listed.map { $0.split(separator: " using ")[0] })
    for command in book.goldPath(to: goal) where command.hasPrefix("craft ") {
      #expect(made.contains(command.split(separator: " using ")[0]))
    }
  }
}

@Test func theSeedOfATaskDecidesWhatElseIsListed() throws {
  let one = try TextCraft(recipes: standardRecipes(), seed: 1, tasks: [:])
  let two = try TextCraft(recipes: standardRecipes(), seed: 2, tasks: [:])
  #expect(try one.task("golden boots#3") == two.task("golden boots#3"))
  #expect(try one.task("golden boots#3").request != one.task("golden boots#4").request)
  #expect(try two.task("golden boots") == two.task("golden boots#2"))
  #expect(try one.task("golden boots#18446744073709551615").id == "golden boots#18446744073709551615")
}

@Test(arguments: [
  "unobtainium#1", "gold nugget#1", "#1", "", "golden boots#", "golden boots#-1", "golden boots#x", "golden boots#1#2",
  "golden boots#18446744073709551616", "🥾#1",
])
func unknownTasksAreRefused(name: String) throws {
  let world = try TextCraft(recipes: standardRecipes(), tasks: [:])
  #expect(try environmentError { try world.task(TaskID(name)) }.kind == .unknownTask)
  let task = AgentTask(id: TaskID(name), request: "", stepLimit: 1)
  #expect(try environmentError { try world.begin(task) }.kind == .unknownTask)
}

@Test func splitsNeverShareAGoal() throws {
  let world = try TextCraft(
    recipes: standardRecipes(), depths: 2...3, seed: 9,
    tasks: [.train: Array(0..<300), .validation: [301, 300], .test: Array(302..<408)])
  let tasks = Split.allCases.map(world.tasks(in:))
  #expect(tasks.map(\.count) == [300, 2, 106])
  #expect(Set(tasks.joined().map(\.id)).count == 408)
  #expect(tasks[1].map(\.id.rawValue) == ["\(world.goals[301].name)#9", "\(world.goals[300].name)#9"])
  #expect(Set(world.goals.map(world.recipes.depth(of:))) == [2, 3])
  for task in tasks.joined() { #expect(try world.task(task.id) == task) }
}

@Test func theOrderOfGoalsDependsOnTheSeedAlone() throws {
  let first = try TextCraft(recipes: standardRecipes(), seed: 1, tasks: [:])
  let second = try TextCraft(recipes: standardRecipes(), seed: 2, tasks: [:])
  #expect(first.goals != second.goals)
  #expect(Set(first.goals) == Set(second.goals))
  #expect(first.goals.prefix(3).map(\.name) == ["white banner", "netherite block", "tnt minecart"])
}

@Test(arguments: [
  ([Split.train: [0, 1], .test: [1]], 1...4, 40),
  ([.train: [3, 3]], 1...4, 40),
  ([.train: [-1]], 1...4, 40),
  ([.train: [0], .test: [544]], 1...4, 40),
  ([.train: [11]], 4...4, 40),
  ([:], 5...9, 40),
  ([:], 1...4, 0),
])
func badSettingsAreRefused(tasks: [Split: [Int]], depths: ClosedRange<Int>, stepLimit: Int) throws {
  let error = try environmentError {
    try TextCraft(recipes: standardRecipes(), depths: depths, stepLimit: stepLimit, tasks: tasks)
  }
  #expect(error.kind == .misconfigured)
  #expect(error.message.contains("environment."))
}

@Test func theIdentityNamesTheRulesAndNotTheTasks() throws {
  let book = try standardRecipes()
  let world = try TextCraft(recipes: book, reward: .goal, tasks: [:])
  let other = try TextCraft(recipes: book, reward: .goal, depths: 2...2, seed: 5, tasks: [.test: [0]])
  #expect(world.identity == other.identity)
  let prompt = TextCraft.prompting.summary
  #expect(
    world.identity.description == "textcraft (reward goal; 613 recipes, digest 563f1c8a3ac020a6; 40 steps; \(prompt))")
  #expect(try TextCraft(recipes: book, reward: .inventoryValue, tasks: [:]).identity != world.identity)
  #expect(world.maximalReward == 1)
}

@Test func thePolicyIsShownTheRulesAndItsWholePast() async throws {
  let world = try TextCraft(recipes: standardRecipes(), tasks: [:])
  let task = try world.task("golden boots#3")
  var (episode, opening) = try world.begin(task)
  #expect(opening == Observation(task.request))
  var trajectory = Trajectory(task: task, opening: opening)
  let response = "Thought: nuggets first.\nAction: get 36 gold nugget"
  let action = ActionFormat.react.action(in: response, choices: opening.choices)
  trajectory.append(Step(response: response, action: action, outcome: try await episode.step(action)))
  #expect(
    world.transcript(for: trajectory).entries == [
      .instructions(TextCraft.prompting.instructions), .prompt(task.request), .response(response),
      .prompt("Got 36 gold nugget"),
    ])
}

@Test func theExampleInTheInstructionsWorks() async throws {
  let lines = TextCraft.prompting.instructions.split(separator: "\n").map(String.init)
  let start = try #require(lines.firstIndex { $0.hasPrefix("An example") }) + 1
  let commands = lines[start...].filter { !$0.hasPrefix("->") }
  let outcomes = try await play(commands, goal: "stick")
  #expect(outcomes.map { "-> \($0.observation.text)" } == lines[start...].filter { $0.hasPrefix("->") })
  #expect(outcomes.last?.isDone == true)
}

@Test func agentGymsPublishedTasksAreNumberedByDepth() throws {
  let world = try TextCraft(recipes: try standardRecipes(), order: .agentgym, splits: TaskSplits([:]))
  let depths = { (split: Split) in
    try world.tasks(in: split).map { world.recipes.depth(of: try world.goal(of: $0.id)) }
  }
  let (train, test) = (try depths(.train), try depths(.test))
  #expect(train.count == 374 && test.count == 100 && world.tasks(in: .validation).isEmpty)
  // As published: 31, 41, 25 and 3 of depths 1 to 4.
  #expect((1...4).map { depth in test.count { $0 == depth } } == [31, 41, 25, 3])
  // Published as 109, 221, 43 and 1: AgentGym's server finds another depth for some goals.
  #expect((1...4).map { depth in train.count { $0 == depth } } == [94, 232, 47, 1])
  let all = try [Split.train, .test].flatMap { try world.tasks(in: $0).map(\.id) }
  #expect(Set(all).count == 474)
  let deep = try TextCraft(recipes: try standardRecipes(), depths: 3...3, order: .agentgym, splits: TaskSplits([:]))
  #expect(deep.tasks(in: .test).count == 25)
  let own = try TextCraft(recipes: try standardRecipes(), order: .agentgym, splits: TaskSplits([.train: [0, 543]]))
  #expect(own.tasks(in: .train).count == 2 && own.tasks(in: .test).isEmpty)
}
