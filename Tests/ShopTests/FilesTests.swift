import Agents
import Foundation
import Testing

@testable import Shop

@Test func handWrittenFilesAreReadByWebShopsRules() async throws {
  try await withDirectory(handWrittenFiles) { directory in
    let catalogue = try Catalogue.files(ShopFiles(directory: directory))
    #expect(catalogue.productCount == 3)
    let sweater = try await catalogue.product(at: 0)
    #expect(sweater.title == "Acme Wool Sweater for Women \"Soft\" édition")
    #expect(sweater.description == "Knit in Wales.")
    #expect(sweater.bullets == ["Machine wash, line dry", "Crew neck"])
    #expect(sweater.attributes == ["machine wash", "crew neck"])
    // In the order of the file, in lower case, with " | " for slashes.
    #expect(
      sweater.options == [
        .init(name: "size", values: ["small", "x-large"]), .init(name: "color", values: ["red | white", "navy"]),
      ])
    #expect(sweater.price == 24.99 && sweater.priceTag == "$24.99" && sweater.query == "women's sweaters")
    let cable = try await catalogue.product(at: 1)
    #expect(cable.bullets == ["Fast, 😀 [sturdy]"] && cable.options.isEmpty && cable.description.isEmpty)
    #expect(cable.priceTag == "$5.0 to $9.5" && (5...9.5).contains(cable.price))
    let piano = try await catalogue.product(at: 2)
    #expect(piano.price == 100 && piano.priceTag == "$100.0" && piano.rating == "N.A.")
    #expect(try await catalogue.search("sturdy").map(\.asin) == ["B000000002"])
  }
}

@Test func humanGoalsAreThoseThatPeopleWrote() async throws {
  try await withDirectory(handWrittenFiles) { directory in
    let shop = try Shop(
      catalogue: Catalogue.files(ShopFiles(directory: directory, goals: .human)), splits: TaskSplits([.test: [0, 1]]))
    #expect(shop.catalogue.goalCount == 2)
    let requests = try shop.tasks(in: .test).map(\.request)
    #expect(requests.contains { $0.hasPrefix("i want a fast cable, and price lower than ") })
    let number = try #require(requests.firstIndex { $0.hasPrefix("a red sweater in small, and price lower than ") })
    let goal = try #require(try await shop.catalogue.goal(number))
    #expect(goal.options == ["red | white", "small"] && [40, 50, 60].contains(goal.priceLimit))
    for id: TaskID in ["goal-0", "goal-1"] {
      #expect(try await play(shop.goldPath(to: id), in: shop, task: id).last?.reward == 1)
    }
  }
}

@Test func syntheticGoalsAreOnePerCombinationOfOptions() async throws {
  try await withDirectory(handWrittenFiles) { directory in
    let shop = try Shop(
      catalogue: Catalogue.files(ShopFiles(directory: directory, goals: .synthetic)),
      splits: TaskSplits([.train: Array(0..<5)]))
    let requests = try shop.tasks(in: .train).map { $0.request.split(separator: ", and price").map(String.init)[0] }
    #expect(
      Set(requests) == [
        "Find me machine wash women's sweaters with color: red | white, and size: small",
        "Find me machine wash women's sweaters with color: red | white, and size: x-large",
        "Find me machine wash women's sweaters with color: navy, and size: small",
        "Find me machine wash women's sweaters with color: navy, and size: x-large", "Find me pianos",
      ])
    #expect(shop.catalogue.goalCount == 5)
  }
}

@Test func aDatabaseIsBuiltOnceAndAgainWhenAFileChanges() async throws {
  try await withDirectory(handWrittenFiles) { directory in
    let files = try ShopFiles(directory: directory)
    var calls = 0
    let first = try Catalogue.files(files) { progress in
      calls += 1
      #expect(progress.bytesRead > 0 && progress.bytesRead <= progress.bytes)
    }
    #expect(calls == 3)
    #expect(try Catalogue.files(files) { _ in calls += 1 }.origin == first.origin)
    #expect(calls == 3)
    let names = try FileManager.default.contentsOfDirectory(atPath: directory)
    #expect(names.sorted().filter { !$0.hasSuffix(".json") } == ["items_shuffle_3.human.sqlite"])

    let changed = handWrittenFiles["items_shuffle_3.json"]?.replacing("Grand Piano", with: "Small Piano")
    try Data((changed ?? "").utf8).write(to: URL(filePath: files.products))
    let second = try Catalogue.files(files)
    #expect(second.origin != first.origin)
    #expect(try await second.product(at: 2).title == "Small Piano")
    // A reader of the old file can still read it.
    #expect(try await first.product(at: 2).title == "Grand Piano")

    try Data("no database".utf8).write(to: URL(filePath: files.store))
    #expect(try Catalogue.files(files).origin == second.origin)
  }
}

@Test func whatAKilledBuildingLeftIsRemoved() async throws {
  try await withDirectory(handWrittenFiles) { directory in
    let files = try ShopFiles(directory: directory)
    let (old, young) = ("\(files.store).1.building", "\(files.store).2.building")
    for path in [old, young] { try Data("half a database".utf8).write(to: URL(filePath: path)) }
    try FileManager.default.setAttributes([.modificationDate: Date(timeIntervalSinceNow: -7200)], ofItemAtPath: old)
    #expect(try Catalogue.files(files).productCount == 3)
    #expect(!FileManager.default.fileExists(atPath: old))
    #expect(FileManager.default.fileExists(atPath: young))
  }
}

