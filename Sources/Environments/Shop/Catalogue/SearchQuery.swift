/// The words of a search, as full-text expressions quote them.
///
/// Nothing of the text but letters and digits gets through, so that no text can be an error or an operator.
struct SearchQuery: Sendable, Equatable {
  let words: [String]

  /// Bounds the cost of a search.
  private static let longestText = 1000
  private static let longestWord = 40
  private static let mostWords = 48

  /// - Returns: nil where the text has no word.
  init?(_ text: String) {
    let text = String(text.unicodeScalars.prefix(Self.longestText)).lowercased()
      .replacing("’", with: "'").replacing("'s", with: " ")
    var seen: Set<Substring> = []
    var words: [Substring] = []
    for word in text.split(whereSeparator: { !$0.isLetter && !$0.isNumber }) {
      let word = word.prefix(Self.longestWord)
      if seen.insert(word).inserted { words.append(word) }
    }
    // Words that nearly every product has cost the most and tell the least. Lucene's analyser leaves them out too.
    let telling = words.filter { !Self.stopWords.contains(String($0)) }
    words = Array((telling.isEmpty ? words : telling).prefix(Self.mostWords))
    guard !words.isEmpty else { return nil }
    self.words = words.map(String.init)
  }

  /// Finds what has any of the words.
  var expression: String { Self.anyOf(words) }

  /// Finds the same, unless that is more than `budget` products: then only what has one of the rarest words, ranked by
  /// all words, of which the rarest count twice.
  ///
  /// Ranking takes time for every product found, and in a large shop nearly every one has some word of a long search.
  ///
  /// - Parameters:
  ///   - frequent: a word of more products than this adds nothing to a rank: half of all, by BM25 as SQLite has it.
  ///   - occurrences: how many products have a word; exact up to `frequent`.
  func expression(
    within budget: Int, frequent: Int, occurrences: (String) throws -> Int
  ) rethrows -> String {
    let present = try words.map { (word: $0, count: try occurrences($0)) }.filter { $0.count > 0 }
      .sorted { $0.count < $1.count }
    let telling = present.filter { $0.count <= frequent }
    let counted = telling.isEmpty ? present : telling
    var room = budget
    let rarest = counted.prefix { entry in
      room -= entry.count
      return room >= 0
    }
    if rarest.count == present.count { return expression }
    return "(\(Self.anyOf(counted.prefix(max(1, rarest.count)).map(\.word)))) AND (\(Self.anyOf(counted.map(\.word))))"
  }

  private static func anyOf(_ words: [String]) -> String { words.map { "\"\($0)\"" }.joined(separator: " OR ") }

  private static let stopWords = Set(
    """
    a an and are as at be but by for if in into is it no not of on or such that the their then there these they this \
    to was will with i need want looking find me my
    """.split(whereSeparator: \.isWhitespace).map(String.init))
}
