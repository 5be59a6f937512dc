/// Splits a stream of bytes into lines.
package struct Lines {
  private let longest: Int
  private var rest: [UInt8] = []

  /// - Parameter longest: the longest line, in bytes.
  package init(longest: Int) { self.longest = longest }

  /// The lines completed by these bytes, without terminators; nil if a line is too long.
  package mutating func take(_ bytes: [UInt8]) -> [[UInt8]]? {
    var lines: [[UInt8]] = []
    var start = 0
    // Only the new bytes are searched, since a line may arrive in many pieces.
    while let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) {
      lines.append(rest + bytes[start..<end])
      rest = []
      start = end + 1
    }
    rest += bytes[start...]
    return rest.count > longest ? nil : lines
  }
}
