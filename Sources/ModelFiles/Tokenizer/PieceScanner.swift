/// Scans one piece of a pre-tokeniser's pattern. Alternatives are tried in the pattern's order, like a regular
/// expression's.
struct PieceScanner {
  let text: ScalarText
  let start: Int
  /// The end of the scanned range, which lookahead does not exceed.
  let limit: Int

  private func at(_ index: Int) -> ScalarText.Class? { index < limit ? text.classes[index] : nil }

  private func run(from start: Int, atMost most: Int = .max, where matches: (ScalarText.Class) -> Bool) -> Int {
    var index = start
    let limit = most < limit - start ? start + most : limit
    while index < limit, matches(text.classes[index]) { index += 1 }
    return index
  }

  func digits(individual: Bool) -> Int {
    guard at(start) == .number else { return run(from: start) { $0 != .number } }
    return individual ? start + 1 : run(from: start) { $0 == .number }
  }

  func gpt2() -> Int {
    if let end = contraction(anyCase: false) { return end }
    // " ?\p{L}+", " ?\p{N}+" and " ?[^\s\p{L}\p{N}]+" differ only in their class of characters.
    let first = at(start) == .space ? start + 1 : start
    if let kind = at(first), !kind.isSpace { return run(from: first) { $0 == kind } }
    return spaces()
  }

  func tiktoken(digits: Int) -> Int {
    if let end = contraction(anyCase: true) { return end }
    let kind = at(start)
    if kind == .letter { return run(from: start) { $0 == .letter } }
    // [^\r\n\p{L}\p{N}]?\p{L}+
    if kind != .newline, kind != .number, at(start + 1) == .letter { return run(from: start + 1) { $0 == .letter } }
    if kind == .number { return run(from: start, atMost: digits) { $0 == .number } }
    // " ?[^\s\p{L}\p{N}]+[\r\n]*"
    let first = kind == .space ? start + 1 : start
    if at(first) == .other {
      let end = run(from: first) { $0 == .other }
      return run(from: end) { $0 == .newline }
    }
    // "\s*[\r\n]+": the greedy run backtracks to its last newline.
    let end = run(from: start) { $0.isSpace }
    if let newline = (start..<end).last(where: { text.classes[$0] == .newline }) { return newline + 1 }
    return spaces()
  }

  /// "\s+(?!\S)|\s+": all white space, except that the last of several characters belongs to the following word.
  private func spaces() -> Int {
    let end = run(from: start) { $0.isSpace }
    return end < limit && end > start + 1 ? end - 1 : max(end, start + 1)
  }

  /// 's, 't, 're, 've, 'm, 'll or 'd. If case is ignored, the letter ſ counts as an s.
  private func contraction(anyCase: Bool) -> Int? {
    guard text.scalars[start] == "'", let first = letter(start + 1, anyCase) else { return nil }
    switch (first, letter(start + 2, anyCase)) {
    case ("s", _), ("t", _), ("m", _), ("d", _): return start + 2
    case ("r", "e"), ("v", "e"), ("l", "l"): return start + 3
    default: return nil
    }
  }

  private func letter(_ index: Int, _ anyCase: Bool) -> Unicode.Scalar? {
    guard index < limit else { return nil }
    let scalar = text.scalars[index]
    guard anyCase else { return scalar }
    if scalar == "ſ" { return "s" }
    return ("A"..."Z").contains(scalar) ? Unicode.Scalar(scalar.value + 32) : scalar
  }
}
