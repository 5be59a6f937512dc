import Agents

extension Diagnosis {
  /// How much of the reward varies between rollouts of one task. Only that can be selected.
  ///
  /// A reward that is 0 at most steps is not sparse if rollouts differ. It is sparse if all rollouts of a task end
  /// alike, at whatever reward.
  public struct Variation: Sendable, Hashable, Codable {
    /// Tasks with at least two rollouts, which these figures are over.
    public let tasks: Int
    /// The unbiased variance of the reward within a task, pooled over tasks; nil without a task of two rollouts.
    public let withinTasks: MeanEstimate?
    /// Its square root, in reward units.
    public let deviation: Double?
    /// Within-task variance as a share of its sum with the variance of the tasks' true means (one-way analysis of
    /// variance with random effects); nil if all rewards are equal or there is only one task.
    public let shareWithinTasks: Double?
    /// The share of tasks whose rollouts all end with the same reward, whatever it is.
    public let endsAlike: MeanEstimate

    init(_ groups: [Group]) {
      let several = groups.filter { $0.attempts.count > 1 }
      tasks = several.count
      let within = MeanEstimate(ratio: several.map { ($0.squares, Double($0.attempts.count - 1)) })
      withinTasks = within
      deviation = within.map { $0.mean.squareRoot() }
      endsAlike = MeanEstimate(several.map { $0.endsAlike ? 1 : 0 })

      let count = Double(groups.reduce(0) { $0 + $1.attempts.count })
      let overall = groups.reduce(0) { $0 + $1.mean * Double($1.attempts.count) } / count
      let between = groups.reduce(0) {
        $0 + Double($1.attempts.count) * ($1.mean - overall) * ($1.mean - overall)
      }
      let squaredSizes = groups.reduce(0) { $0 + Double($1.attempts.count * $1.attempts.count) }
      guard let within, groups.count > 1 else {
        shareWithinTasks = nil
        return
      }
      let degrees = Double(groups.count - 1)
      let size = (count - squaredSizes / count) / degrees
      let ofTasks = max(0, (between / degrees - within.mean) / size)
      let total = within.mean + ofTasks
      shareWithinTasks = total > Diagnosis.tolerance * Diagnosis.tolerance ? within.mean / total : nil
    }
  }

  /// The tasks with at least two rollouts by their outcomes: counts and shares.
  public struct Outcomes: Sendable, Hashable, Codable {
    /// The tasks with one kind of outcome.
    public struct Part: Sendable, Hashable, Codable {
      /// Their number.
      public let tasks: Int
      /// Their share of the tasks with at least two rollouts, with its standard error.
      public let share: MeanEstimate
    }

    /// Tasks with at least two rollouts.
    public let tasks: Int
    /// Every rollout is solved.
    public let alwaysSolved: Part
    /// No rollout is solved.
    public let neverSolved: Part
    /// Some rollouts are solved.
    public let mixed: Part
    /// All rollouts have the same reward.
    public let endsAlike: Part

    init(_ groups: [Group]) {
      let several = groups.filter { $0.attempts.count > 1 }
      func part(_ belongs: (Group) -> Bool) -> Part {
        let members = several.map(belongs)
        return Part(tasks: members.count { $0 }, share: MeanEstimate(members.map { $0 ? 1 : 0 }))
      }
      tasks = several.count
      alwaysSolved = part { $0.solved == $0.attempts.count }
      neverSolved = part { $0.solved == 0 }
      mixed = part { $0.solved > 0 && $0.solved < $0.attempts.count }
      endsAlike = part(\.endsAlike)
    }
  }

  /// How soon the action sequences of a task's rollouts differ.
  public struct Paths: Sendable, Hashable, Codable {
    /// Tasks with at least two rollouts, which these figures are over.
    public let tasks: Int
    /// The number of different action sequences, as a share of a task's rollouts.
    public let distinct: MeanEstimate
    /// Pairs of rollouts of one task.
    public let pairs: Int
    /// The share of a task's pairs with the same actions to the end.
    public let neverPart: MeanEstimate
    /// The first step, from 1, at which the actions of a pair differ or only one of them continues: the mean over tasks
    /// of the mean over their pairs that differ; nil if none does.
    public let parting: MeanEstimate?
    /// The steps by which a quarter, a half and three quarters of the pairs that differ have done so.
    public let quartiles: [Int]?

    init(_ groups: [Group]) {
      let several = groups.filter { $0.attempts.count > 1 }
      tasks = several.count
      distinct = MeanEstimate(
        several.map { Double(Set($0.attempts.map(\.actions)).count) / Double($0.attempts.count) })
      let partings = several.map { Self.partings($0.attempts.map(\.actions)) }
      pairs = partings.reduce(0) { $0 + $1.count }
      neverPart = MeanEstimate(partings.map { steps in Double(steps.count { $0 == nil }) / Double(steps.count) })
      let parted = partings.map { $0.compactMap(\.self) }.filter { !$0.isEmpty }
      parting = parted.isEmpty ? nil : MeanEstimate(parted.map { $0.mean(Double.init) })
      let sorted = parted.flatMap(\.self).sorted()
      quartiles = sorted.isEmpty ? nil : [1, 2, 3].map { sorted[($0 * sorted.count + 3) / 4 - 1] }
    }

    /// For each pair of sequences, the first position, from 1, at which they differ; nil if they are equal.
    static func partings(_ sequences: [[String]]) -> [Int?] {
      // Integers are compared faster than strings.
      var names: [String: Int] = [:]
      let paths = sequences.map { sequence in
        sequence.map { action in
          let name = names[action, default: names.count]
          names[action] = name
          return name
        }
      }
      return paths.indices.flatMap { first in
        paths[(first + 1)...].map { second in
          let shared = zip(paths[first], second).prefix { $0 == $1 }.count
          return shared == paths[first].count && shared == second.count ? nil : shared + 1
        }
      }
    }
  }
}
