/// Reads task numbers: `3`, `0..<64`, `0...63`, and comma-separated lists of these.
package enum TaskNumbers {
  /// More tasks than any world has. The bound keeps a typing error from exhausting memory.
  private static let most = 10_000_000

  package static func parse(_ text: String) -> [Int]? {
    var numbers: [Int] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      guard let range = range(part.filter { !$0.isWhitespace }), range.count <= most else { return nil }
      numbers += range
    }
    return numbers
  }

  private static func range(_ text: String) -> Range<Int>? {
    for (mark, extra) in [("..<", 0), ("...", 1)] {
      guard let found = text.firstRange(of: mark) else { continue }
      guard let low = Int(text[..<found.lowerBound]), let high = Int(text[found.upperBound...]), high < most,
        low >= 0, high + extra >= low
      else { return nil }
      return low..<(high + extra)
    }
    return Int(text).flatMap { (0..<most).contains($0) ? $0..<($0 + 1) : nil }
  }
}
