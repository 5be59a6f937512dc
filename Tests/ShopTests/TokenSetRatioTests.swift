import Testing

@testable import Shop

/// Values of rapidfuzz 3.14.6, `fuzz.token_set_ratio(a, b, processor=utils.default_process)`, rounded in the same way
/// as thefuzz.
@Test(arguments: [
  ("machine wash", "machine washable", 86),
  ("long lasting", "Long-Lasting!", 100),
  ("red", "dark red", 100),
  ("fuzzy was a bear", "fuzzy fuzzy was a bear", 100),
  ("6 ounce (pack of 1)", "6 ounce (pack of 2)", 94),
  ("new york mets", "new york yankees", 76),
  ("x-large", "large", 100),
  ("xx-large", "x-large", 93),
  ("", "a", 0),
  ("", "", 0),
  ("---", "---", 0),
  ("gluten free", "sugar free", 57),
  ("easy use", "easy to use", 100),
  ("stainless steel", "steel stainless", 100),
  ("10.5 wide", "10.5", 100),
  ("cotton polyester", "polyester spandex", 72),
  ("kitten mitten", "sitting kitten", 81),
  ("color", "colour", 91),
  ("abcd", "bcda", 75),
  ("twin xl | queen", "queen", 100),
  ("a b c", "c d e f", 50),
])
func ratiosAreThoseOfTheOriginal(a: String, b: String, ratio: Int) {
  #expect(tokenSetRatio(a, b) == ratio)
  #expect(tokenSetRatio(b, a) == ratio)
}

@Test func lettersOutsideASCIIAreLeftOutAsThefuzzDoes() {
  // thefuzz drops U+0080 to U+00FF before comparing, so both become "caf au lait".
  #expect(tokenSetRatio("café au lait", "cafè au lait") == 100)
  #expect(tokenSetRatio("漢字", "漢字") == 100)
}

@Test func coloursStandForOptions() {
  #expect(colourNormalised("heather grey") == "grey")
  #expect(colourNormalised("navy blue") == "blue")
  #expect(colourNormalised("x-large") == "x-large")
  #expect(colourNormalised("") == "")
  // The result is the first colour in WebShop's order, wherever it occurs in the option.
  #expect(colourNormalised("tailored") == "red")
}

@Test func nounsAreTheContentWordsOfATitle() {
  #expect(
    nouns(of: "Acme Women's Waterproof Rain-Jacket with 2 Pockets, Size 12oz (for the Rain)")
      == ["acme", "women", "rain", "jacket", "pockets", "size", "rain"])
  #expect(nouns(of: "the 5x7 & — ").isEmpty)
}
