import Agents
import Foundation

/// The tasks of a world to work on.
public struct TaskChoice: Sendable {
  /// nil for the command's usual split.
  public var split: Split?
  /// Places in the split (`0..<40`, `0,3,5`) or task ids with commas; nil for all of the split.
  public var tasks: String?
  /// A share of the chosen tasks; nil for all of them.
  public var shard: Shard?
  /// The flag that gave `tasks`, for messages.
  package var flag = "tasks"

  /// - Parameters:
  ///   - split: nil for the command's usual split.
  ///   - tasks: places in the split, or ids; nil for all.
  public init(split: Split? = nil, tasks: String? = nil) {
    self.split = split
    self.tasks = tasks
  }

  package init(split: Split?, tasks: String?, flag: String) {
    self.init(split: split, tasks: tasks)
    self.flag = flag
  }

  /// The chosen tasks, at least one.
  ///
  /// - Returns: the tasks with their split; the split is nil for ids of several splits or of none.
  package func select(from world: any World, default standard: Split) throws -> (tasks: [AgentTask], split: Split?) {
    let (tasks, split) = try all(of: world, default: standard)
    guard let shard else { return (tasks, split) }
    guard shard.count <= tasks.count else {
      throw ConfigurationError("--shard \(shard) divides \(tasks.count) tasks: use at most \(tasks.count) shards.")
    }
    return (shard.share(of: tasks), split)
  }

  private func all(of world: any World, default standard: Split) throws -> (tasks: [AgentTask], split: Split?) {
    let split = split ?? standard
    let all = try world.tasks(in: split)
    guard let text = tasks else {
      guard !all.isEmpty else {
        throw ConfigurationError(
          """
          The split \(split.rawValue) is empty: set environment.tasks.\(split.rawValue) in the configuration, or \
          choose another split.
          """)
      }
      return (all, split)
    }
    if let places = TaskNumbers.parse(text) {
      guard let last = places.max() else { throw ConfigurationError("\(flag) \(text) names no task.") }
      guard last < all.count else {
        throw ConfigurationError("\(flag) \(text) goes past the split \(split.rawValue), which has \(all.count) tasks.")
      }
      return (Self.unique(places).map { all[$0] }, split)
    }
    let ids = Self.unique(text.split(separator: ",").map { TaskID($0.trimmingCharacters(in: .whitespaces)) })
    let owners = try Split.allCases.map { split in (split, Set(try world.tasks(in: split).map(\.id))) }
    let splits = Set(ids.map { id in owners.first { $0.1.contains(id) }?.0 })
    return (try ids.map(world.task), splits.count == 1 ? splits.first ?? nil : nil)
  }

  /// The items without repetitions. The same task twice would be two runs with the same keys.
  private static func unique<T: Hashable>(_ items: [T]) -> [T] {
    var seen: Set<T> = []
    return items.filter { seen.insert($0).inserted }
  }
}
