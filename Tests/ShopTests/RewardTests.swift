import Testing

@testable import Shop

private let sweater = Product(
  asin: "B000000001", title: "Acme Wool Sweater", description: "Knit in Wales with care.",
  bullets: ["Machine wash cold", "Crew neck"], attributes: ["long lasting"],
  options: [.init(name: "color", values: ["navy blue", "red"]), .init(name: "size", values: ["small", "large"])],
  price: 24.99, category: "Clothing › Women › Sweaters", query: "women's sweaters")

private func goal(
  _ attributes: [String], _ options: [String], limit: Double = 30, for product: Product = sweater
) -> Goal {
  Goal(
    product: product, instruction: "", attributes: attributes, options: options.map { .init(value: $0) },
    priceLimit: limit)
}

@Test func everythingRightIsOne() {
  let reward = PurchaseReward(of: sweater, with: ["red", "small"], for: goal(["long lasting"], ["small", "red"]))
  #expect(reward.total == 1)
  #expect(reward.typeFactor == 1 && reward.titleScore == 1)
}

@Test func attributesMatchByLikenessOrByText() {
  // Alike: 86. In a bullet, whatever its case: "machine wash". In the description: "with care". Nowhere: "crew".
  let reward = PurchaseReward(
    of: sweater, with: [], for: goal(["long-lasting", "machine wash", "with care", "v neck"], []))
  #expect(reward.attributes == 3)
  #expect(reward.total == 4.0 / 5)
}

@Test func optionsMatchByColourOrLikeness() {
  // (1 + 1 + 1) / (1 + 2 + 1): the blues are one colour, "small" is not "large".
  let reward = PurchaseReward(
    of: sweater, with: ["navy blue", "large"], for: goal(["long lasting"], ["blue", "small"]))
  #expect(reward.options == 1)
  #expect(reward.total == 0.75)
  // A wanted option counts once, however many chosen ones match.
  #expect(PurchaseReward(of: sweater, with: ["blue", "navy blue"], for: goal(["long lasting"], ["blue"])).total == 1)
  // Options that nobody asked for cost nothing.
  #expect(PurchaseReward(of: sweater, with: ["red"], for: goal(["long lasting"], [])).total == 1)
}

@Test func thePriceLimitIsInclusive() {
  #expect(PurchaseReward(of: sweater, with: [], for: goal(["long lasting"], [], limit: 24.99)).total == 1)
  #expect(PurchaseReward(of: sweater, with: [], for: goal(["long lasting"], [], limit: 24.98)).total == 0.5)
}

/// Titles, queries and categories against "alpha bravo charlie delta echo foxtrot golf hotel india juliett kilo", of 11
/// nouns.
@Test(arguments: [
  // Shares 1 of 11 nouns (0.0909): a tenth, whatever else is the same.
  ("alpha", "same", "A › B", 0.1),
  // 2 of 11 (0.18): half without query or categories, whole with either.
  ("alpha bravo", "other", "A › C", 0.5),
  ("alpha bravo", "same", "X", 1),
  ("alpha bravo", "other", "B › A › C", 1),
  // 3 of 11 (0.27) is the same kind by its title alone.
  ("alpha bravo charlie", "other", "X", 1),
  ("zulu", "same", "A › B", 0),
])
func theTypeFactorHasFourSteps(title: String, query: String, category: String, factor: Double) {
  let wanted = Product(
    asin: "W", title: "Alpha Bravo Charlie Delta Echo Foxtrot Golf Hotel India Juliett Kilo", price: 1,
    category: "A › B", query: "same")
  let bought = Product(asin: "P", title: title, price: 1, category: category, query: query)
  let reward = PurchaseReward(of: bought, with: [], for: goal(["zzzz"], [], for: wanted))
  #expect(reward.typeFactor == factor)
  #expect(reward.total == factor / 2)
}

@Test func aTitleWithoutNounsScoresAFifth() {
  let wanted = Product(asin: "W", title: "the 12 of", price: 1, category: "A", query: "q")
  let reward = PurchaseReward(of: sweater, with: [], for: goal(["long lasting"], [], for: wanted))
  #expect(reward.titleScore == 0.2)
  #expect(reward.typeFactor == 0.5)
}
