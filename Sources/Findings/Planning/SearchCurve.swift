/// The best reward that a search of one task has found, as a function of the calls made.
///
/// Searches of different tasks are independent. The curve of a search therefore determines its result under any budget;
/// see ``allotted(_:total:)``.
struct SearchCurve: Sendable {
  /// The numbers of calls at which the best reward rose, and the new best in reward units, in order.
  private(set) var rises: [(calls: Int, best: Double)] = []
  /// The number of calls after which the search ended; nil if it would have continued.
  var end: Int?

  /// Notes a finished attempt.
  mutating func note(_ reward: Double, after calls: Int) {
    guard reward > rises.last?.best ?? -.infinity else { return }
    if rises.last?.calls == calls { rises.removeLast() }
    rises.append((calls, reward))
  }

  /// Notes the reward of an attempt that replaces the previous one, even if that was higher.
  mutating func replace(_ reward: Double, after calls: Int) { rises.append((calls, reward)) }

  /// The best reward within `calls` calls, in reward units; 0 before the first attempt has finished.
  func best(within calls: Int) -> Double {
    var (low, high) = (0, rises.count)
    while low < high {
      let middle = (low + high) / 2
      if rises[middle].calls <= calls { low = middle + 1 } else { high = middle }
    }
    return low == 0 ? 0 : rises[low - 1].best
  }

  /// The calls of each of several searches under one budget. Like a campaign, this assigns calls in phases, evenly
  /// among the searches that have not ended.
  ///
  /// - Parameter total: the budget for all searches together.
  static func allotted(_ curves: [SearchCurve], total: Int) -> [Int] {
    var spent = Array(repeating: 0, count: curves.count)
    var left = total
    while left > 0 {
      let open = curves.indices.filter { task in curves[task].end.map { spent[task] < $0 } ?? true }
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
