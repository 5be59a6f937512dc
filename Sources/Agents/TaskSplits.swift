/// The numbered tasks of each split of a world. Splits are disjoint.
public struct TaskSplits: Sendable, Hashable {
  private let numbers: [Split: [Int]]

  /// - Parameter numbers: task numbers from 0; a split that is missing is empty.
  /// - Throws: ``WorldError`` of kind `misconfigured` if a number is negative or occurs twice.
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
            """
            Task \(number) is listed in environment.tasks.\(other.rawValue) and again in \(split.rawValue); every task \
            may be listed once only.
            """)
        }
      }
    }
    self.numbers = numbers
  }

  /// The numbers of a split, in the order given.
  public subscript(split: Split) -> [Int] { numbers[split] ?? [] }

  /// The largest number of any split; nil if all are empty. Worlds check it against their number of tasks.
  public var largest: Int? { numbers.values.joined().max() }
}
