/// Scans a line from left to right and backtracks over at most one word, so the time is linear in the length of any
/// line. Regular expressions with several repetitions in sequence are not linear.
struct TextScanner {
  private let text: ArraySlice<Character>
  private(set) var place: Int

  init(_ text: ArraySlice<Character>) {
    self.text = text
    place = text.startIndex
  }

  /// The remaining text.
  var rest: ArraySlice<Character> { text[place...] }

  var next: Character? { rest.first }

  /// Skips characters that satisfy `fits`, and returns their number.
  @discardableResult
  mutating func skip(while fits: (Character) -> Bool) -> Int {
    let start = place
    while place < text.endIndex, fits(text[place]) { place += 1 }
    return place - start
  }

  @discardableResult
  mutating func skipSpace() -> Int { skip(while: \.isWhitespace) }

  @discardableResult
  mutating func skip(any characters: String) -> Int { skip { characters.contains($0) } }

  /// Takes the next character if it is one of `characters`.
  mutating func take(any characters: String) -> Character? {
    guard let next, characters.contains(next) else { return nil }
    place += 1
    return next
  }

  /// Takes a word of ASCII letters in any case. Takes nothing if the text does not begin with it.
  mutating func take(_ word: String) -> Bool {
    var end = place
    for character in word {
      guard end < text.endIndex, text[end].lowercased() == String(character) else { return false }
      end += 1
    }
    place = end
    return true
  }

  /// Takes all leading digits; there may be none.
  mutating func digits() -> ArraySlice<Character> {
    let start = place
    skip(while: \.isDigit)
    return text[start..<place]
  }

  /// Runs `body`. If it returns nil, the scanner is reset.
  mutating func attempt<T>(_ body: (inout TextScanner) -> T?) -> T? {
    let start = place
    if let value = body(&self) { return value }
    place = start
    return nil
  }
}

extension Character {
  /// 0 to 9.
  var isDigit: Bool { isASCII && isNumber }
  var isWord: Bool { isASCII && (isLetter || isNumber) }
}
