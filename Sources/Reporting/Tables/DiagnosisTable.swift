import Agents
import Findings
import Steering

/// A readable diagnosis: the rollouts, the best of several of them, how early the final reward can be predicted, and
/// advice. At most 100 columns wide.
package struct DiagnosisTable: Sendable, Hashable {
  /// The rollouts and how they differ within tasks.
  package let rollouts: TextTable
  /// The best of k rollouts, a row for each k.
  package let headroom: TextTable
  /// How well the final reward can be predicted, a row for each step, or for some steps if there are many. Without rows
  /// if all rollouts of each task are alike or no prediction was made.
  package let predictability: TextTable
  /// The meaning of the tables, one paragraph each.
  package let sentences: [String]
  /// A short recommendation.
  package let advice: String
  /// The numbers behind the recommendation.
  package let because: String

  /// - Parameters:
  ///   - predictor: the name of the predictor; nil if only the reward so far was used.
  ///   - failed: failed attempts, which are not among the rollouts.
  package init(
    _ diagnosis: Diagnosis, predictedBy predictor: String? = nil, failedAttempts failed: FailedAttempts = .none
  ) {
    rollouts = Self.rollouts(diagnosis, failedAttempts: failed)
    headroom = Self.headroom(diagnosis)
    predictability = Self.predictability(diagnosis.predictability)
    let predicted = predictor.map { "The reward at the end is predicted by \($0)." }
    let isUncertain = failed.count > diagnosis.rollouts
    let failures = [
      isUncertain ? "More attempts failed than were finished; the finished ones may not be typical." : nil
    ]
    sentences = (failed.sentences + failures.compactMap(\.self) + diagnosis.sentences + [predicted].compactMap(\.self))
      .map { visible($0) }
    advice = diagnosis.advice.title
    because = visible(diagnosis.because)
  }

  package var tables: [TextTable] {
    [rollouts, headroom] + (predictability.rows.isEmpty ? [] : [predictability])
  }

  /// - Parameter width: the width in characters at which sentences are wrapped.
  package func text(width: Int = 100) -> String {
    let paragraphs = sentences + ["Advice: \(advice). \(because)"]
    return (tables.map(\.text) + paragraphs.map { wrapped($0, width: width).joined(separator: "\n") })
      .joined(separator: "\n\n")
  }

  package var markdown: String {
    (tables.map(\.markdown) + sentences.map(markdownEscaped)
      + ["**\(markdownEscaped("Advice: \(advice)."))** \(markdownEscaped(because))"]).joined(separator: "\n\n")
  }
}

extension DiagnosisTable {
  private static func rollouts(_ diagnosis: Diagnosis, failedAttempts failed: FailedAttempts) -> TextTable {
    var table = TextTable(
      title: "\(counted(diagnosis.rollouts, "rollout")) of \(counted(diagnosis.tasks, "task"))"
        + " (± one standard error over tasks)",
      columns: [.left("figure"), .right("value")])
    func row(_ name: String, _ value: String) { table.append([name, value]) }
    let each = diagnosis.rolloutsPerTask
    row("rollouts per task (least, mean, most)", "\(each.least), \(Format.number(each.mean, digits: 1)), \(each.most)")
    if diagnosis.leftOut > 0 { row("left out, unfinished", Format.count(diagnosis.leftOut)) }
    if failed.count > 0 { row("left out, failed", Format.count(failed.count)) }
    row("mean reward", diagnosis.reward.text(overTasks: diagnosis.tasks))
    row("steps of a rollout", diagnosis.length.text(overTasks: diagnosis.tasks, digits: 1))
    row("steps that pay nothing", percent(diagnosis.unpaidSteps, tasks: diagnosis.tasks))
    let variation = diagnosis.variation
    if let within = variation.withinTasks, let deviation = variation.deviation {
      row("variance of the reward within a task", within.text(overTasks: variation.tasks, digits: 4))
      row("its square root", Format.number(deviation))
      row(
        "share of the variance that is within tasks",
        variation.shareWithinTasks.map { "\(Format.number($0 * 100, digits: 0)) %" } ?? "–")
    }
    let outcomes = diagnosis.outcomes
    func row(_ name: String, _ part: Diagnosis.Outcomes.Part) {
      row(
        name,
        "\(Format.count(part.tasks)) of \(Format.count(outcomes.tasks)), \(percent(part.share, tasks: outcomes.tasks))")
    }
    if outcomes.tasks > 0 {
      row("tasks whose rollouts all end alike", outcomes.endsAlike)
      row("tasks always solved", outcomes.alwaysSolved)
      row("tasks solved by some", outcomes.mixed)
      row("tasks never solved", outcomes.neverSolved)
      let paths = diagnosis.paths
      row("different trajectories of a task's rollouts", percent(paths.distinct, tasks: paths.tasks))
      row("pairs of a task that never part", percent(paths.neverPart, tasks: paths.tasks))
      if let parting = paths.parting, let quartiles = paths.quartiles {
        row(
          "step at which pairs part (quartiles)",
          "\(parting.text(overTasks: paths.tasks, digits: 1)) (\(quartiles.map(String.init).joined(separator: ", ")))")
      }
    }
    return table
  }

  private static func headroom(_ diagnosis: Diagnosis) -> TextTable {
    let headroom = diagnosis.headroom
    var table = TextTable(
      title: "The best of k independent rollouts, had a verifier chosen",
      columns: [.right("k"), .right("tasks"), .right("left out"), .right("solved (pass@k)"), .right("best reward")])
    for (pass, best) in zip(headroom.pass, headroom.best) {
      table.append([
        Format.count(pass.x), Format.count(pass.tasks), Format.count(diagnosis.tasks - pass.tasks),
        pass.estimate.text(overTasks: pass.tasks), best.estimate.text(overTasks: best.tasks),
      ])
    }
    return table
  }

  private static func predictability(_ figures: Diagnosis.Predictability) -> TextTable {
    let predictor =
      switch figures.predictor {
      case .critic: "a critic that never saw the task"
      case .rewardSoFar: "the reward so far alone"
      }
    var table = TextTable(
      title: "How well the reward at the end is told by \(predictor)",
      columns: [
        .right("after step"), .right("rollouts"), .right("R² in task"), .right("Spearman in task"),
        .right("AUC in task"), .right("R²"), .right("Spearman"), .right("AUC"),
      ])
    let steps = figures.curve.isEmpty ? [] : thinned(figures.steps, to: 12)
    for figure in steps {
      func text(_ estimate: MeanEstimate?) -> String {
        estimate?.text(overTasks: figure.tasks, digits: 2) ?? "–"
      }
      func text(_ number: Double?) -> String { number.map { Format.number($0, digits: 2) } ?? "–" }
      table.append([
        "\(figure.step)", Format.count(figure.rollouts), text(figure.rSquared), text(figure.spearman),
        text(figure.auc), text(figure.overall.rSquared), text(figure.overall.spearman), text(figure.overall.auc),
      ])
    }
    return table
  }

  /// At most this many elements, evenly spaced, including the first and the last.
  private static func thinned<Element>(_ elements: [Element], to most: Int) -> [Element] {
    guard elements.count > most else { return elements }
    return (0..<most).map { elements[($0 * (elements.count - 1) + (most - 1) / 2) / (most - 1)] }
  }
}

/// "56 ± 7 %".
func percent(_ share: MeanEstimate, tasks: Int) -> String {
  MeanEstimate(mean: share.mean * 100, se: share.se * 100).text(overTasks: tasks, digits: 0) + " %"
}
