/// The items that an agent carries. All counts are positive.
struct Inventory: Sendable, Equatable {
  private(set) var counts: [Item: Int] = [:]

  subscript(item: Item) -> Int { counts[item] ?? 0 }

  /// Adds items. Returns false and adds nothing if the sum would overflow.
  mutating func add(_ count: Int, of item: Item) -> Bool {
    let (sum, overflow) = self[item].addingReportingOverflow(count)
    guard !overflow else { return false }
    counts[item] = sum
    return true
  }

  /// Takes up to `count` items and returns how many were taken.
  mutating func take(upTo count: Int, of item: Item) -> Int {
    let taken = min(self[item], count)
    let rest = self[item] - taken
    counts[item] = rest > 0 ? rest : nil
    return taken
  }

  /// Takes all portions. Returns false and takes nothing if one is not available in full.
  mutating func take(_ portions: [Command.Portion]) -> Bool {
    var rest = self
    for portion in portions {
      guard rest.take(upTo: portion.count, of: portion.item) == portion.count else { return false }
    }
    self = rest
    return true
  }

  /// The text that the agent sees, sorted by name.
  var text: String {
    guard !counts.isEmpty else { return "Inventory: You are not carrying anything." }
    return "Inventory: " + counts.sorted { $0.key < $1.key }.map { "[\($0.name)] (\($1))" }.joined(separator: " ")
  }
}
