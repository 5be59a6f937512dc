import Agents

/// A share of the tasks, for one machine of several. Shares are disjoint, make up all tasks, and differ in size by at most one.
public struct Shard: Sendable, Hashable, CustomStringConvertible {
  /// The number of this share, from 1.
  public let number: Int
  /// How many shares there are.
  public let count: Int

  /// Reads `3/16`; nil if that is no share.
  public init?(_ text: String) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false).map { Int($0) }
    guard parts.count == 2, let number = parts[0], let count = parts[1], count >= 1, (1...count).contains(number) else {
      return nil
    }
    (self.number, self.count) = (number, count)
  }

  public var description: String { "\(number)/\(count)" }

  /// The tasks of this share, in their order. Tasks are dealt in the order of a digest of their names, so that tasks of one
  /// kind, which often stand together, are spread.
  func share(of tasks: [AgentTask]) -> [AgentTask] {
    let order = tasks.indices.sorted { one, other in
      let digests = [one, other].map { place in
        var digest = Digest()
        digest.add(tasks[place].id.rawValue)
        return digest.text
      }
      return digests[0] == digests[1] ? one < other : digests[0] < digests[1]
    }
    let own = Set(order.enumerated().filter { $0.offset % count == number - 1 }.map(\.element))
    return tasks.indices.filter(own.contains).map { tasks[$0] }
  }
}
