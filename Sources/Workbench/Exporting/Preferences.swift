import Agents

/// Preference pairs among attempts at one task.
///
/// Attempts that begin alike form a tree. At each of its forks the branches are ordered by the mean reward of their
/// attempts, and the best is paired with the worst, the second best with the second worst, and so on. Of the better
/// branch the attempt with the highest reward is chosen, of the worse the one with the lowest.
struct Preferences {
  /// A better and a worse attempt that part at a step.
  struct Pair {
    let better: ExportedTrajectory
    let worse: ExportedTrajectory
    /// The step whose answers differ, from 0.
    let step: Int

    /// nil if the conversation up to the step is unknown, or differs in more than the answers.
    func example(nextMessageOnly: Bool) -> OrderedJSON? {
      guard let (prompt, chosen) = better.parted(at: step, nextMessageOnly),
        let (same, rejected) = worse.parted(at: step, nextMessageOnly), prompt == same, !prompt.isEmpty
      else { return nil }
      return [
        "prompt": .list(prompt.map(\.trained)), "chosen": .list(chosen.map(\.trained)),
        "rejected": .list(rejected.map(\.trained)),
      ]
    }
  }

  private(set) var pairs: [Pair] = []

  init(_ attempts: [ExportedTrajectory]) {
    // Attempts may begin with different observations.
    var openings: [String: [ExportedTrajectory]] = [:]
    for attempt in attempts { openings[attempt.trajectory.opening.text, default: []].append(attempt) }
    for (_, group) in openings.sorted(by: { $0.key < $1.key }) { part(group, at: 0) }
  }

  /// Finds the forks among attempts that are alike up to a step.
  private mutating func part(_ attempts: [ExportedTrajectory], at first: Int) {
    var step = first
    var attempts = attempts
    while attempts.count > 1 {
      let going = attempts.filter { $0.trajectory.count > step }
      guard going.count > 1 else { return }
      var branches: [String: [ExportedTrajectory]] = [:]
      for attempt in going { branches[attempt.trajectory.steps[step].response, default: []].append(attempt) }
      guard branches.count == 1 else {
        pair(branches.sorted { $0.key < $1.key }.map(\.value), at: step)
        for (_, branch) in branches.sorted(by: { $0.key < $1.key }) { partByOutcome(branch, after: step) }
        return
      }
      let outcomes = Set(going.map { $0.trajectory.steps[step].outcome.observation.text })
      guard outcomes.count == 1 else {
        partByOutcome(going, after: step)
        return
      }
      attempts = going
      step += 1
    }
  }

  /// The same answer may have had different outcomes.
  private mutating func partByOutcome(_ attempts: [ExportedTrajectory], after step: Int) {
    var outcomes: [String: [ExportedTrajectory]] = [:]
    for attempt in attempts {
      outcomes[attempt.trajectory.steps[step].outcome.observation.text, default: []].append(attempt)
    }
    for (_, group) in outcomes.sorted(by: { $0.key < $1.key }) { part(group, at: step + 1) }
  }

  private mutating func pair(_ branches: [[ExportedTrajectory]], at step: Int) {
    func rewards(_ branch: [ExportedTrajectory]) -> [Double] { branch.compactMap(\.reward) }
    func mean(_ branch: [ExportedTrajectory]) -> Double {
      rewards(branch).reduce(0, +) / Double(max(branch.count, 1))
    }
    let sorted = branches.enumerated().sorted { (mean($0.element), $1.offset) > (mean($1.element), $0.offset) }
      .map(\.element)
    for place in 0..<(sorted.count / 2) {
      let (good, bad) = (sorted[place], sorted[sorted.count - 1 - place])
      let best = good.max { ($0.reward ?? 0) < ($1.reward ?? 0) }
      let worst = bad.min { ($0.reward ?? 0) < ($1.reward ?? 0) }
      guard let best, let worst, mean(good) > mean(bad), (best.reward ?? 0) > (worst.reward ?? 0) else { continue }
      pairs.append(Pair(better: best, worse: worst, step: step))
    }
  }
}

extension ExportedTrajectory {
  /// What the model was shown at a step, and the messages from its answer on as far as one conversation shows them.
  fileprivate func parted(
    at step: Int, _ nextMessageOnly: Bool
  ) -> (prompt: [OrderedJSON], rest: [OrderedJSON])? {
    let shown = conversations.first { $0.places[step] != nil }
    guard let shown, let place = shown.places[step] else { return nil }
    let prompt = prompts[step]?.messages ?? Array(shown.messages[..<place])
    return (prompt, nextMessageOnly ? [shown.messages[place]] : Array(shown.messages[place...]))
  }
}
