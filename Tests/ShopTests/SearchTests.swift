import Agents
import Testing

@testable import Shop

@Test(arguments: [
  ("red shoes", #""red" OR "shoes""#),
  ("the red the RED", #""red""#),
  (
    #""a" OR b NEAR(c) -d *e ^f title:g {h} ""#,
    #""b" OR "near" OR "c" OR "d" OR "e" OR "f" OR "title" OR "g" OR "h""#
  ),
  ("men's women’s", #""men" OR "women""#),
  ("price < 100.00", #""price" OR "100" OR "00""#),
  ("the of", #""the" OR "of""#),
])
func queriesAreQuotedWords(text: String, expression: String) {
  #expect(SearchQuery(text)?.expression == expression)
}

@Test func queriesWithoutWordsFindNothing() async throws {
  #expect(SearchQuery("") == nil)
  #expect(SearchQuery("\"'*^-+():{}[]\u{0}\u{1b}") == nil)
  #expect(try await generatedCatalogue.get().search("\"\"\"").isEmpty)
}

@Test func longQueriesAreCut() throws {
  let query = try #require(SearchQuery(String(repeating: "abcd ", count: 100_000) + "x"))
  #expect(query.expression == #""abcd""#)
  let words = (0..<500).map { "w\($0)" }.joined(separator: " ")
  #expect(try #require(SearchQuery(words)).expression.split(separator: " OR ").count == 48)
}

@Test func theRarerWordsRankFirst() async throws {
  let catalogue = try generatedCatalogue.get()
  let all = try await catalogue.search("rain jacket raincoat hooded shell")
  #expect(all.count > 20)
  #expect(try await catalogue.search("color").count == Catalogue.resultLimit)
  // The model's name occurs in one title only, so it outweighs all other words.
  let title = all[20].title
  let model = try #require(title.split(separator: " ").last)
  #expect(try await catalogue.search("color \(model)").first == all[20])
  #expect(try await catalogue.search(String(model)) == [all[20]])
  #expect(try await catalogue.search(title).first == all[20])
}

@Test func descriptionsBulletsAttributesAndOptionsAreSearched() async throws {
  let catalogue = try generatedCatalogue.get()
  let product = try await catalogue.product(at: 0)
  let texts = [product.description, product.bullets[0], product.attributes.last ?? "", product.options[0].values[0]]
  for text in texts { #expect(try await !catalogue.search(text).isEmpty, "\(text)") }
  #expect(try await catalogue.search("zzzzzz").isEmpty)
}

@Test func stemsAndAccentsDoNotMatter() async throws {
  let catalogue = try generatedCatalogue.get()
  #expect(try await catalogue.search("jackets") == catalogue.search("jacket"))
  #expect(try await catalogue.search("jáckét") == catalogue.search("JACKET"))
}

@Test func aLargeShopRanksWhatHasTheRarestWords() throws {
  let query = try #require(SearchQuery("red midi dress sleeve zzz"))
  let counts = ["red": 5000, "midi": 20, "dress": 70, "sleeve": 900, "zzz": 0]
  #expect(query.expression(within: 6000, frequent: 5000) { counts[$0] ?? 0 } == query.expression)
  #expect(
    query.expression(within: 100, frequent: 5000) { counts[$0] ?? 0 }
      == #"("midi" OR "dress") AND ("midi" OR "dress" OR "sleeve" OR "red")"#)
  #expect(query.expression(within: 1, frequent: 5000) { counts[$0] ?? 0 }.hasPrefix(#"("midi") AND "#))
  #expect(query.expression(within: 1, frequent: 1) { _ in 0 } == query.expression)
  // Words that occur in more than half of the products are left out, unless no others remain.
  #expect(query.expression(within: 100, frequent: 4000) { counts[$0] ?? 0 }.hasSuffix(#"OR "sleeve")"#))
  #expect(query.expression(within: 1, frequent: 1) { _ in 9 }.hasPrefix(#"("red") AND ("red" OR "midi""#))
}

@Test func noTextIsAnErrorToTheIndex() async throws {
  let catalogue = try generatedCatalogue.get()
  var generator = Seed(3).generator()
  for _ in 0..<300 {
    var text = String.UnicodeScalarView()
    while text.count < 12 {
      let bound = generator.uniform() < 0.5 ? 0x300 : 0x11_0000
      if let scalar = Unicode.Scalar(UInt32(generator.number(below: bound))) { text.append(scalar) }
    }
    let words = SearchQuery(String(text))
    // Tries both forms of the expression with letters that SQLite's tokeniser may treat differently.
    #expect(try await catalogue.search(String(text)).count <= Catalogue.resultLimit)
    let narrow = words?.expression(within: 1, frequent: 9) { _ in 5 }
    #expect(narrow.map { !$0.contains("\u{0}") } ?? true)
  }
}
