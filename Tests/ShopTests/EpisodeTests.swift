import Agents
import Foundation
import Testing

@testable import Shop

private let quiet = ShopRules(listsActions: false)

@Test func aVisitGoesThroughEveryPage() async throws {
  let shop = try generatedShop(quiet)
  let gold = try await shop.goldPath(to: "goal-0")
  var (episode, opening) = try await shop.begin(try shop.task("goal-0"))
  let head = "Instruction: [SEP] \(try shop.task("goal-0").request) [SEP] Back to Search [SEP] "
  #expect(opening.text == "WebShop [SEP] Instruction: [SEP] \(try shop.task("goal-0").request) [SEP] Search")
  #expect(opening.choices == nil)

  func take(_ action: String) async throws -> String {
    let outcome = try await episode.step(.act(action))
    #expect(!outcome.isInvalid && !outcome.isDone && outcome.reward == 0, "\(action)")
    return outcome.observation.text
  }
  let first = try await take(gold[0])
  #expect(first.hasPrefix(head + "Page 1 (Total results: 50) [SEP] Next > [SEP] "))
  let second = try await take("click[Next >]")
  #expect(second.hasPrefix(head + "Page 2 (Total results: 50) [SEP] < Prev [SEP] Next > [SEP] "))
  #expect(try await take("click[< Prev]") == first)
  let item = try await take(gold[1])
  #expect(
    item.hasPrefix(head + "< Prev [SEP] ") && item.hasSuffix("Description [SEP] Features [SEP] Reviews [SEP] Buy Now"))
  for detail in ["Description", "features", "REVIEWS"] {
    #expect(try await take("click[\(detail)]").hasPrefix(head + "< Prev [SEP] "))
    #expect(try await take("click[< prev]") == item)
  }
  #expect(try await take("click[< Prev]") == first)
  #expect(try await take("click[Back to Search]") == opening.text)
  #expect(try await take(gold[0]) == first)
}

@Test func goldPathsEarnOne() async throws {
  let shop = try generatedShop()
  for number in stride(from: 0, to: shop.catalogue.goalCount, by: 5) {
    let id = TaskID("goal-\(number)")
    let path = try await shop.goldPath(to: id)
    #expect(path.count <= 6)
    let outcomes = try await play(path, in: shop, task: id)
    #expect(outcomes.map(\.reward) == Array(repeating: 0, count: path.count - 1) + [1], "\(id)")
    #expect(outcomes.last?.isDone == true && outcomes.allSatisfy { !$0.isInvalid })
  }
}

@Test func optionsOutliveSubPagesButNotTheResults() async throws {
  let shop = try generatedShop(splits: [:])
  // Finds a goal with an option.
  var number = 0
  while try await shop.goldPath(to: TaskID("goal-\(number)")).count < 4 { number += 1 }
  let id = TaskID("goal-\(number)")
  let gold = try await shop.goldPath(to: id)
  let kept = Array(gold.dropLast()) + ["click[Description]", "click[< Prev]"] + gold.suffix(1)
  #expect(try await play(kept, in: shop, task: id).last?.reward == 1)
  let lost = Array(gold.dropLast()) + ["click[< Prev]", gold[1]] + gold.suffix(1)
  let reward = try #require(try await play(lost, in: shop, task: id).last?.reward)
  #expect(reward > 0 && reward < 1)
}

@Test func theLastStepBuysWhatIsOnThePage() async throws {
  let shop = try generatedShop(ShopRules(stepLimit: 3))
  let gold = try await shop.goldPath(to: "goal-0")
  let item = try await play([gold[0], gold[1], "click[nonsense]"], in: shop)
  #expect(item.map(\.isDone) == [false, false, true])
  #expect(item[2].isInvalid && item[2].reward > 0)
  #expect(item[2].observation.text.contains("The last step is taken, and the item on the page is bought."))
  // On other pages the last step buys nothing.
  for last in ["click[Features]", "click[< Prev]", "click[Back to Search]"] {
    let outcome = try await play([gold[0], gold[1], last], in: shop)[2]
    #expect(!outcome.isDone && outcome.reward == 0)
  }
  let patient = try generatedShop(ShopRules(stepLimit: 2, forcesPurchase: false))
  #expect(try await play([gold[0], gold[1]], in: patient)[1].isDone == false)
  // The step that reaches the page may be the last one allowed.
  #expect(try await play([gold[0], gold[1]], in: generatedShop(ShopRules(stepLimit: 2)))[1].isDone)
}

