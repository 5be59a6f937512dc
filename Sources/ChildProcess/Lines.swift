/// Bytes put together to lines.
package struct Lines {
  private let longest: Int
  private var rest: [UInt8] = []

  /// - Parameter longest: in bytes.
  package init(longest: Int) { self.longest = longest }

  /// The lines that are whole with these bytes, without their ends; nil where one is too long.
  package mutating func take(_ bytes: [UInt8]) -> [[UInt8]]? {
    var lines: [[UInt8]] = []
    var start = 0
    // Only what is new is searched: a line may come in many pieces.
    while let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) {
      lines.append(rest + bytes[start..<end])
      rest = []
      start = end + 1
    }
    rest += bytes[start...]
    return rest.count > longest ? nil : lines
  }
}
