import Agents
import Testing

@testable import Orders

@Suite("The order desk")
struct OrdersTests {
  static func desk(_ splits: [Split: [Int]] = [.train: [0, 1, 2], .test: [5]]) throws -> Orders {
    try Orders(splits: try TaskSplits(splits))
  }

  @Test("A task is the same on every machine")
  func stable() async throws {
    let desk = try Self.desk()
    let task = try #require(desk.tasks(in: .test).first)
    #expect(task.id == "order-1-5")
    #expect(task.stepLimit == 5)
    let opening = try desk.begin(task).observation
    #expect(
      opening.text == "We have \((opening.choices ?? []).joined(separator: ", ")). \(task.request), so I pick the item")
    #expect(try desk.task("5") == task)
    // Pinned. Ids in stores and reports refer to this order.
    #expect(task.request == "I want seven tiny orange nylon blanket")
  }

  @Test func everyNumberIsAnotherRequest() {
    let form = OrderForm(
      fields: [.init("a", ["1", "2", "3"]), .init("b", ["4", "5"]), .init("c", ["6", "7", "8", "9"])], listed: 2...3,
      workedOrders: 3, seed: 9)
    let sequence = OrderSequence(form: form, seed: 9)
    #expect(sequence.count == 21)
    let requests = (0..<21).map { sequence.order($0).wanted }
    #expect(Set(requests).count == 21)
    #expect(form.worked.allSatisfy { !requests.contains($0.wanted) })
  }

  @Test func standardOrdersAreDistinctAndListTheWantedOption() {
    let sequence = OrderSequence(form: .standard, seed: 1)
    #expect(sequence.count == 12 * 10 * 11 * 5 * 8 - 3)
    let orders = (0..<5_000).map(sequence.order)
    #expect(Set(orders.map(\.wanted)).count == 5_000)
    for order in orders {
      for (wanted, listed) in zip(order.wanted, order.listed) {
        #expect(listed.contains(wanted) && (3...4).contains(listed.count) && Set(listed).count == listed.count)
      }
    }
    // The position of the wanted option must carry no information. With 25,000 fields, each position is within 4.5
    // standard errors of its share.
    let places = orders.flatMap {
      zip($0.wanted, $0.listed).filter { $1.count == 4 }.compactMap { $1.firstIndex(of: $0) }
    }
    for place in 0..<4 {
      let share = Double(places.count { $0 == place }) / Double(places.count)
      #expect(abs(share - 0.25) < 4.5 * (0.25 * 0.75 / Double(places.count)).squareRoot())
    }
  }

  @Test func theRewardIsTheShareOfFieldsRightPaidAtTheEnd() async throws {
    let desk = try Self.desk()
    let order = OrderSequence(form: .standard, seed: 1).order(5)
    var (episode, _) = try desk.begin(desk.task("5"))
    var outcomes: [Outcome] = []
    for field in 0..<5 {
      let answer = field == 1 ? "spaceship" : order.wanted[field]
      outcomes.append(try await episode.step(field == 1 ? .unparsable(answer) : .act(answer)))
    }
    #expect(outcomes.map(\.reward) == [0, 0, 0, 0, 0.8])
    #expect(outcomes.map(\.isInvalid) == [false, true, false, false, false])
    #expect(outcomes.map(\.isDone) == [false, false, false, false, true])
    await #expect(throws: WorldError.self) { try await episode.step(.act("x")) }
  }

  @Test func aForkIsACopy() async throws {
    let desk = try Self.desk()
    let wanted = OrderSequence(form: .standard, seed: 1).order(5).wanted
    var (episode, _) = try desk.begin(desk.task("5"))
    _ = try await episode.step(.act(wanted[0]))
    var fork = try #require(try await episode.fork())
    for field in 1..<5 {
      let last = field == 4
      #expect(try await episode.step(.act(wanted[field])).reward == (last ? 1 : 0))
      #expect(try await fork.step(.act("no")).reward == (last ? 0.2 : 0))
    }
  }

  @Test("The prompt shows the current field alone, after three worked orders")
  func prompt() throws {
    let desk = try Self.desk()
    let task = try desk.task("5")
    let opening = try desk.begin(task).observation
    let text = desk.transcript(for: Trajectory(task: task, opening: opening)).joined()
    #expect(
      text.hasPrefix(
        """
        Choose the options that match what the customer wants.

        We have coat, sweater, blanket, shirt. I want seven large orange leather sweater, so I pick the item sweater
        We have jacket, bag, coat. I want five huge yellow wool jacket, so I pick the item jacket
        """))
    #expect(text.hasSuffix("\(task.request), so I pick the item"))
    #expect(text.split(separator: "\n").count == 5)
  }

  @Test func badFormsAndNumbersAreRefused() throws {
    #expect(throws: WorldError.self) { try Orders(splits: try TaskSplits([.test: [52_797]])) }
    for field in [
      OrderForm.Field("x", ["one"]), .init("x", ["a", "a"]), .init("x", ["a", "b\nc"]), .init("x", ["", "b"]),
    ] {
      let form = OrderForm(fields: [field], listed: 2...2, workedOrders: 0, seed: 1)
      #expect(throws: WorldError.self) { try Orders(form: form, splits: try TaskSplits([:])) }
    }
    let desk = try Self.desk()
    for id: TaskID in ["order-2-1", "x", "-1", "order-1-99999"] {
      #expect(throws: WorldError.self) { try desk.task(id) }
    }
  }

  @Test func anotherVocabularyIsAnotherWorld() throws {
    let form = OrderForm(
      fields: [.init("x", ["a", "b", "c"]), .init("y", ["d", "e"])], listed: 2...2, workedOrders: 1, seed: 1)
    let other = OrderForm(
      fields: [.init("x", ["a", "b", "q"]), .init("y", ["d", "e"])], listed: 2...2, workedOrders: 1, seed: 1)
    let splits = try TaskSplits([:])
    #expect(try Orders(form: form, splits: splits).identity == Orders(form: form, splits: splits).identity)
    #expect(try Orders(form: form, splits: splits).identity != Orders(form: other, splits: splits).identity)
    #expect(try Orders(seed: 1, splits: splits).identity == Orders(seed: 2, splits: splits).identity)
  }
}