@Test(arguments: [
  "", " ", "search", "search[]", "click[Buy Now]", "click[Next >]", "click[search]", "click[< Prev]", "buy[it]",
  "click[B0]",
  "click[\u{1b}[31mred\u{7}]",
])
func invalidActionsAreExplainedAndChangeNothing(action: String) async throws {
  let shop = try generatedShop(quiet)
  var (episode, opening) = try await shop.begin(try shop.task("goal-0"))
  for action in [Action.act(action), .unparsable(action)] {
    let outcome = try await episode.step(action)
    #expect(outcome.isInvalid && !outcome.isDone && outcome.reward == 0)
    #expect(outcome.observation.text.hasPrefix("Invalid action: "))
    #expect(outcome.observation.text.hasSuffix("\n\n" + opening.text))
    #expect(!outcome.observation.text.contains("\u{1b}"))
  }
}

@Test func nothingHappensAfterThePurchase() async throws {
  let shop = try generatedShop()
  let gold = try await shop.goldPath(to: "goal-0")
  let error = try await environmentError { try await play(gold + ["search[more]"], in: shop) }
  #expect(error.kind == .diverged)
}

@Test func forksGoTheirOwnWays() async throws {
  let shop = try generatedShop()
  let gold = try await shop.goldPath(to: "goal-0")
  var (episode, _) = try await shop.begin(try shop.task("goal-0"))
  for action in gold.dropLast() { _ = try await episode.step(.act(action)) }
  var fork = try #require(try await episode.fork())
  let back = try await fork.step(.act("click[Back to Search]"))
  #expect(back.observation.text.hasPrefix("WebShop [SEP] "))
  #expect(try await episode.step(.act("click[Buy Now]")).reward == 1)
  #expect(try await fork.step(.act("click[Buy Now]")).isInvalid)
}

@Test func theSameActionsGiveTheSameAnswers() async throws {
  let other = try Shop(catalogue: Catalogue.generated(), splits: TaskSplits([:]))
  for number in 0..<10 {
    let id = TaskID("goal-\(number)")
    let actions = try await ["search[\(other.task(id).request)]", "click[Next >]"] + other.goldPath(to: id)
    #expect(try await play(actions, in: other, task: id) == play(actions, in: generatedShop(), task: id))
  }
}

@Test func manyVisitsAtOnceDoNotMeet() async throws {
  let shop = try generatedShop()
  try await withThrowingTaskGroup(of: Double?.self) { group in
    for number in 0..<64 {
      group.addTask {
        let id = TaskID("goal-\(number)")
        return try await play(shop.goldPath(to: id), in: shop, task: id).last?.reward
      }
    }
    for try await reward in group { #expect(reward == 1) }
  }
}

@Test func hostileAgentsStayInBounds() async throws {
  let shop = try generatedShop(ShopRules(stepLimit: 40))
  let pieces = [
    "search[", "click[", "]", "[", "\u{0}", "\u{1b}[2J", "\"", "'", "--", "; DROP TABLE product", "*", "NEAR(", "😀",
    "Buy Now", "a",
    "\n", "\u{202e}", "% _", "\\", "< Prev", "\u{1f}", "ÿ", "e\u{301}",
  ]
  for number in 0..<25 {
    var generator = Seed(UInt64(number)).generator()
    var (episode, observation) = try await shop.begin(try shop.task(TaskID("goal-\(number)")))
    var sum = 0.0
    for _ in 0..<40 {
      var action = generator.drawn(4, from: pieces).joined()
      if generator.uniform() < 0.1 { action = "search[" + String(repeating: action, count: 5_000) + "]" }
      if generator.uniform() < 0.5 {
        // The actions as the page lists them, for an agent that copies them.
        let offered = observation.text.components(separatedBy: "Available actions: ").last ?? ""
        let actions = offered.components(separatedBy: ", click[").map { $0.hasSuffix("]") ? "click[" + $0 : $0 }
        action = generator.drawn(1, from: actions)[0]
      }
      let outcome = try await episode.step(generator.uniform() < 0.9 ? .act(action) : .unparsable(action))
      sum += outcome.reward
      #expect((0...1).contains(outcome.reward) && (0...1).contains(sum))
      #expect(outcome.observation.text.count < 20_000)
      observation = outcome.observation
      if outcome.isDone { break }
    }
  }
}
