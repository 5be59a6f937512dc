import Agents
import Foundation
import Testing

@testable import AgentGym

@Suite("Dialects")
struct DialectTests {
  static func json(_ text: String) throws -> JSONValue {
    try JSONDecoder().decode(JSONValue.self, from: Data(text.utf8))
  }

  static func read(_ text: String, status: Int = 200) throws(GymFailure) -> JSONValue {
    try GymWire.read(Data(text.utf8), status: status, to: "POST /step")
  }

  @Test func fieldsOfABuiltInCanBeChanged() throws {
    let dialect = try Dialect(
      basedOn: .named("textcraft"),
      overrides: [
        "name": "forge", "maximalReward": 2, "rewardScale": 0.5, "close": "DELETE /env", "create": "/new",
        "taskCount": .null, "resetFields": ["mode": "easy"], "payment": "highest", "invalidPrefixes": ["No"],
        "offersChoices": true,
      ])
    #expect(dialect.name == "forge" && dialect.maximalReward == 2 && dialect.rewardScale == 0.5)
    #expect(dialect.close?.description == "DELETE /env" && dialect.create.description == "POST /new")
    #expect(dialect.taskCount == nil && dialect.resetFields == ["mode": "easy"] && dialect.payment == .highest)
    // The identity includes what changes rewards or texts. It excludes how the server is reached.
    #expect(
      dialect.summary
        == #"forge, invalidPrefixes: ["No"], offersChoices: true, payment: "highest", resetFields: {"mode":"easy"}, rewardScale: 0.5"#
    )
    #expect(try Dialect(basedOn: .sciworld, overrides: [:]) == .sciworld)
  }

  @Test(
    arguments: [
      (["maximumReward": 1], "environment.dialectOverrides.maximumReward is unknown; there are name, create"),
      (["rewardScale": "ten"], "rewardScale has the wrong type; it must be a number"),
      (["stepLimit": 1.5], "take no fractions"), (["offersChoices": "yes"], "it must be true or false"),
      (["invalidPrefixes": "No"], "it must be a list of texts"), (["create": "new"], "a route, such as POST /create"),
      (["payment": "daily"], "perStep, cumulative, highest"), (["reward": .null], "reward cannot be removed"),
      (["rewardScale": 0], "it must be above 0"), (["stepLimit": 0], "at least one step"), (["name": ""], "is empty"),
      (["resetFields": 3], "it must be a mapping of keys to values"),
      (["episodesPerEnvironment": -1], "0 for no limit"),
      (["environmentsPerServer": 0], "at least 1"), (["taskCount": 0], "at least 1"),
    ] as [([String: JSONValue], String)])
  func aWrongChangeIsSaid(overrides: [String: JSONValue], words: String) {
    let error = #expect(throws: WorldError.self) { try Dialect(basedOn: .textcraft, overrides: overrides) }
    #expect(error?.kind == .misconfigured && error?.message.contains(words) == true, "\(error?.message ?? "")")
  }

  @Test func anUnknownDialectNamesThoseThereAre() {
    let error = #expect(throws: WorldError.self) { try Dialect.named("minecraft") }
    #expect(error?.message.contains("sciworld, textcraft, webshop") == true)
  }

  @Test func valuesAreFoundByPath() throws {
    let value = try Self.json(#"{"a": [{"b": 1.5}, null], "1": true}"#)
    #expect(value.value(at: "a.0.b") == 1.5 && value.value(at: "a.1") == .null && value.value(at: "") == value)
    #expect(value.value(at: "a.2") == nil && value.value(at: "a.x") == nil && value.value(at: "1") == true)
  }

  @Test func answersAreReadAsTheDialectSays() throws {
    #expect(try Dialect.sciworld.created(Self.json(#"{"id": 3}"#)) == 3)
    #expect(try Dialect.webshop.created(Self.json("17")) == 17)
    #expect(try Dialect.webshop.opening(Self.json(#"["page", null]"#)).text == "page")
    let shop = try Dialect.webshop.outcome(
      Self.json(#"{"state": "bought", "reward": 0.75, "done": true, "info": null}"#))
    #expect(shop == GymOutcome(text: "bought", amount: 0.75, isDone: true, choices: nil))
    let lab = try Dialect.sciworld.outcome(
      Self.json(#"{"observation": "You focus.", "reward": -100, "score": -100, "done": 1}"#))
    #expect(lab.amount == -100 && lab.isDone)
    let whole = try Dialect(basedOn: .webshop, overrides: ["openingObservation": "", "createFields": ["id": 0]])
    #expect(try whole.opening(Self.json(#""all of it""#)).text == "all of it")
    let house = try Dialect(basedOn: .alfworld, overrides: ["offersChoices": true])
    #expect(try house.opening(Self.json(#"{"observation": "a", "available_actions": ["x"]}"#)).choices == ["x"])
    #expect(try house.opening(Self.json(#"{"observation": "a"}"#)).choices == nil)
  }

  @Test("A lone surrogate in a server's text costs one character")
  func surrogate() throws {
    let answer = try Self.read(#"{"observation": "caf\udce9", "reward": 0, "score": 1, "done": true}"#, status: 200)
    #expect(try Dialect.sciworld.outcome(answer).text == "caf\u{FFFD}")
  }

  @Test(arguments: [
    (#"{"reward": 1, "score": 1, "done": true}"#, "has nothing at \"observation\""),
    (#"{"observation": 3, "score": 1, "done": true}"#, "has a number at \"observation\""),
    (#"{"observation": "a", "score": null, "done": true}"#, "NaN"),
    (#"{"observation": "a", "score": "1", "done": true}"#, "has a text at \"score\""),
    (#"{"observation": "a", "score": 1}"#, "has nothing at \"done\""),
    (#"{"observation": "a", "score": 1, "done": "no"}"#, "where true or false is expected"),
    (#"{"observation": "a", "score": 1, "done": 2}"#, "where true or false is expected"), ("[1]", "has nothing"),
  ])
  func anAnswerOfAnotherFormIsForeign(text: String, words: String) throws {
    let answer = try Self.json(text)
    let failure = #expect(throws: GymFailure.self) { try Dialect.sciworld.outcome(answer) }
    #expect(failure?.kind == .foreign && failure?.reason.contains(words) == true, "\(failure?.reason ?? "")")
  }

  @Test(
    arguments: [
      (200, "<html>", GymFailure.Kind.foreign, "not JSON: <html>"), (200, "", .foreign, "nothing at all"),
      (200, #"{"reward": NaN}"#, .foreign, "NaN or Infinity"),
      (200, #"{"reward": -Infinity}"#, .foreign, "NaN or Infinity"),
      (200, #"{"say": "NaN", "#, .foreign, "not JSON"),
      (200, #"{"error": "The id 3 is not valid."}"#, .refused, "The id 3"),
      (200, #"{"error": {"code": 4}}"#, .refused, #"{"code":4}"#), (500, "Internal Server Error", .lost, "status 500"),
      (503, "", .busy, "status 503"), (404, "{}", .foreign, "status 404"), (301, "", .foreign, "status 301"),
      (422, #"{"detail": [{"type": "missing", "loc": ["body", "game"]}]}"#, .foreign, "status 422"),
    ] as [(Int, String, GymFailure.Kind, String)])
  func failuresAreToldApart(status: Int, text: String, kind: GymFailure.Kind, words: String) {
    let failure = #expect(throws: GymFailure.self) {
      try Self.read(text, status: status)
    }
    #expect(failure?.kind == kind && failure?.reason.contains(words) == true, "\(failure?.reason ?? "")")
    #expect(failure?.missing == (status == 422 ? ["game"] : []))
  }

  @Test func bytesThatAreNoUTF8AreRepairedAndAnEmptyErrorIsNone() throws {
    let bytes = Data(#"{"observation": "caf"#.utf8) + [0xe9] + Data(#"", "error": null}"#.utf8)
    let value = try GymWire.read(bytes, status: 200, to: "POST /step")
    #expect(value.value(at: "observation") == "caf\u{FFFD}")
  }

  @Test func aLongAnswerIsClippedInMessages() {
    let failure = #expect(throws: GymFailure.self) {
      try Self.read(String(repeating: "x", count: 5_000))
    }
    #expect((failure?.reason.count ?? 0) < 400)
  }

  @Test func whatAServerLacksNamesTheDialectsThatSendIt() {
    var failure = GymFailure(.foreign, "answered with status 422.")
    failure.missing = ["game", "world_type"]
    #expect(Dialect.sciworld.advice(after: failure, greeting: nil).hasSuffix("That looks like alfworld."))
    #expect(Dialect.sciworld.advice(after: GymFailure(.foreign, ""), greeting: nil).contains("environment.url"))
    #expect(Dialect.sciworld.objection(to: "This is environment ScienceWorld.") == nil)
    #expect(Dialect.sciworld.objection(to: "hello") == nil && Dialect.webshop.objection(to: "ok") == nil)
    #expect(Dialect.webshop.objection(to: "This is environment BabyAI.") != nil)
  }

  @Test func instructionsAreThereForWorldsThatCoxswainHasNot() {
    #expect(
      Dialect.builtIn.filter { $0.prompting != nil }.map(\.name) == [
        "alfworld", "babyai", "sqlgym", "movie", "weather",
      ])
    #expect(Dialect.builtIn.allSatisfy { ($0.prompting?.instructions.count ?? 500) > 300 })
  }
}
