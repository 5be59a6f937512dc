/// What an agent carries. No count is zero or below.
struct Inventory: Sendable, Equatable {
  private(set) var counts: [Item: Int] = [:]

  subscript(item: Item) -> Int { counts[item] ?? 0 }

  /// Adds, or returns false and adds nothing where the sum would not fit.
  mutating func add(_ count: Int, of item: Item) -> Bool {
    let (sum, overflow) = self[item].addingReportingOverflow(count)
    guard !overflow else { return false }
    counts[item] = sum
    return true
  }

  /// Takes as many as there are, up to `count`, and says how many.
  mutating func take(upTo count: Int, of item: Item) -> Int {
    let taken = min(self[item], count)
    let rest = self[item] - taken
    counts[item] = rest > 0 ? rest : nil
    return taken
  }

  /// Takes all portions, or returns false and takes nothing where one is not there in full.
  mutating func take(_ portions: [Command.Portion]) -> Bool {
    var rest = self
    for portion in portions {
      guard rest.take(upTo: portion.count, of: portion.item) == portion.count else { return false }
    }
    self = rest
    return true
  }

  /// As the agent sees it, by name.
  var text: String {
    guard !counts.isEmpty else { return "Inventory: You are not carrying anything." }
    return "Inventory: " + counts.sorted { $0.key < $1.key }.map { "[\($0.name)] (\($1))" }.joined(separator: " ")
  }
}
