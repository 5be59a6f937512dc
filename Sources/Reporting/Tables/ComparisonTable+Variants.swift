import Findings
import Steering

extension Comparison {
  /// Whether a method occurs with several settings, so that its name is ambiguous.
  var hasVariants: Bool { Set(methods.map(\.method)).count < methods.count }
}

extension MethodSummary {
  /// "amc", or "beam k 2".
  var methodName: String { method + (keep.map { " k \($0)" } ?? "") + (budget.map { " \($0) calls" } ?? "") }

  /// The method with all its settings: "amc N 8, steps:1,2 β 0.1".
  var variantName: String {
    let schedule = resampling(self)
    let name = "\(methodName) N \(Format.count(particles))" + (schedule == "–" ? "" : ", \(schedule)")
    return name + (policy.map { ", \($0)" } ?? "")
  }
}

extension ComparisonTable {
  /// One line per variant, ordered by N, with its rewards and its gain over as many independent attempts.
  static func variants(_ comparison: Comparison) -> TextTable {
    let hasSolved = comparison.methods.contains { $0.solvedBest != nil }
    var table = TextTable(
      title:
        "Rewards (± one standard error over tasks), and the paired gain over best-of-N with its 95 % interval (1.96·SE)",
      columns: [.right("N"), .left("method"), .left("resampling")] + (hasSolved ? [.right("solved")] : [])
        + ["best reward", "gain", "interval"].map(TextTable.Column.right))
    var last: Int?
    for (_, summary) in comparison.methods.enumerated().sorted(by: {
      ($0.element.particles, $0.offset) < ($1.element.particles, $1.offset)
    }) {
      func text(_ estimate: MeanEstimate?) -> String { estimate?.text(overTasks: summary.tasksWithReward) ?? "–" }
      let gain = comparison.differences.first { $0.against == Method.bestOf.rawValue && $0.isOf(summary) }
      let interval = gain?.interval?.rewardBest
      table.append(
        [summary.particles == last ? "" : Format.count(summary.particles), summary.methodName, resampling(summary)]
          + (hasSolved ? [text(summary.solvedBest)] : [])
          + [
            text(summary.rewardBest),
            gain.map { $0.rewardBest.text(overTasks: $0.tasks, signed: true) } ?? "–",
            interval.map {
              "[\(Format.number($0.low, signed: true)), \(Format.number($0.high, signed: true))]"
            } ?? "–",
          ])
      last = summary.particles
    }
    return table
  }

  /// The points of a study as a table.
  static func points(_ points: [Comparison.Point], of study: Comparison.Study, tasks: Int) -> TextTable {
    let hasCost = points.contains { $0.costPerTask != 0 }
    let digits = points.contains { $0.callsPerTask != $0.callsPerTask.rounded() } ? 1 : 0
    var table = TextTable(
      title: study == .scaling
        ? "Best reward against N" : "Best reward against \(study == .calls ? "model calls" : "money") per task",
      columns: [.left(study == .cost ? "method, policy" : "method"), .right("N"), .right("best reward")]
        + [.right("calls per task")] + (hasCost ? [.right("cost per task")] : []))
    for point in points {
      let longest = 60
      let label = point.label.count > longest ? point.label.prefix(longest - 1) + "…" : point.label
      table.append(
        [label, Format.count(point.particles), point.estimate.text(overTasks: tasks)]
          + [Format.number(point.callsPerTask, digits: digits)]
          + (hasCost ? [Format.money(point.costPerTask)] : []))
    }
    return table
  }

  /// The total cost, and remarks on single variants.
  static func variantRemarks(_ comparison: Comparison) -> [String] {
    let total = comparison.total.map { total in
      let about = Format.about(total.estimatedTokens)
      return "all together, each answer once: \(counted(total.policyCalls, "call")), "
        + "\(about)\(Format.count(total.inputTokens)) tokens in, \(about)\(Format.count(total.outputTokens)) out"
        + (total.cost != 0 ? ", cost \(about)\(Format.money(total.cost))" : "")
    }
    return (total.map { [$0] } ?? [])
      + comparison.methods.flatMap { remarks($0, named: $0.variantName, isBrief: true) }
  }
}

extension Comparison.Difference {
  /// Whether the difference is of this variant against another one.
  fileprivate func isOf(_ summary: MethodSummary) -> Bool {
    method == summary.method && particles == summary.particles && temperature == summary.temperature
      && resample == summary.resample && keep == summary.keep && policy == summary.policy && budget == summary.budget
  }
}
