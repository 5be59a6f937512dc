/// The words of a search, for use in full-text expressions.
///
/// Only letters and digits are kept, so that no text can be a syntax error or an operator.
struct SearchQuery: Sendable, Equatable {
  let words: [String]

  /// Limits that bound the cost of a search.
  private static let longestText = 1000
  private static let longestWord = 40
  private static let mostWords = 48

  /// - Returns: nil if the text has no word.
  init?(_ text: String) {
    let text = String(text.unicodeScalars.prefix(Self.longestText)).lowercased()
      .replacing("’", with: "'").replacing("'s", with: " ")
    var seen: Set<Substring> = []
    var words: [Substring] = []
    for word in text.split(whereSeparator: { !$0.isLetter && !$0.isNumber }) {
      let word = word.prefix(Self.longestWord)
      if seen.insert(word).inserted { words.append(word) }
    }
    // Stop words cost the most and discriminate the least. Lucene's analyser leaves them out too.
    let telling = words.filter { !Self.stopWords.contains(String($0)) }
    words = Array((telling.isEmpty ? words : telling).prefix(Self.mostWords))
    guard !words.isEmpty else { return nil }
    self.words = words.map(String.init)
  }

  /// Matches products with any of the words.
  var expression: String { Self.anyOf(words) }

  /// The same expression, unless it matches more than `budget` products. Then it matches only products with one of the
  /// rarest words. They are ranked by all words, and the rarest count twice.
  ///
  /// Ranking takes time for every match, and in a large shop a long search matches nearly every product.
  ///
  /// - Parameters:
  ///   - frequent: the number of products above which a word adds nothing to a rank: half of all in SQLite's BM25.
  ///   - occurrences: the number of products with a word, exact up to `frequent`.
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
