import Agents
import Foundation
import OpenWeights
import Reporting
import Synchronization

/// The data, settings and result of a training.
package struct SharpenReport: Encodable {
  /// The tokens and rollouts above one threshold.
  package struct Threshold: Encodable {
    package let threshold: Double
    /// The number of drawn tokens above the threshold, and of all drawn tokens.
    package let decisions: Int
    package let tokens: Int
    /// The number of rollouts with a decision.
    package let rollouts: Int

    package init(_ lessons: [Lesson], _ method: ReasonMaxxer) {
      threshold = method.threshold
      decisions = lessons.reduce(0) { sum, lesson in
        sum + lesson.entropies.reduce(0) { $0 + $1.count { Double($0) > method.threshold } }
      }
      tokens = lessons.reduce(0) { $0 + $1.rollout.drawn }
      rollouts = method.order(lessons).count
    }
  }

  package let method: String
  package let model: String
  package let policy: String
  package let adapter: String
  package let isDryRun: Bool
  package var problems = 0
  package var rollouts = 0
  package var tokens = 0
  package var tooEasy: Int?
  package var tooHard: Int?
  package var tooFew: Int?
  package var trimmed: Int?
  package var passRates: [Double] = []
  package var thresholds: [Threshold] = []
  package var threshold: Double?
  package var steps: Int?
  package var best: Int?
  package var heldOut: [HeldOutScore] = []
  package var log: [TrainingStep] = []
  package var spent = Spent()
  /// The cost of attempts at held-out tasks, at every threshold tried.
  package var looked = Spent()
  /// Tokens of forward passes, and of forward and backward passes, at every threshold tried. Shared beginnings are
  /// counted for each text, although they are computed once.
  package var scoredTokens = 0
  package var trainedTokens = 0
  package var seconds: Double?

  package init(method: String, model: String, policy: String, adapter: String, isDryRun: Bool) {
    self.method = method
    self.model = model
    self.policy = policy
    self.adapter = adapter
    self.isDryRun = isDryRun
  }

  package mutating func count(_ selection: ProblemSelection, of rollouts: Int) {
    problems = selection.problems.count
    self.rollouts = selection.problems.reduce(0) { $0 + $1.rollouts.count }
    tokens = selection.problems.reduce(0) { sum, problem in sum + problem.rollouts.reduce(0) { $0 + $1.drawn } }
    tooEasy = selection.tooEasy
    tooHard = selection.tooHard
    tooFew = selection.tooFew
    trimmed = selection.trimmed
    passRates = selection.problems.map(\.passRate)
  }

  /// Adds the cost of one training.
  package mutating func count(_ outcome: Sharpener.Outcome) {
    looked += outcome.looked
    seconds = (seconds ?? 0) + outcome.seconds
    trainedTokens += outcome.log.reduce(0) { $0 + $1.tokens }
  }

  package mutating func finish(_ outcome: Sharpener.Outcome) {
    steps = outcome.log.count
    best = outcome.best
    heldOut = outcome.scores
    log = outcome.log
    spent = outcome.spent
  }

  package var text: String {
    var lines: [String] = []
    if let tooEasy, let tooHard, let tooFew, let trimmed {
      let mean = passRates.isEmpty ? 0 : passRates.reduce(0, +) / Double(passRates.count)
      lines.append(
        "\(problems) problems with both outcomes (mean pass rate \(Format.number(mean))), \(rollouts) rollouts, "
          + "\(Format.count(tokens)) drawn tokens; left out: \(tooEasy) tasks where all attempts pass, \(tooHard) "
          + "where none passes, \(tooFew) with one attempt, and the \(trimmed) longest rollouts.")
      var table = TextTable(
        title: "Decisions by threshold",
        columns: [.right("τ, nats"), .right("decisions"), .right("of tokens"), .right("rollouts")])
      for threshold in thresholds {
        table.append([
          Format.number(threshold.threshold), Format.count(threshold.decisions),
          Format.number(Double(threshold.decisions) / Double(max(threshold.tokens, 1)) * 100, digits: 1) + " %",
          "\(threshold.rollouts)",
        ])
      }
      lines.append(table.text)
    } else if rollouts > 0 {
      lines.append("\(rollouts) successful rollouts of \(problems) tasks, \(Format.count(tokens)) drawn tokens.")
    } else {
      lines.append("\(problems) tasks to make attempts at.")
    }
    if isDryRun { return (lines + ["Nothing was trained (--dry-run)."]).joined(separator: "\n") }
    if !heldOut.isEmpty {
      var table = TextTable(
        title: "Held-out tasks", columns: [.right("after step"), .right("pass"), .right("± SE"), .right("reward")])
      for score in heldOut {
        table.append([
          "\(score.step)" + (score.step == best ? " *" : ""), Format.number(score.pass), Format.number(score.passSE),
          Format.number(score.reward),
        ])
      }
      lines.append(table.text)
    }
    if let threshold { lines.append("Threshold: \(Format.number(threshold)) nats.") }
    if let steps, let best, let seconds {
      let pace = log.isEmpty ? 0 : log.reduce(0) { $0 + $1.seconds } / Double(log.count)
      let peak = log.map(\.peakMemory).max() ?? 0
      lines.append(
        "\(steps) steps of \(Format.number(pace, digits: 1)) s, \(Format.number(Double(peak) / 1e9, digits: 2)) GB of tensors at most, "
          + "\(Format.duration(seconds: seconds)) in all"
          + (spent.calls > 0 ? ", \(Format.count(spent.calls)) model calls of its own" : "") + ". Kept: step \(best)."
      )
      let silent = log.count { $0.isSilent == true }
      if silent > 0 {
        lines.append(
          """
          \(silent) of these steps had nothing to learn: all attempts at each of their tasks ended alike. To make \
          them differ, use more attempts (--group), easier or harder tasks, or a higher temperature.
          """)
      }
      lines.append("Written to \(adapter); use it with policy.adapter: \"\(adapter)\".")
    }
    return lines.joined(separator: "\n")
  }
}

/// Reports a training to an observer: loss, gradient, memory and scores on held-out tasks.
package final class TrainingProgress: Sendable {
  private let title: String
  private let observer: any WorkObserver
  private let line = Mutex((any StepProgress)?.none)
  private let label = Mutex("")

  package init(_ title: String, observer: any WorkObserver) {
    self.title = title
    self.observer = observer
  }

  package func begin(_ label: String = "") {
    self.label.withLock { $0 = label }
    line.withLock { $0 = nil }
  }

  package func note(_ event: Sharpener.Event) {
    switch event {
    case .step(let step, let total):
      let steps = line.withLock { line in
        let steps =
          line
          ?? observer.begin(
            [title, label.withLock(\.self)].filter { !$0.isEmpty }.joined(separator: " "), steps: total,
            unit: "steps")
        line = steps
        return steps
      }
      steps.update(step.step, step.line)
    case .score(let score):
      observer.note(
        "held out after \(score.step) steps: pass \(Format.number(score.pass)) ± \(Format.number(score.passSE)), reward \(Format.number(score.reward)) (\(score.tasks) tasks × \(score.attempts))"
      )
    case .anew:
      observer.note("The folder held a training on other rollouts or with other settings: training starts again.")
    }
  }
}

extension TrainingStep {
  /// The figures of a step in one line.
  package var line: String {
    [
      "loss \(Format.number(loss))", "|g| \(Format.number(norm))",
      "\(Format.number(seconds, digits: 1)) s  \(Format.number(Double(peakMemory) / 1e9, digits: 1)) GB",
    ].joined(separator: "  ")
  }
}
