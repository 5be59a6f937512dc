import Agents
import Findings
import Steering

/// A comparison of methods: rewards, costs and paired differences. Usually at most 120 columns wide. If methods occur
/// with several settings, a table with a line per variant replaces the tables of rewards and costs.
package struct ComparisonTable: Sendable, Hashable {
  /// Rewards, then costs.
  package let tables: [TextTable]
  /// Paired differences, and remarks on the reliability of rows.
  package let lines: [String]

  /// A table of several methods.
  package init(_ comparison: Comparison) {
    let points = comparison.study.map { study in
      Self.points(
        comparison.points ?? [], of: study, tasks: comparison.methods.map(\.tasksWithReward).min() ?? 0)
    }
    let seeds = comparison.methods.map(\.seeds).max { $0.count < $1.count } ?? []
    let isUneven = comparison.methods.contains { $0.seeds != seeds }
    let averaged =
      seeds.count > 1
      ? [
        "a task's figures are means over the seeds \(seeds.map(String.init).joined(separator: ", "))"
          + (isUneven ? ", or over those of them that a variant was run with" : "")
      ] : []
    guard comparison.hasVariants || points != nil else {
      tables = [Self.rewards(comparison.methods), Self.costs(comparison.methods, total: comparison.total)]
      lines =
        comparison.differences.map(Self.line) + averaged
        + comparison.methods.flatMap { Self.remarks($0, named: $0.method) }
      return
    }
    // A cost study compares policies by money, so the table of variants is left out.
    tables = (points.map { [$0] } ?? []) + (comparison.study == .cost ? [] : [Self.variants(comparison)])
    lines = averaged + Self.variantRemarks(comparison)
  }

  /// A table of one method, with a line for each figure.
  package init(_ summary: MethodSummary) {
    let tasks = summary.tasksWithReward
    var table = TextTable(
      title: "\(summary.method), \(tasksText(summary)) \(summary.tasks == 1 ? "task" : "tasks") (± one standard error)",
      columns: [.left("figure"), .right("value")])
    func row(_ name: String, _ value: String) { table.append([name, value]) }
    row("particles (N)", Format.count(summary.particles))
    if let keep = summary.keep { row("kept by a beam", Format.count(keep)) }
    row("resampling", resampling(summary))
    if let solved = summary.solvedBest { row("solved", solved.text(overTasks: tasks)) }
    row("best reward", summary.rewardBest.text(overTasks: tasks))
    row("mean over particles", summary.rewardMean.text(overTasks: tasks))
    row("weighted mean", summary.rewardWeighted.text(overTasks: tasks))
    row("selected by \(summary.rewardSelected.by)", summary.rewardSelected.estimate.text(overTasks: tasks))
    if summary.failedAttempts.count > 0 { row("failed attempts", Format.count(summary.failedAttempts.count)) }
    row("soft value of the start", summary.softValue.text(overTasks: tasks))
    row("policy calls", Format.count(summary.policyCalls))
    row("critic calls", Format.count(summary.criticCalls))
    let about = Format.about(summary.estimatedTokens)
    row("tokens in", about + Format.count(summary.inputTokens))
    row("of these cached", Format.count(summary.cachedInputTokens))
    if summary.savedInputTokens > 0 { row("saved by asking once", Self.saved(summary)) }
    row("tokens out", about + Format.count(summary.outputTokens))
    if summary.reasoningTokens > 0 { row("of these reasoning", Format.count(summary.reasoningTokens)) }
    if summary.cost != 0 { row("cost", about + Format.money(summary.cost)) }
    row("resamplings", Format.count(summary.resamplings))
    row("forks", Format.count(summary.forks))
    row("wall time", Format.duration(seconds: summary.wallSeconds))
    row("critical path", Format.duration(seconds: summary.criticalPathSeconds))
    tables = [table]
    lines = Self.remarks(summary, named: summary.method)
  }

  package var text: String { joined(tables.map(\.text), lines: lines, bullet: "") }
  package var markdown: String { joined(tables.map(\.markdown), lines: lines.map(markdownEscaped), bullet: "- ") }

  private func joined(_ tables: [String], lines: [String], bullet: String) -> String {
    (tables + (lines.isEmpty ? [] : [lines.map { bullet + $0 }.joined(separator: "\n")])).joined(separator: "\n\n")
  }
}

extension ComparisonTable {
  private static func rewards(_ methods: [MethodSummary]) -> TextTable {
    let hasSolved = methods.contains { $0.solvedBest != nil }
    var table = TextTable(
      title: "Rewards (± one standard error over tasks)",
      columns: [.left("method"), .right("N"), .right("tasks")] + (hasSolved ? [.right("solved")] : [])
        + ["best reward", "mean over particles", "weighted mean", "selected (by)"].map(TextTable.Column.right))
    for method in methods {
      func text(_ estimate: MeanEstimate?) -> String { estimate?.text(overTasks: method.tasksWithReward) ?? "–" }
      table.append(
        [method.method, Format.count(method.particles), tasksText(method)]
          + (hasSolved ? [text(method.solvedBest)] : [])
          + [text(method.rewardBest), text(method.rewardMean), text(method.rewardWeighted)]
          + ["\(text(method.rewardSelected.estimate)) (\(method.rewardSelected.by))"])
    }
    return table
  }

