import Foundation

/// A figure that does not depend on the machine's speed (memory, or a ratio to a peer in the same run), and its bound
/// in the README.
struct Figure {
  let name: String
  let value: Double
  let unit: String
  /// The largest value that agrees with the README.
  let most: Double

  var holds: Bool { value <= most }

  var line: String {
    let text = "\(Bench.text(value)) \(unit)"
    return "\(holds ? "holds " : "BROKEN") \(name): \(text), at most \(Bench.text(most))"
  }
}
