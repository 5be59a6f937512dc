import Agents
import Testing

@testable import Shop

private let product = Product(
  asin: "B000000001", title: "Acme Sweater", description: "Knit.", bullets: ["Warm", "Soft"],
  attributes: ["machine wash"],
  options: [.init(name: "color", values: ["red", "description"]), .init(name: "size", values: ["small", "red"])],
  price: 24.99, department: "fashion", category: "Clothing › Sweaters", query: "sweaters", rating: "4.5",
  reviews: [.init(title: "Good", score: 4, body: "Nice.")])
private let rules = ShopRules()

private func listings(_ count: Int) -> [Listing] {
  (0..<count).map { Listing(row: Int64($0), asin: "A\($0)", title: "T\($0)", priceTag: "$\($0)") }
}

@Test func pagesReadAsAgentGymServesThem() {
  let results = Page.Results(listings: listings(12), number: 2)
  let item = Page.Item(product: product, results: results)
  #expect(Page.search.text("i need x", rules) == "WebShop [SEP] Instruction: [SEP] i need x [SEP] Search")
  #expect(
    Page.results(results).text("i", rules)
      == "Instruction: [SEP] i [SEP] Back to Search [SEP] Page 2 (Total results: 12) [SEP] < Prev [SEP] A10 [SEP] T10 "
      + "[SEP] $10 [SEP] A11 [SEP] T11 [SEP] $11")
  #expect(
    Page.item(item).text("i", rules)
      == "Instruction: [SEP] i [SEP] Back to Search [SEP] < Prev [SEP] color [SEP] red [SEP] description [SEP] size "
      + "[SEP] small [SEP] red [SEP] Acme Sweater [SEP] Price: $24.99 [SEP] Rating: 4.5 [SEP] Description "
      + "[SEP] Features [SEP] Reviews [SEP] Buy Now")
  let head = "Instruction: [SEP] i [SEP] Back to Search [SEP] < Prev [SEP] "
  #expect(Page.detail(.description, of: item).text("i", rules) == head + "Knit.")
  #expect(Page.detail(.features, of: item).text("i", rules) == head + "Warm [SEP] Soft")
  #expect(Page.detail(.reviews, of: item).text("i", rules) == head + "\"Good\" [SEP] 4 [SEP] Nice.")
  #expect(
    Page.detail(.attributes, of: item).text("i", rules)
      == head + "machine wash [SEP] fashion [SEP] sweaters [SEP] Clothing › Sweaters")
  #expect(
    Page.bought(0.75).text("i", rules)
      == "Thank you for shopping with us! [SEP] Your score (min 0.0, max 1.0) [SEP] 0.75")
}

@Test func emptyPagesSaySo() {
  let empty = Page.Results(listings: [])
  #expect(
    Page.results(empty).text("i", rules)
      == "Instruction: [SEP] i [SEP] Back to Search [SEP] Page 1 (Total results: 0)")
  let bare = Page.Item(product: Product(asin: "B", title: "T", price: 1), results: empty)
  #expect(Page.detail(.description, of: bare).text("i", rules).hasSuffix("No Description"))
  #expect(Page.detail(.reviews, of: bare).text("i", rules).hasSuffix("No reviews found"))
}

@Test(arguments: [
  (0, 1, ["Back to Search"]), (10, 1, ["Back to Search"]), (11, 1, ["Back to Search", "Next >"]),
  (11, 2, ["Back to Search", "< Prev"]), (50, 3, ["Back to Search", "< Prev", "Next >"]),
  (50, 5, ["Back to Search", "< Prev"]),
])
func resultsHaveTenToAPage(count: Int, number: Int, buttons: [String]) {
  let page = Page.results(Page.Results(listings: listings(count), number: number))
  let shown = min(10, count - (number - 1) * 10)
  #expect(page.buttons(rules).map(\.label).dropLast(shown) == buttons[...])
}

@Test func buttonsGoBeforeOptionsAndLaterOptionsBeforeEarlier() {
  let item = Page.item(Page.Item(product: product, results: Page.Results(listings: [])))
  #expect(item.button(labelled: "DESCRIPTION", rules) == .detail(.description))
  #expect(item.button(labelled: "red", rules) == .option(name: "size", value: "red"))
  #expect(item.button(labelled: "buy now", rules) == .buy)
  #expect(item.button(labelled: "Attributes", rules) == nil)
  #expect(item.button(labelled: "attributes", ShopRules(showsAttributes: true)) == .detail(.attributes))
  #expect(Page.search.buttons(rules).isEmpty)
}

@Test func actionsAreListedOnRequest() {
  let item = Page.item(Page.Item(product: product, results: Page.Results(listings: [])))
  #expect(
    item.actions(rules)
      == "Available actions: search[keywords], click[Back to Search], click[< Prev], click[red], click[description], "
      + "click[small], click[red], click[Description], click[Features], click[Reviews], click[Buy Now]")
  #expect(Page.search.actions(rules) == "Available actions: search[keywords]")
  #expect(Page.bought(1).actions(rules) == "Available actions: none")
}

@Test(arguments: [
  ("search[red shoes]", ShopAction.search("red shoes")), (" Click [ Buy Now ]", .click("Buy Now")),
  ("click[a [b] c]", .click("a [b] c")), ("click[]", nil), ("click[ ]", nil), ("buy[x]", nil), ("search x", nil),
  ("", nil),
  ("]click[", nil), ("search[x", nil),
  ("\nclick[x]\nthen [y]", .click("x")),
])
func actionsAreRead(text: String, action: ShopAction?) {
  #expect(ShopAction(text) == action)
}
