import Agents
import ParticleFilter
import RolloutStore

extension SearchTree {
  /// The states at which the stored attempts of a frontier search end.
  ///
  /// - Parameter records: all of them, culled ones included, in the order of the store.
  /// - Returns: nil if the records are those of another search.
  func ends(of records: [TrajectoryRecord]) -> [(node: Int, record: TrajectoryRecord)]? {
    // Every node lies on the path to a finished state or to a leaf, and those are stored in the order of their numbers:
    // finished ones as often as they were reached.
    var arrivals = Array(repeating: 0, count: nodes.count)
    var hasChild = Array(repeating: false, count: nodes.count)
    for choice in choices {
      guard let child = choice.child else { continue }
      arrivals[child] += 1
      hasChild[choice.state] = true
    }
    var ends = nodes.indices.filter { nodes[$0].isFinished }.flatMap { Array(repeating: $0, count: arrivals[$0]) }
    var leaves = nodes.indices.filter { !hasChild[$0] && !nodes[$0].isFinished && nodes[$0].step > 0 }
    let final = records.filter { $0.standing == .final }
    let culled = records.filter { $0.standing != .final }.sorted { $0.particle < $1.particle }
    // A search without a finished attempt reports the unfinished one with the highest reward.
    if ends.isEmpty, nodes.count > 1,
      let best = nodes.indices.max(by: { (nodes[$0].reward, $1) < (nodes[$1].reward, $0) })
    {
      ends = [best]
      leaves.removeAll { $0 == best }
    }
    guard ends.count == final.count, leaves.count == culled.count else { return nil }
    return zip(ends + leaves, final + culled).filter { $1.trajectory.count == nodes[$0].step }.map { ($0, $1) }
  }
}
