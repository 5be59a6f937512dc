import Foundation

/// A figure that does not depend on how fast the machine is (memory, a ratio to a peer in the same run), and its bound in the
/// README.
struct Figure {
  let name: String
  let value: Double
  let unit: String
  /// The largest value that keeps what the README says.
  let most: Double

  var holds: Bool { value <= most }

  var line: String {
    let text = "\(Bench.text(value)) \(unit)"
    return "\(holds ? "holds " : "BROKEN") \(name): \(text), at most \(Bench.text(most))"
  }
}
