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
  // Similar enough (86): the first. In a bullet point, ignoring case: "machine wash". In the description: "with care".
  // Missing: "crew".
  let reward = PurchaseReward(
    of: sweater, with: [], for: goal(["long-lasting", "machine wash", "with care", "v neck"], []))
  #expect(reward.attributes == 3)
  #expect(reward.total == 4.0 / 5)
}

@Test func optionsMatchByColourOrLikeness() {
  // (1 + 1 + 1) / (1 + 2 + 1): both blues are one colour, and "small" does not match "large".
  let reward = PurchaseReward(
    of: sweater, with: ["navy blue", "large"], for: goal(["long lasting"], ["blue", "small"]))
  #expect(reward.options == 1)
  #expect(reward.total == 0.75)
  // A wanted option counts once, even if several chosen options match it.
  #expect(PurchaseReward(of: sweater, with: ["blue", "navy blue"], for: goal(["long lasting"], ["blue"])).total == 1)
  // Chosen options that were not requested cost nothing.
  #expect(PurchaseReward(of: sweater, with: ["red"], for: goal(["long lasting"], [])).total == 1)
}

@Test func thePriceLimitIsInclusive() {
  #expect(PurchaseReward(of: sweater, with: [], for: goal(["long lasting"], [], limit: 24.99)).total == 1)
  #expect(PurchaseReward(of: sweater, with: [], for: goal(["long lasting"], [], limit: 24.98)).total == 0.5)
}

/// Titles, queries and categories, compared with "alpha bravo charlie delta echo foxtrot golf hotel india juliett
/// kilo", which has 11 nouns.
@Test(arguments: [
  // With 1 of 11 nouns (0.0909) the factor is a tenth, whatever else matches.
  ("alpha", "same", "A › B", 0.1),
  // With 2 of 11 (0.18) it is a half without query or category, and one with either.
  ("alpha bravo", "other", "A › C", 0.5),
  ("alpha bravo", "same", "X", 1),
  ("alpha bravo", "other", "B › A › C", 1),
  // With 3 of 11 (0.27) the title alone is enough.
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
