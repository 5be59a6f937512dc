/// The best reward that a search of one task has found against the calls it made.
///
/// A search of one task knows nothing of the others, so that its curve decides what it would have reached under any
/// budget; see ``allotted(_:total:)``.
struct SearchCurve: Sendable {
  /// After how many calls the best reward rose, and to what, in reward units; in order.
  private(set) var rises: [(calls: Int, best: Double)] = []
  /// After how many calls the search was over; nil if it would have gone on.
  var end: Int?

  /// Notes a finished attempt.
  mutating func note(_ reward: Double, after calls: Int) {
    guard reward > rises.last?.best ?? -.infinity else { return }
    if rises.last?.calls == calls { rises.removeLast() }
    rises.append((calls, reward))
  }

  /// Notes the reward of an attempt that takes the place of the one before, whatever that had.
  mutating func replace(_ reward: Double, after calls: Int) { rises.append((calls, reward)) }

  /// The best reward within so many calls, in reward units; 0 before the first attempt has finished.
  func best(within calls: Int) -> Double {
    var (low, high) = (0, rises.count)
    while low < high {
      let middle = (low + high) / 2
      if rises[middle].calls <= calls { low = middle + 1 } else { high = middle }
    }
    return low == 0 ? 0 : rises[low - 1].best
  }

  /// The calls that each of several searches makes under one budget: given out in phases, evenly among those that are
  /// not over, as a campaign does.
  ///
  /// - Parameter total: the budget for all together.
  static func allotted(_ curves: [SearchCurve], total: Int) -> [Int] {
    var spent = Array(repeating: 0, count: curves.count)
    var left = total
    while left > 0 {
      let open = curves.indices.filter { curves[$0].end.map { spent[$0] < $0 } ?? true }
      guard !open.isEmpty else { break }
      let before = left
      for (place, task) in open.enumerated() {
        let share = before / open.count + (place < before % open.count ? 1 : 0)
        let made = min(share, (curves[task].end ?? .max) - spent[task])
        spent[task] += made
        left -= made
      }
    }
    return spent
  }
}
