/// The similarity of two texts as sets of words, 0 to 100. Equals `thefuzz.fuzz.token_set_ratio`, which rounds
/// rapidfuzz's ratio.
///
/// With sorted words, t₀ is the text of the common words, t₁ is t₀ and the first text's other words, and t₂ is t₀ and
/// the second text's other words. The ratio is the largest similarity of two of these three texts. The similarity of
/// texts of n and m characters is 1 − d/(n + m), where d is the number of characters to insert or delete. A text
/// without words has the ratio 0 to any other.
func tokenSetRatio(_ first: String, _ second: String) -> Int {
  let (first, second) = (words(of: first), words(of: second))
  guard !first.isEmpty, !second.isEmpty else { return 0 }
  let common = first.intersection(second)
  let (left, right) = (first.subtracting(common), second.subtracting(common))
  if !common.isEmpty, left.isEmpty || right.isEmpty { return 100 }

  let (leftText, rightText) = (joined(left), joined(right))
  let shared = joined(common).count
  // A space separates the common words from the others.
  let space = shared == 0 ? 0 : 1
  let leftLength = shared + space + leftText.count
  let rightLength = shared + space + rightText.count
  var best = similarity(distance: insertionsAndDeletions(leftText, rightText), leftLength + rightLength)
  if shared > 0 {
    best = max(
      best, similarity(distance: space + leftText.count, shared + leftLength),
      similarity(distance: space + rightText.count, shared + rightLength))
  }
  return Int(best.rounded(.toNearestOrEven))
}

private func similarity(distance: Int, _ lengths: Int) -> Double {
  100 - 100 * Double(distance) / Double(lengths)
}

/// Lower-case words of letters, digits and underscores. U+0080 to U+00FF are dropped, as in thefuzz.
private func words(of text: String) -> Set<String> {
  var plain = String.UnicodeScalarView()
  for scalar in text.lowercased().unicodeScalars where !(0x80...0xff).contains(scalar.value) {
    let properties = scalar.properties
    let isWord = properties.isAlphabetic || properties.numericType != nil || scalar == "_"
    plain.append(isWord ? scalar : " ")
  }
  return Set(String(plain).split(separator: " ").map(String.init))
}

private func joined(_ words: Set<String>) -> [Unicode.Scalar] {
  Array(
    words.sorted { $0.unicodeScalars.lexicographicallyPrecedes($1.unicodeScalars) }.joined(separator: " ")
      .unicodeScalars)
}

/// n + m minus twice the length of the longest common subsequence, computed with one row of the table.
private func insertionsAndDeletions(_ first: [Unicode.Scalar], _ second: [Unicode.Scalar]) -> Int {
  var lengths = [Int](repeating: 0, count: second.count + 1)
  for scalar in first {
    var diagonal = 0
    for place in second.indices {
      let above = lengths[place + 1]
      lengths[place + 1] = scalar == second[place] ? diagonal + 1 : max(above, lengths[place])
      diagonal = above
    }
  }
  return first.count + second.count - 2 * (lengths.last ?? 0)
}
