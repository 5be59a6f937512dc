/// The nouns of a product's title, in order and with repetitions.
///
/// WebShop takes the words that spaCy's `en_core_web_lg` tags as nouns or proper nouns. Titles are lists of names in
/// title case, and that tagger tags nearly every content word in them as a noun. This approximation needs no model.
/// Every word with a letter counts as a noun, except function words and the adjectives, participles and adverbs that
/// are frequent in titles.
func nouns(of title: String) -> [String] {
  // Tokenised like the tagger: hyphens and slashes separate words, and so does a possessive "'s".
  title.lowercased().replacing("’", with: "'").replacing("'s", with: " ")
    .split { !$0.isLetter && !$0.isNumber }
    .filter { word in word.count > 1 && word.contains(where: \.isLetter) && !isMeasure(word) }
    .map(String.init)
    .filter { !otherWords.contains($0) }
}

/// A tagger treats "12oz" and "5x7" as numbers.
private func isMeasure(_ word: Substring) -> Bool { word.first?.isNumber == true }

private let otherWords = Set(
  """
  a an the this that these those each every all any both some no not only own same so too very just more most \
  other such and or but nor if than as at by for from in into of off on onto out over per to under up upon via vs \
  with within without is are was were be been being am do does did has have had can will would should may might \
  must i me my we us our you your he him his she her hers it its they them their who whom which what adjustable \
  anti big breathable classic clear comfortable compact cordless cruelty cute deep disposable double dry durable \
  eco elastic electric elegant extra fashionable fast fine flexible foldable free fresh full genuine great heavy \
  high ideal large lightweight little long lasting low many modern multi natural new non nonslip organic original \
  perfect plus portable premium professional pure quick rechargeable removable resistant reusable rich sensitive \
  short single slim small smart smooth soft solid strong stylish super sweet thick thin tough true ultra unscented \
  vegan vintage warm washable waterproof wide wireless easy easily made including included inspired scented \
  sleeved
  """.split(whereSeparator: \.isWhitespace).map(String.init))
