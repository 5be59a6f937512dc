import Agents

/// One attempt at a problem. A value type: a fork is a copy.
struct ArithmeticEpisode: Episode {
  let problem: Problem
  private var line = 0
  private var isOver = false

  init(problem: Problem) { self.problem = problem }

  /// A result is accepted right or wrong, and the next line begins with it. A line without a result ends the attempt,
  /// since the next line cannot be written.
  mutating func step(_ action: Action) throws(WorldError) -> Outcome {
    guard !isOver else {
      throw WorldError(.diverged, "The problem is worked out; it takes no more lines.")
    }
    line += 1
    guard let result = Self.result(of: action) else {
      isOver = true
      return Outcome(
        Observation("That is no result; a line ends with a whole number."), isDone: true, isInvalid: true)
    }
    isOver = line == problem.operands.count
    return Outcome(
      Observation(isOver ? "The answer is noted." : problem.stem(line, after: result)),
      reward: isOver && result == problem.answer ? 1 : 0, isDone: isOver)
  }

  func fork() -> (any Episode)? { self }

  /// The integer at the end of a line: the whole line, or the part after the last `=`. White space and full stops
  /// around it are ignored. Numbers of more than six digits are rejected.
  static func result(of action: Action) -> Int? {
    guard case .act(let text) = action else { return nil }
    let line = text.prefix { !$0.isNewline }
    var number = line[(line.lastIndex(of: "=").map(line.index(after:)) ?? line.startIndex)...]
    number = number.drop(while: \.isWhitespace)
    while let last = number.last, last.isWhitespace || last == "." { number.removeLast() }
    guard !number.hasPrefix("+"), let result = Int(number), (-999_999...999_999).contains(result) else { return nil }
    return result
  }
}
