import Agents
import Foundation
import Testing

@testable import Shop

/// Values of `fuzz.token_set_ratio(chosen, (name, value))` of thefuzz 0.22, which receives the pair in Python's
/// notation.
@Test(
  "a wanted option is compared with its name, as WebShop's rule compares it",
  arguments: [
    ("brown", "color", "r.brown2060", 45), ("red", "color", "red | white", 100), ("xx-large", "size", "x-large", 77),
    ("x-large", "size", "x-large", 100), ("8", "size", "8", 100), ("8 wide", "size", "\u{200E}8 wide", 80),
    ("men", "fit type", "men", 100), ("color", "color", "zebra", 100), ("5' 6\"", "size", "5' 6\"", 100),
    ("a b", "size", "a\u{A0}b", 50),
  ])
func namedOptions(chosen: String, name: String, value: String, ratio: Int) {
  #expect(tokenSetRatio(chosen, WantedOption(name: name, value: value).compared) == ratio)
}

@Test func aColourIsOneOnlyWhereItIsTheWholeValueOfANamedOption() {
  #expect(WantedOption(name: "color", value: "navy").compared == "navy")
  #expect(WantedOption(name: "color", value: "navy 2").compared == "('color', 'navy 2')")
  #expect(WantedOption(value: "navy 2").compared == "navy")
}

@Test func aSyntheticGoalPaysAsWebShopDoes() async throws {
  let option =
    #"{"Color": [{"value": "R.Brown2060"}, {"value": "navy"}], "Size": [{"value": "X-Large"}, {"value": "XX-Large"}]}"#
  try await withDirectory(files(options: option)) { directory in
    let shop = try Shop(
      catalogue: Catalogue.files(ShopFiles(directory: directory, goals: .synthetic)), splits: TaskSplits([:]))
    #expect(shop.catalogue.origin.contains("synthetic goals with named options"))
    // The reward has four parts: one attribute, two options and the price.
    func reward(_ wanted: [String], buying chosen: [String]) async throws -> Double? {
      for number in 0..<shop.catalogue.goalCount {
        let goal = try #require(try await shop.catalogue.goal(number))
        guard goal.options.map(\.value) == wanted else { continue }
        return PurchaseReward(of: goal.product, with: chosen, for: goal).total
      }
      return nil
    }
    #expect(try await reward(["navy", "x-large"], buying: ["navy", "x-large"]) == 1)
    // The bought colour is normalised to brown. The wanted one is not normalised and so does not match.
    #expect(try await reward(["r.brown2060", "x-large"], buying: ["r.brown2060", "x-large"]) == 0.75)
    // Compared as words only, the two sizes would match.
    #expect(tokenSetRatio("xx-large", "x-large") > 85)
    #expect(try await reward(["navy", "x-large"], buying: ["navy", "xx-large"]) == 0.75)
  }
}

@Test func anOptionWithoutValuesGivesNoGoals() async throws {
  for (options, goals) in [
    ("{}", 1), (#"{"Size": null}"#, 1), (#"{"Size": []}"#, 0), (#"{"Color": [{"value": "red"}], "Size": []}"#, 0),
  ] {
    try await withDirectory(files(options: options)) { directory in
      let catalogue = try Catalogue.files(ShopFiles(directory: directory, goals: .synthetic))
      // The piano's goal and the sweater's.
      #expect(catalogue.productCount == 3 && catalogue.goalCount == 1 + goals, "\(options)")
      for number in 0..<catalogue.goalCount { #expect(try await catalogue.goal(number) != nil) }
    }
  }
}

/// The files with other options for the sweater.
private func files(options: String) -> [String: String] {
  var contents = handWrittenFiles
  let old = #"""
    {"Size": [{"value": "Small"}, {"value": "X-Large", "price": null}],
         "Color": [{"value": " Red/White ", "image": "u"}, {"value": "navy"}], "Fit": null}
    """#
  let name = "items_shuffle_3.json"
  let text = contents[name]?.replacing(old, with: options)
  precondition(text != contents[name], "the sweater's options are written otherwise")
  contents[name] = text
  return contents
}
