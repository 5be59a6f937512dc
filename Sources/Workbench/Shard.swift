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
    let digests = tasks.map { task in
      var digest = Digest()
      digest.add(task.id.rawValue)
      return digest.text
    }
    let order = tasks.indices.sorted { (digests[$0], $0) < (digests[$1], $1) }
    let own = stride(from: number - 1, to: order.count, by: count).map { order[$0] }
    return own.sorted().map { tasks[$0] }
  }
}
