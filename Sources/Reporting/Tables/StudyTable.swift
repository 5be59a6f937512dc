import Findings
import Steering

/// A study as tables and text. At most 120 columns wide.
package struct StudyTable: Sendable, Hashable {
  /// Models by single attempts, best-of-N and steering by N, costs, and tokens.
  package let tables: [TextTable]
  /// The conclusions, one sentence each.
  package let lines: [String]

  package init(_ findings: StudyFindings) {
    tables = [
      Self.models(findings), Self.attempts(findings), Self.steered(findings), Self.work(findings),
    ].compactMap(\.self)
    lines = Self.words(findings).map { visible($0) }
  }

  package var text: String { (tables.map(\.text) + [lines.joined(separator: "\n")]).joined(separator: "\n\n") }

  private static func models(_ findings: StudyFindings) -> TextTable? {
    guard !findings.models.isEmpty else { return nil }
    var table = TextTable(
      title: "A single attempt at \(counted(findings.models[0].sample.rows.count, "held-out task")) "
        + "(± one standard error over tasks; differences to the base paired)",
      columns: [.left("model")]
        + ["attempts", "reward", "− base", "95 % interval", "pass rate", "− base", "95 % interval"]
        .map(TextTable.Column.right))
    for model in findings.models {
      let tasks = model.sample.rows.count
      func difference(_ paired: PairedEstimate?) -> [String] {
        [paired.map { $0.estimate.text(overTasks: $0.tasks, signed: true) } ?? "–", intervalText(paired?.interval)]
      }
      table.append(
        [model.name, Format.count(model.sample.attempts), model.reward.text(overTasks: tasks)]
          + difference(model.rewardDifference) + [model.passRate.text(overTasks: tasks)]
          + difference(model.passDifference))
    }
    return table
  }

  private static func attempts(_ findings: StudyFindings) -> TextTable? {
    let counts = findings.models.flatMap { $0.bestOf.map(\.attempts) + $0.passAtK.map(\.attempts) }
    let columns = Set(counts).sorted()
    guard !columns.isEmpty else { return nil }
    var table = TextTable(
      title: "Independent attempts: the best of N by the true reward, and pass@k (unbiased, ± one standard error)",
      columns: [.right("N")]
        + findings.models.flatMap { [TextTable.Column.right("\($0.name) best"), .right("pass@N")] })
    for count in columns {
      table.append(
        [Format.count(count)]
          + findings.models.flatMap { model in
            [model.bestOf, model.passAtK].map { curve in
              curve.first { $0.attempts == count }?.estimate.text(overTasks: model.sample.rows.count) ?? "–"
            }
          })
    }
    return table
  }

  private static func steered(_ findings: StudyFindings) -> TextTable? {
    guard !findings.steered.isEmpty else { return nil }
    var table = TextTable(
      title: "Steered: N particles (± one standard error over tasks)",
      columns: [.left("model"), .right("N"), .left("resampling"), .right("posterior mean"), .right("selected")]
        + ["best", "calls a task", "tokens a task", "CPU s a task"].map(TextTable.Column.right))
    for row in findings.steered {
      let schedule =
        row.resample == "none"
        ? "–" : "\(SVG.fitted(row.resample, width: 170, fontSize: 10)) β \(Format.short(row.temperature))"
      table.append([
        row.model, Format.count(row.particles), schedule, row.weighted.text(overTasks: row.tasks),
        row.selected.text(overTasks: row.tasks), row.best.text(overTasks: row.tasks),
        Format.number(row.callsPerTask, digits: 1), Format.count(Int(row.tokensPerTask.rounded())),
        row.work.processorSeconds.map { Format.number($0 / Double(max(row.tasks, 1)), digits: 2) } ?? "shared",
      ])
    }
    return table
  }

  private static func work(_ findings: StudyFindings) -> TextTable? {
    let parts =
      findings.preparations.map { ("make \($0.name)", $0.work) }
      + findings.models.map { ("attempts of \($0.name)", $0.work) }
    guard !parts.isEmpty else { return nil }
    var table = TextTable(
      title: "What it took",
      columns: [.left("part")]
        + ["calls", "tokens in", "(cached)", "out", "scored", "trained on", "CPU time"].map(TextTable.Column.right))
    for (name, work) in parts {
      table.append([
        name, Format.count(work.calls), Format.count(work.inputTokens), "(\(Format.count(work.cachedInputTokens)))",
        Format.count(work.outputTokens), Format.count(work.scoredTokens), Format.count(work.trainedTokens),
        work.processorSeconds.map { Format.duration(seconds: $0) } ?? "–",
      ])
    }
    return table
  }
}
