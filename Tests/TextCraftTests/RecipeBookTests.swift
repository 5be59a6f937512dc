import Agents
import Testing

@testable import TextCraft

@Test func standardRecipesHaveThePublishedCounts() throws {
  let book = try standardRecipes()
  #expect(book.recipes.count == 613)
  #expect(book.goals.count == 544)
  let depths = Dictionary(grouping: book.goals, by: book.depth(of:)).mapValues(\.count)
  #expect(depths == [1: 125, 2: 291, 3: 117, 4: 11])
  #expect(book.goals == book.goals.sorted())
  // Pinned, since critics and stored runs depend on it.
  #expect(book.digest == "563f1c8a3ac020a6")
}

@Test(arguments: [
  ("gold nugget", true), ("iron nugget", true), ("oak logs", true), ("coal", true), ("wheat", true),
  ("gold ingot", false), ("oak planks", false), ("planks", false), ("wool", false), ("boat", false),
  ("unobtainium", false),
])
func theWorldProvidesWhatIsKnownAndNotCrafted(name: String, gettable: Bool) throws {
  #expect(try standardRecipes().isGettable(Item(named: name)) == gettable)
}

@Test func valuesDoubleWithEveryCraft() throws {
  let book = try standardRecipes()
  #expect(book.value(of: Item(named: "gold nugget")) == 1)
  #expect(book.value(of: Item(named: "gold ingot")) == 18)
  #expect(book.value(of: Item(named: "golden boots")) == 144)
  // One log gives four planks.
  #expect(book.value(of: Item(named: "oak planks")) == 0.5)
}

@Test func tagsStandForTheItemsOfAGroup() throws {
  let book = try standardRecipes()
  let planks = book.items(for: .tag(Item(named: "planks"))).map(\.name)
  #expect(
    planks == [
      "acacia planks", "birch planks", "crimson planks", "dark oak planks", "jungle planks", "oak planks",
      "spruce planks", "warped planks",
    ])
}

private func shapeless(_ inputs: [String], _ output: String, group: String? = nil) -> String {
  let inputs = inputs.map { "{\($0.hasPrefix("#") ? "\"tag\"" : "\"item\""): \"minecraft:\($0.drop { $0 == "#" })\"}" }
  let group = group.map { "\"group\": \"\($0)\", " } ?? ""
  return """
    {"type": "minecraft:crafting_shapeless", \(group)"ingredients": [\(inputs.joined(separator: ", "))],
     "result": {"item": "minecraft:\(output)"}}
    """
}

@Test func recipesAreReadFromTheirPatterns() throws {
  let shaped = """
    {"type": "minecraft:crafting_shaped", "pattern": ["XX ", " #X"],
     "key": {"#": [{"item": "minecraft:stick"}, {"item": "minecraft:bone"}], "X": {"tag": "minecraft:ores"}},
     "result": {"item": "minecraft:lamp", "count": 2}}
    """
  let smelted = #"{"type": "minecraft:smelting", "ingredient": [], "result": "minecraft:glass", "experience": 0.1}"#
  try withDirectory(["a.json": shaped, "b.json": smelted, "notes.txt": "none of this"]) { directory in
    let book = try RecipeBook(directory: directory)
    #expect(book.recipes.map(\.command) == ["craft 2 lamp using 3 ores, 1 stick"])
    // A tag that no recipe produces is an item.
    #expect(book.isGettable(Item(named: "ores")))
    #expect(!book.isGettable(Item(named: "glass")))
    #expect(!book.isGettable(Item(named: "bone")))
  }
}

@Test func recipesThatLeadInACircleAreLeftOut() throws {
  let files = [
    "1.json": shapeless(["nugget", "nugget"], "ingot"),
    "2.json": shapeless(["ingot"], "nugget"),
    "3.json": shapeless(["hay_block"], "wheat"),
    // A loop through a tag: red paint is paint, paint makes a sign, and a sign must not make red paint.
    "4.json": shapeless(["rose"], "red_paint", group: "paint"),
    "5.json": shapeless(["#paint"], "sign"),
    "6.json": shapeless(["sign"], "red_paint", group: "paint"),
    "7.json": shapeless(["clone"], "clone"),
  ]
  try withDirectory(files) { directory in
    let book = try RecipeBook(directory: directory)
    #expect(
      book.recipes.map(\.command) == [
        "craft 1 ingot using 2 nugget", "craft 1 red paint using 1 rose", "craft 1 sign using 1 paint",
      ])
    #expect(["nugget", "wheat", "hay block", "rose"].allSatisfy { book.isGettable(Item(named: $0)) })
  }
}

@Test func aMissingDirectorySaysHowToGetIt() throws {
  let error = try environmentError { try RecipeBook(directory: "/nowhere/recipes") }
  #expect(error.kind == .misconfigured)
  for part in ["/nowhere/recipes", "make setup", "environment.recipes"] { #expect(error.message.contains(part)) }
}

@Test(arguments: [
  ("{\"type\": ", "not valid JSON"),
  ("[]", "another form"),
  ("", "not valid JSON"),
  ("{}", "no \"type\""),
  (#"{"type": "minecraft:crafting_shapeless", "ingredients": []}"#, "no \"result\""),
  (#"{"type": "minecraft:crafting_shapeless", "ingredients": [], "result": "minecraft:a"}"#, "no ingredients"),
  (
    #"{"type": "minecraft:crafting_shapeless", "ingredients": [{"thing": 1}], "result": "a"}"#,
    "neither an item nor a tag"
  ),
  (#"{"type": "minecraft:crafting_shapeless", "ingredients": [[]], "result": "a"}"#, "another form"),
  (
    #"{"type": "minecraft:crafting_shapeless", "ingredients": [{"item": "b"}], "result": {"item": "a", "count": 0}}"#,
    "makes 0"
  ),
  (#"{"type": "minecraft:crafting_shaped", "pattern": ["X"], "key": {}, "result": {"item": "a"}}"#, "not in the key"),
])
func aFileThatIsNoRecipeIsNamed(text: String, reason: String) throws {
  try withDirectory(["broken.json": text]) { directory in
    let error = try environmentError { try RecipeBook(directory: directory) }
    #expect(error.kind == .misconfigured)
    #expect(error.message.contains("broken.json"))
    #expect(error.message.contains(reason), "\(error.message)")
  }
}

@Test func aDirectoryWithoutCraftingRecipesIsRefused() throws {
  try withDirectory(["smelt.json": #"{"type": "minecraft:smelting"}"#]) { directory in
    let error = try environmentError { try RecipeBook(directory: directory) }
    #expect(error.message.contains("1 recipe files, and none of them is for crafting"))
  }
}

@Test func theFirstEnvironmentThatHasTheRecipesIsFound() throws {
  let inside = "lib/python3.12/site-packages/textcraft/data/recipes"
  try withDirectory(["empty/lib/python3.9/x": "", "full/\(inside)/a.json": "{}"]) { root in
    let found = try RecipeBook.find(in: ["\(root)/none", "\(root)/empty", "\(root)/full"])
    #expect(found == "\(root)/full/\(inside)")
    let error = try environmentError { try RecipeBook.find(in: ["\(root)/none", "\(root)/empty"]) }
    #expect(error.kind == .misconfigured)
    #expect(error.message.contains("\(root)/none/lib") && error.message.contains("\(root)/empty/lib"))
    #expect(throws: WorldError.self) { try RecipeBook.find(in: []) }
  }
}
