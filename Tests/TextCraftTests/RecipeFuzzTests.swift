import Foundation
import TestSupport
import Testing

@testable import TextCraft

@Suite("Damaged recipe files are errors")
struct RecipeFuzzTests {
  @Test("Recipes", .timeLimit(.minutes(10)))
  func recipes() async {
    let seeds = [
      ##"{"type":"minecraft:crafting_shaped","group":"bed","pattern":["YY ","XY"],"key":{"Y":{"item":"minecraft:stick"},"X":[{"tag":"minecraft:planks"},{"item":"minecraft:stone"}]},"result":{"item":"minecraft:ladder","count":3}}"##,
      ##"{"type":"minecraft:crafting_shapeless","ingredients":[{"item":"minecraft:a"},[{"tag":"minecraft:b"}]],"result":{"item":"minecraft:c"}}"##,
      ##"{"type":"minecraft:smelting","ingredient":{"item":"minecraft:a"},"result":"minecraft:b"}"##,
    ]
    var read = 0
    for await data in Fuzz("Recipe", seeds, count: 800, words: ["\"item\":", "\"count\":", "minecraft:"]) {
      if let file = try? RecipeFile(data), let recipe = file.recipe {
        #expect(recipe.outputCount > 0)
        read += 1
      }
    }
    #expect(read > 0)
  }
}
