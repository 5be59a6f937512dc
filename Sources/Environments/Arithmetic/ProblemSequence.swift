import Agents

/// The problems of a seed by number. Different numbers are different problems in all splits.
struct ProblemSequence: Sendable {
  let seed: UInt64
  /// Worked examples for every prompt. They are the same for all seeds and are never tasks.
  let worked: [Problem]
  private let space: ProblemSpace
  /// Worked problems are not tasks. A number that would name one names a problem that no number reaches otherwise.
  private let substitutes: [Problem: Problem]

  static let workedProblems = 3

  /// - Precondition: the form has no ``ProblemForm/problem``.
  init(form: ProblemForm, seed: UInt64) {
    self.seed = seed
    let space = ProblemSpace(form)
    let worked = (0..<min(Self.workedProblems, space.count)).map { place in
      space[Seed(0).split("worked").permuted(place, below: space.count)]
    }
    let unnumbered = (space.count - worked.count..<space.count).map {
      space[Seed(seed).permuted($0, below: space.count)]
    }
    substitutes = Dictionary(
      zip(worked.filter { !unnumbered.contains($0) }, unnumbered.filter { !worked.contains($0) }),
      uniquingKeysWith: { first, _ in first })
    self.space = space
    self.worked = worked
  }

  /// The number of problems, without the worked ones.
  var count: Int { space.count - worked.count }

  /// - Precondition: `number` is in 0 ..< count.
  func problem(_ number: Int) -> Problem {
    let drawn = space[Seed(seed).permuted(number, below: space.count)]
    return substitutes[drawn] ?? drawn
  }
}