  private static func costs(_ methods: [MethodSummary], total: Comparison.Total?) -> TextTable {
    let hasCost = methods.contains { $0.cost != 0 }
    let hasSaved = methods.contains { $0.savedInputTokens > 0 }
    let hasReasoning = methods.contains { $0.reasoningTokens > 0 }
    var table = TextTable(
      title: "Costs",
      columns: [.left("method"), .left("resampling")] + ["calls", "tokens in", "(cached)"].map(TextTable.Column.right)
        + (hasSaved ? [.right("saved")] : []) + [.right("tokens out")] + (hasReasoning ? [.right("(reasoning)")] : [])
        + (hasCost ? [.right("cost")] : []) + [.right("wall time")])
    func row(
      _ name: String, _ resampling: String, calls: Int, input: Int, cached: Int, saved: Int, output: Int,
      reasoning: Int, estimated: Int?, cost: Double, wall: String
    ) -> [String] {
      let about = Format.about(estimated)
      return [name, resampling, Format.count(calls), about + Format.count(input), "(\(Format.count(cached)))"]
        + (hasSaved ? [Format.count(saved)] : []) + [about + Format.count(output)]
        + (hasReasoning ? ["(\(Format.count(reasoning)))"] : []) + (hasCost ? [about + Format.money(cost)] : [])
        + [wall]
    }
    for method in methods {
      table.append(
        row(
          method.method, resampling(method), calls: method.policyCalls, input: method.inputTokens,
          cached: method.cachedInputTokens, saved: method.savedInputTokens, output: method.outputTokens,
          reasoning: method.reasoningTokens, estimated: method.estimatedTokens, cost: method.cost,
          wall: Format.duration(seconds: method.wallSeconds)))
    }
    if let total {
      table.append(
        row(
          "all, each answer once", "", calls: total.policyCalls, input: total.inputTokens,
          cached: total.cachedInputTokens, saved: total.savedInputTokens, output: total.outputTokens,
          reasoning: total.reasoningTokens, estimated: total.estimatedTokens, cost: total.cost, wall: ""))
    }
    return table
  }

  /// "1,234 (56 %)". The share is of the input and the saved input together.
  private static func saved(_ summary: MethodSummary) -> String {
    let share = Usage(inputTokens: summary.inputTokens, savedInputTokens: summary.savedInputTokens).savedShare
    return "\(Format.count(summary.savedInputTokens)) (\(Format.number(share * 100, digits: 0)) %)"
  }

  private static func line(_ difference: Comparison.Difference) -> String {
    let pair = visible("\(difference.method) − \(difference.against)")
    guard difference.tasks > 0 else { return "\(pair): no task in common" }
    func text(_ name: String, _ estimate: MeanEstimate) -> String {
      // Two decimals, or three if the standard error would otherwise read 0.00.
      let digits = estimate.se > 0 && estimate.se < 0.01 ? 3 : 2
      return "\(name) \(estimate.text(overTasks: difference.tasks, digits: digits, signed: true))"
    }
    let parts =
      (difference.solvedBest.map { [text("solved", $0)] } ?? [])
      + [text("best", difference.rewardBest), text("mean", difference.rewardMean)]
    return "\(pair), paired over \(counted(difference.tasks, "task")): \(parts.joined(separator: ", "))"
  }

  /// - Parameter isBrief: leaves out remarks that apply to most runs.
  static func remarks(_ summary: MethodSummary, named name: String, isBrief: Bool = false) -> [String] {
    var remarks: [String] = []
    if let reason = summary.stopped { remarks.append("stopped early: \(reason)") }
    if summary.searchesStopped > 0 {
      remarks.append(
        "\(counted(summary.searchesStopped, "task")) stopped at the maximal reward, with unfinished particles in the means"
      )
    }
    if summary.storedCalls > 0, !isBrief {
      remarks.append(
        "\(Format.count(summary.storedCalls)) of its calls were read from the store, which its wall time leaves out")
    }
    if summary.savedInputTokens > 0, !isBrief {
      remarks.append("identical prompts were sent once, which saved \(saved(summary)) of its input tokens")
    }
    if let estimated = summary.estimatedTokens {
      remarks.append(
        "\(Format.count(estimated)) of its tokens, and what they cost, are estimated from the text: the server reports no usage"
      )
    }
    if let count = summary.cutOffAnswers {
      remarks.append(
        """
        \(Format.count(count)) of \(Format.count(summary.policyCalls)) answers were cut off at the maximal length and \
        used as they were: raise policy.maxTokens
        """)
    }
    if summary.failedAttempts.count > 0 {
      let tasks = summary.failedAttempts.tasks
      remarks.append(
        "\(counted(summary.failedAttempts.count, "attempt")) failed and "
          + "\(summary.failedAttempts.count == 1 ? "is" : "are") left out of all means"
          + (tasks > 0 ? "; \(counted(tasks, "task")) without a reward" : ""))
      remarks += isBrief ? Array(summary.failedAttempts.sentences.prefix(1)) : summary.failedAttempts.sentences
    }
    if summary.replayMismatches > 0 {
      remarks.append(
        "\(counted(summary.replayMismatches, "replayed observation")) differed in text from the recorded ones")
    }
    return remarks.map { visible("\(name): \($0)") }
  }
}

/// The schedule and β, or "–" without resampling.
func resampling(_ summary: MethodSummary) -> String {
  if summary.resample == "none" { return "–" }
  let longest = 24
  var schedule = summary.resample
  if schedule.count > longest {
    let start = schedule.prefix(longest - 1)
    // A truncated number would read as a different number.
    schedule = start[..<(start.lastIndex(of: ",").map(start.index(after:)) ?? start.endIndex)] + "…"
  }
  return "\(schedule) β \(Format.short(summary.temperature))"
}

/// "48", or "46 of 48" if all attempts at the other tasks failed.
func tasksText(_ summary: MethodSummary) -> String {
  let all = Format.count(summary.tasks)
  return summary.failedAttempts.tasks > 0 ? "\(Format.count(summary.tasksWithReward)) of \(all)" : all
}

func counted(_ count: Int, _ noun: String) -> String {
  "\(Format.count(count)) \(noun)\(count == 1 ? "" : "s")"
}
