/// Which of a world's numbered tasks belong to which split. No number belongs to two.
public struct TaskSplits: Sendable, Hashable {
  private let numbers: [Split: [Int]]

  /// - Throws: `misconfigured` where a number is negative or stands in two splits, or twice in one.
  public init(_ numbers: [Split: [Int]]) throws(WorldError) {
    var owner: [Int: Split] = [:]
    for split in Split.allCases {
      for number in numbers[split] ?? [] {
        guard number >= 0 else {
          throw WorldError(
            .misconfigured, "environment.tasks.\(split.rawValue) has \(number); tasks are numbered from 0.")
        }
        if let other = owner.updateValue(split, forKey: number) {
          throw WorldError(
            .misconfigured,
            "Task \(number) stands in environment.tasks.\(other.rawValue) and again in \(split.rawValue); splits are disjoint."
          )
        }
      }
    }
    self.numbers = numbers
  }

  /// The numbers of a split, in the order given.
  public subscript(split: Split) -> [Int] { numbers[split] ?? [] }

  public var largest: Int? { numbers.values.joined().max() }
}