@Test func aPlaceThatCannotBeWrittenIsNamed() async throws {
  try await withDirectory(handWrittenFiles) { directory in
    var files = try ShopFiles(directory: directory)
    files.database = "\(directory)/none/shop.sqlite"
    let error = try await environmentError { try Catalogue.files(files) }
    #expect(error.kind == .unavailable && error.message.contains("environment.database"))
  }
}

@Test func onlySoManyEntriesAreRead() async throws {
  try await withDirectory(handWrittenFiles) { directory in
    let catalogue = try Catalogue.files(ShopFiles(directory: directory, goals: .synthetic, limit: 2))
    #expect(catalogue.productCount == 1 && catalogue.goalCount == 4)
  }
}

@Test(arguments: [
  ("items_shuffle_3.json", "", "it begins with neither [ nor {"),
  ("items_shuffle_3.json", "[{\"asin\": \"B1\"", "in the middle of an entry (after 0 entries)"),
  ("items_shuffle_3.json", "[{\"asin\": }]", "entry 0 is not JSON"),
  ("items_shuffle_3.json", "[1, \"x\", null]", "has 0 products"),
  ("items_ins_v2_3.json", "{\"B1\" {}}", "entry 0 is not JSON"),
  ("items_human_ins.json", "{}", "0 human goals"),
])
func filesOfAnotherShapeAreRefused(name: String, text: String, reason: String) async throws {
  var contents = handWrittenFiles
  contents[name] = text
  try await withDirectory(contents) { directory in
    let error = try await environmentError { try Catalogue.files(ShopFiles(directory: directory)) }
    #expect(error.kind == .misconfigured && error.message.contains(reason), "\(error)")
    #expect(try FileManager.default.contentsOfDirectory(atPath: directory).count == 3)
  }
}

@Test func missingFilesAreNamed() async throws {
  let error = try await environmentError { try ShopFiles(directory: "/nowhere") }
  #expect(error.kind == .misconfigured && error.message.contains("/nowhere has no items_shuffle*.json"))
  try await withDirectory(["items_shuffle.json": "[]"]) { directory in
    let error = try await environmentError { try ShopFiles(directory: directory) }
    #expect(error.message.contains("items_ins_v2*.json"))
  }
  let files = ShopFiles(products: "/nowhere/p.json", attributes: "/nowhere/a.json", goals: .synthetic)
  #expect(try await environmentError { try Catalogue.files(files) }.message.contains("/nowhere/p.json"))
  let human = ShopFiles(products: "/nowhere/p.json", attributes: "/nowhere/a.json", goals: .human)
  #expect(try await environmentError { try Catalogue.files(human) }.message.contains("items_human_ins.json is missing"))
}

@Test func longFilesAreReadInPieces() async throws {
  // Entries that cross the borders of 1 MB chunks, with brackets and quotes inside strings.
  let filler = String(repeating: #"a \"[{, \\ "#, count: 30_000)
  let entries = (0..<8).map { "\($0)" + #", "x": ["\#(filler)", {"y": []}]"# }.map { #"{"n": \#($0)}"# }
  try await withDirectory(["long.json": "\u{feff} [" + entries.joined(separator: " ,\n") + "] "]) { directory in
    var pieces = try JSONEntries(path: "\(directory)/long.json")
    var numbers: [ProductJSON?] = []
    while let piece = try pieces.next() { numbers.append(try JSONReader.value(of: piece)["n"]) }
    #expect(numbers == (0..<8).map { .number(Double($0)) })
    #expect(pieces.position > 2_000_000)
  }
}

@Test(arguments: [
  (#" {"a": [1.5, true, null, "\u00e9\ud83d\ude00\n\/\ud800x"]} "#, true), ("[]", true), ("-1e3", true), ("NaN", true),
  ("", false), ("[1,]", false), ("{\"a\" 1}", false), ("{1: 2}", false), ("\"open", false), ("[1] 2", false),
  ("nul", false),
  ("\"\\u12\"", false), (String(repeating: "[", count: 1000), false),
])
func valuesAreReadOrRefused(text: String, isJSON: Bool) {
  #expect(((try? JSONReader.value(of: Array(text.utf8)[...])) != nil) == isJSON)
}

@Test func valuesKeepTheirOrderAndTheirLetters() throws {
  let value = try JSONReader.value(of: Array(#"{"z": "\u00e9\ud83d\ude00\u0007\/\ud800x", "a": 1, "z": 2}"#.utf8)[...])
  #expect(value.members.map(\.key) == ["z", "a", "z"])
  #expect(value["z"] == .number(2))
  #expect(value.members[0].value.text == "é😀 /\u{fffd}x")
}

/// The values come from Python 3.11 with `random.seed(233)`.
@Test func goalsAreShuffledAsPythonDoes() {
  var generator = MersenneTwister(seed: 233)
  #expect((0..<4).map { _ in generator.next() } == [2_931_216_007, 3_446_561_803, 2_698_614_761, 748_818_161])
  var limits = MersenneTwister(seed: 233)
  #expect((0..<4).map { _ in limits.sample(2, of: [30, 40, 50, 60]) } == [[40, 50], [40, 60], [40, 30], [30, 40]])
  var twenty = Array(Int32(0)..<20)
  var second = MersenneTwister(seed: 233)
  second.shuffle(&twenty)
  #expect(twenty == [17, 18, 9, 2, 8, 19, 11, 10, 12, 0, 3, 4, 14, 13, 1, 6, 15, 7, 16, 5])
  var thousand = Array(Int32(0)..<1000)
  var third = MersenneTwister(seed: 233)
  third.shuffle(&thousand)
  #expect(thousand.prefix(12) == [127, 320, 431, 331, 760, 454, 129, 769, 485, 270, 689, 918])
}
